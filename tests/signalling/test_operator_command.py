"""`kolapp queues notice|close|reopen`, against a store of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
from kolapp_queue.audit_stream import read_after
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.keys import POLICIES
from kolapp_queue.model import QueueRef
from kolapp_queue.policy_book import publish
from kolapp_queue.policy_file import parse
from kolapp_queue.store import QueueStore
from kolapp_signalling.audit_command import pseudonym
from kolapp_signalling.development import prepare
from kolapp_signalling.operator_command import ISSUER, _user, close, notice, reopen, until_of
from kolapp_signalling.process import StartRefused
from kolapp_signalling.setting_kinds import SIGNALLING
from kolapp_signalling.settings import Settings
from processes import run_kolapp
from store_people import join
from store_servers import embedded_store

T = TypeVar("T")
REF = QueueRef("clinic", "drop-in")
QUEUE = "clinic/drop-in"
ZONE = ZoneInfo("Europe/Stockholm")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of a server that runs with this data directory."""
    directory = tmp_path_factory.mktemp("data")
    with embedded_store(directory / "store"):
        yield prepare(Settings(data_dir=directory), SIGNALLING)


def with_store(settings: Settings, act: Callable[[QueueStore], Awaitable[T]]) -> T:
    async def run() -> T:
        store = await QueueStore.connect(
            EmbeddedStore(settings.data_dir / "store").url, settings.queue
        )
        try:
            return await act(store)
        finally:
            await store.close()

    return asyncio.run(run())


def test_a_word_to_who_waits_and_back(running: Settings) -> None:
    assert notice(running, QUEUE, "Late.") == f"{QUEUE} is open. 0 wait and read: Late."
    with_store(running, lambda store: join(store, REF, "anna"))
    said = close(running, QUEUE, "", False, "A pipe has burst.")
    assert said == (
        f"{QUEUE} is closed early until reopened, serving who waits. 1 wait and read: "
        "A pipe has burst. Late."
    )
    assert notice(running, QUEUE, "").endswith("1 wait and read: A pipe has burst.")
    assert reopen(running, QUEUE) == f"{QUEUE} is open. 1 wait."


def test_a_queue_that_is_configured_no_more_while_somebody_is_in_it(running: Settings) -> None:
    left, queue = QueueRef("clinic", "left"), "clinic/left"
    with_store(running, lambda store: publish(store, parse("[queues.clinic.drop-in]", "file")))
    try:
        with pytest.raises(StartRefused, match=r"There is no clinic/left"):
            notice(running, queue, "Late.")
        with_store(running, lambda store: join(store, left, "anna"))
        said = f"{queue} is not configured any more. 1 wait and read: Late."
        assert notice(running, queue, "Late.") == said
        assert reopen(running, queue) == said
    finally:
        with_store(running, lambda store: store._link.do(lambda redis: redis.delete(POLICIES)))


def test_the_audit_knows_who_it_was(running: Settings) -> None:
    notice(running, QUEUE, "Later.")
    events = with_store(running, lambda store: read_after(store._link, REF, None)).entries
    orders = [entry.event for entry in events if entry.event["role"] == "operator"]
    assert {event["actor"] for event in orders} == {pseudonym(running, ISSUER, _user())}
    assert orders[-1]["reason"] == "Later."
    notice(running, QUEUE, "")


def test_closing_for_a_while(running: Settings) -> None:
    assert "closed early until 2127-01-15 08:00" in close(
        running, QUEUE, "2127-01-15T08:00", False, ""
    )
    # Around the clock no day ends.
    assert "closed early until reopened" in close(running, QUEUE, "", True, "")
    reopen(running, QUEUE)


@pytest.mark.parametrize(
    ("queue", "until", "word", "sentence"),
    [
        ("clinic/nowhere", "", "", "There is no clinic/nowhere"),
        ("drop-in", "", "", "name it as PROVIDER/QUEUE"),
        ("a}/b", "", "", "name it as PROVIDER/QUEUE"),
        (QUEUE, "later", "", "later is no time"),
        (QUEUE, "25:00", "", "25:00 is no time"),
        (QUEUE, "2020-01-01T08:00", "", "2020-01-01T08:00 is over"),
        (QUEUE, "", "x" * 501, "Nothing was said, because a word"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    running: Settings, queue: str, until: str, word: str, sentence: str
) -> None:
    with pytest.raises(StartRefused, match=sentence):
        close(running, queue, until, False, word)
    assert "open" in reopen(running, QUEUE)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def test_times_are_of_the_queues_clock() -> None:
    noon = ms("2027-01-15T12:00+01:00")
    assert until_of("17:00", ZONE, noon) == ms("2027-01-15T17:00+01:00")
    assert until_of("2027-07-01T08:00", ZONE, noon) == ms("2027-07-01T08:00+02:00")
    assert until_of("2027-01-15T12:00Z", ZONE, noon) == ms("2027-01-15T13:00+01:00")
    with pytest.raises(StartRefused, match="it is 2027-01-15 12:00 in Europe/Stockholm"):
        until_of("11:59", ZONE, noon)


def test_the_whole_way_as_an_operator_types_it(running: Settings) -> None:
    where = ("--data-dir", str(running.data_dir))
    done = run_kolapp("queues", "close", QUEUE, "--rest-of-day", "--word", "Sorry.", *where)
    assert (done.returncode, done.stderr) == (0, "")
    assert "and read: Sorry." in done.stdout
    done = run_kolapp("queues", "reopen", QUEUE, *where)
    assert done.stdout.startswith(f"{QUEUE} is open.")
    assert run_kolapp("queues", "notice", QUEUE, *where).returncode == 2
