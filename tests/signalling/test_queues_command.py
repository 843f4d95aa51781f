"""`kolapp queues`, against a store of its own: what is published concerns every provider."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
from kolapp_queue.bulletin import NOTHING_SAID, Bulletin, Closing
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.hours import parse_day
from kolapp_queue.model import ClinicianKey, Line, QueueRef
from kolapp_queue.policy import QueuePolicy
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from kolapp_signalling import cli
from kolapp_signalling.process import StartRefused
from kolapp_signalling.queues_command import check, describe, moment, show
from kolapp_signalling.queues_command import reload as publish
from kolapp_signalling.settings import Settings
from processes import run_kolapp
from store_people import join
from store_servers import embedded_store

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs/queues.example.toml"
DROP_IN = '[queues."*".drop-in]\n'
DOCTOR = "[queues.clinic.doctor]\n"
ZONE = ZoneInfo("Europe/Stockholm")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Settings]:
    """The settings of a server that runs with this data directory."""
    with embedded_store(tmp_path / "store"):
        yield Settings(data_dir=tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "queues.toml"
        path.write_text(text)
        return path

    return write


def with_store(settings: Settings, act: Callable[[QueueStore], Awaitable[T]]) -> T:
    async def run() -> T:
        store = await QueueStore.connect(
            EmbeddedStore(settings.data_dir / "store").url, QueueSettings()
        )
        try:
            return await act(store)
        finally:
            await store.close()

    return asyncio.run(run())


def rows(settings: Settings) -> list[list[str]]:
    """The table's cells, without its head."""
    head, *lines = show(settings).splitlines()
    edges = [head.index(name) for name in ("QUEUE", "STATE", "WAITING", "ON DUTY", "NOTICE")]
    ends = [*edges[1:], None]
    return [
        [line[begin:end].strip() for begin, end in zip(edges, ends, strict=True)] for line in lines
    ]


# check


def test_a_good_file_is_named_with_its_queues() -> None:
    assert check(EXAMPLE) == (
        f"{EXAMPLE} is good: 3 queues (north-clinic/doctor, north-clinic/nurse, "
        "south-clinic/youth)."
    )


def test_a_broken_file_is_refused_with_all_its_faults(file: Callable[[str], Path]) -> None:
    path = file("[queues.a.b]\nrign = 3\nundo = 4\n")
    with pytest.raises(StartRefused) as refused:
        check(path)
    first, second = str(refused.value).splitlines()
    assert first == f"{path}: queues.a.b.rign is unknown here; did you mean ring?"
    assert second.startswith(f"{path}: queues.a.b.undo is 4; it must be a time such as")


def test_the_commands_say_it_with_their_exit_code(
    file: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["queues", "check", str(EXAMPLE)]) == 0
    assert "3 queues" in capsys.readouterr().out
    assert cli.main(["queues", "check", str(file("queues = 3"))]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.endswith("queues is 3; it must be a table.\n")
    with pytest.raises(SystemExit) as end:
        cli.main(["queues"])
    assert end.value.code == 2


# reload


def test_reload_says_what_has_changed(running: Settings, file: Callable[[str], Path]) -> None:
    assert publish(running, file(DROP_IN + DOCTOR)) == (
        "Published as version 1; all nodes follow within a second. New: */drop-in, clinic/doctor."
    )
    nurse = DROP_IN + 'ring = "60 s"\n[queues.clinic.nurse]\n'
    assert publish(running, file(nurse)) == (
        "Published as version 2; all nodes follow within a second. "
        "New: clinic/nurse. Changed: */drop-in. Gone: clinic/doctor."
    )
    assert publish(running, file(nurse)) == "Nothing has changed: 2 queues, version 2."
    turned = '[queues.clinic.nurse]\n[queues."*".drop-in]\nring = "60 s"\n'
    assert publish(running, file(turned)).endswith("Only their order is new.")


def test_reload_takes_the_file_of_the_settings(
    running: Settings, file: Callable[[str], Path]
) -> None:
    with pytest.raises(StartRefused, match="Which file"):
        publish(running, None)
    settings = Settings(data_dir=running.data_dir, queues_file=file(DOCTOR))
    assert "New: clinic/doctor." in publish(settings, None)


def test_a_broken_file_never_replaces_a_good_one(
    running: Settings, file: Callable[[str], Path]
) -> None:
    publish(running, file(DOCTOR))
    with pytest.raises(StartRefused, match="unknown here"):
        publish(running, file(DOCTOR + "colour = 3"))
    assert with_store(running, QueueStore.policies_version) == 1


def test_a_queue_is_not_taken_away_under_those_who_wait(
    running: Settings, file: Callable[[str], Path]
) -> None:
    ref = QueueRef("clinic", "doctor")
    publish(running, file(DROP_IN + DOCTOR))
    ticket = with_store(running, lambda store: join(store, ref, "anna"))
    with pytest.raises(StartRefused, match="clinic/doctor is not in the file, but 1 wait there"):
        publish(running, file("[queues.other.nurse]"))
    # The queue of the same name of every provider takes its place.
    assert "New: */doctor." in publish(running, file('[queues."*".doctor]'))
    with_store(running, lambda store: store.leave(ref, ticket.id, ticket.patient))
    assert "Gone: */doctor." in publish(running, file(DROP_IN))


def test_what_a_newer_version_published_can_be_replaced(
    running: Settings, file: Callable[[str], Path]
) -> None:
    with_store(running, lambda store: store.publish_policies(b"\xc1", "newer"))
    with pytest.raises(StartRefused, match="newer version of Kolapp"):
        show(running)
    assert "Published as version 2" in publish(running, file(DROP_IN))


def test_nobody_answers(tmp_path: Path, file: Callable[[str], Path]) -> None:
    hasty = QueueSettings(command_timeout_ms=50)
    for settings in (
        Settings(data_dir=tmp_path, queue=hasty),
        Settings(store_url=f"unix://{tmp_path}/none.sock", queue=hasty),
    ):
        with pytest.raises(StartRefused, match="is Kolapp running"):
            show(settings)
        with pytest.raises(StartRefused, match="is Kolapp running"):
            publish(settings, file(DROP_IN))


# show


def test_every_queue_as_it_stands(running: Settings, file: Callable[[str], Path]) -> None:
    doctor, drop_in = QueueRef("clinic", "doctor"), QueueRef("other", "drop-in")
    publish(running, file(DROP_IN + DOCTOR + '[queues."*".nurse]\n'))

    async def fill(store: QueueStore) -> None:
        await join(store, drop_in, "anna")
        await join(store, drop_in, "bo")
        await store.set_duty("other", ClinicianKey("eva"), ["drop-in"])
        await store.set_notice(drop_in, "Half an\nhour late.", "op")
        await store.close_early(doctor, None, "The doctor is ill. " * 9, "op")
        await store.set_notice(doctor, "Try tomorrow.", "op")
        await join(store, QueueRef("other", "gone"), "cecilia")

    with_store(running, fill)
    found = rows(running)
    closed = found.pop(0)
    assert closed[:4] == ["clinic/doctor", "closed early until reopened", "0", "0"]
    assert closed[4].startswith("The doctor is ill. The doctor is ill.")
    assert len(closed[4]) == 60
    assert found == [
        ["other/drop-in", "open", "2", "1", "Half an hour late."],
        ["other/gone", "not configured any more", "1", "0", ""],
        ["*/nurse", "not used yet", "0", "0", ""],
    ]


def test_without_a_file_the_queues_are_those_of_development(running: Settings) -> None:
    assert rows(running) == [["*/drop-in", "not used yet", "0", "0", ""]]


def test_the_whole_way_as_an_operator_types_it(
    running: Settings, file: Callable[[str], Path]
) -> None:
    where = ("--data-dir", str(running.data_dir))
    done = run_kolapp("queues", "reload", str(file(DOCTOR)), *where)
    assert (done.returncode, done.stderr) == (0, "")
    done = run_kolapp("queues", "show", *where)
    assert (done.returncode, done.stderr) == (0, "")
    assert "clinic/doctor" in done.stdout


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


NOW = at("2026-06-01T12:00")  # a Monday


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("2026-06-01T16:00", "16:00"),
        ("2026-06-02T02:00", "Tue 02:00"),
        ("2026-06-07T08:00", "Sun 08:00"),
        ("2026-06-08T08:00", "2026-06-08 08:00"),
        ("2026-05-31T08:00", "2026-05-31 08:00"),
    ],
)
def test_a_moment_is_as_short_as_can_be_understood(then: str, said: str) -> None:
    assert moment(at(then), NOW, ZONE) == said


WEEK = (parse_day("08:00-16:00"),) * 5 + ((),) * 2
ALWAYS = QueuePolicy("p", "q", timezone=ZONE.key)
WORKDAYS = QueuePolicy("p", "q", timezone=ZONE.key, week=WEEK)
EARLY = Bulletin(closing=Closing(at("2026-06-02T08:00"), NOW, "", "op"))
FOREVER = Bulletin(closing=Closing(None, NOW, "", "op"))


@pytest.mark.parametrize(
    ("policy", "now", "waiting", "bulletin", "said"),
    [
        (ALWAYS, NOW, 0, NOTHING_SAID, "open"),
        (WORKDAYS, NOW, 0, NOTHING_SAID, "open until 16:00"),
        (WORKDAYS, at("2026-06-05T16:00"), 0, NOTHING_SAID, "closed until Mon 08:00"),
        (
            WORKDAYS,
            at("2026-06-01T16:00"),
            3,
            NOTHING_SAID,
            "closed until Tue 08:00, serving who waits",
        ),
        (WORKDAYS, NOW, 0, EARLY, "closed early until Tue 08:00"),
        (ALWAYS, NOW, 1, FOREVER, "closed early until reopened, serving who waits"),
        (QueuePolicy("p", "q", week=((),) * 7), NOW, 0, NOTHING_SAID, "closed"),
    ],
)
def test_open_or_closed_in_the_queues_own_time(
    policy: QueuePolicy, now: int, waiting: int, bulletin: Bulletin, said: str
) -> None:
    line = Line(
        ref=QueueRef("p", "q"),
        version=1,
        now_ms=now,
        waiting=("t",) * waiting,  # type: ignore[arg-type]  # only counted
        on_duty=0,
        busy_since_ms=(),
        visits_done=0,
        visit_ms_mean=0.0,
    )
    assert describe(policy, line, bulletin) == said
