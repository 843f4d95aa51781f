from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.policy import PolicySet, QueuePolicy
from kolapp_queue.policy_book import PolicyBook, publish
from kolapp_queue.policy_file import PolicyFileError
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from kolapp_signalling.policies import (
    UNREACHABLE,
    keep_current,
    open_book,
    own_policies,
    tell_unreachable,
)
from kolapp_signalling.process import StartRefused
from kolapp_signalling.setting_kinds import QueueTitle
from kolapp_signalling.settings import Settings

DEADLINE_S = 20
DOCTOR = PolicySet((QueuePolicy("clinic", "doctor"),))


@pytest.fixture
async def own_store(tmp_path: Path) -> AsyncIterator[QueueStore]:
    """What is published in it concerns no other test."""
    server = EmbeddedStore(tmp_path / "store")
    server.start()
    try:
        server.wait_ready(10)
        store = await QueueStore.connect(server.url, QueueSettings())
        yield store
        await store.close()
    finally:
        server.stop()


def with_file(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "queues.toml"
    path.write_text(text)
    return Settings(queues_file=path)


def names(book: PolicyBook, provider: str = "clinic") -> list[str]:
    return [policy.name for policy in book.of(provider)]


def test_flags_are_for_development() -> None:
    titles = (QueueTitle("a", "First"), QueueTitle("b", "Second"))
    settings = Settings(queues=titles, queue=QueueSettings(ring_ms=1))
    found = own_policies(settings).of("anybody")
    assert [(queue.name, queue.title, queue.ring_ms) for queue in found] == [
        ("a", "First", 1),
        ("b", "Second", 1),
    ]


def test_a_file_is_instead_of_the_flags(tmp_path: Path) -> None:
    settings = replace(
        with_file(tmp_path, "[queues.clinic.doctor]"), queue=QueueSettings(ring_ms=1)
    )
    assert own_policies(settings) == DOCTOR
    with pytest.raises(PolicyFileError):
        own_policies(with_file(tmp_path, "[queues]"))


async def test_a_node_offers_its_file_and_not_its_flags(
    own_store: QueueStore, tmp_path: Path
) -> None:
    assert names(await open_book(own_store, Settings())) == ["drop-in"]
    assert await own_store.policies_version() == 0
    book = await open_book(own_store, with_file(tmp_path, "[queues.clinic.doctor]"))
    assert (names(book), book.version) == (["doctor"], 1)
    # From now on also a node without the file goes by it.
    assert names(await open_book(own_store, Settings())) == ["doctor"]


async def test_beside_a_broken_file_the_published_queues_stay(
    own_store: QueueStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = with_file(tmp_path, "[queues.clinic.doctor]\nrign = 3")
    with pytest.raises(StartRefused, match="rign is unknown here; did you mean ring"):
        await open_book(own_store, broken)
    await publish(own_store, DOCTOR)
    assert names(await open_book(own_store, broken)) == ["doctor"]
    assert "The file of the queues is broken; the old ones stay." in caplog.text


async def test_queues_of_a_newer_version_are_refused_at_the_start(
    own_store: QueueStore, tmp_path: Path
) -> None:
    await own_store.publish_policies(b"\xc1", "newer")
    for settings in (Settings(), with_file(tmp_path, "[queues]")):
        with pytest.raises(StartRefused, match="newer version of Kolapp"):
            await open_book(own_store, settings)


class Told(logging.Handler):
    """What is logged, to wait for."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: asyncio.Queue[str] = asyncio.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.put_nowait(record.getMessage())

    async def next(self) -> str:
        async with asyncio.timeout(DEADLINE_S):
            return await self.lines.get()


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Iterator[Told]:
    caplog.set_level(logging.INFO, "kolapp.signalling")
    handler, logger = Told(), logging.getLogger("kolapp.signalling")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


async def test_a_running_node_follows(own_store: QueueStore, told: Told) -> None:
    book, changes = await open_book(own_store, Settings()), []
    keeping = asyncio.create_task(
        keep_current(book, own_store, 5, lambda: changes.append(names(book)))
    )
    try:
        await publish(own_store, DOCTOR)
        assert await told.next() == "The queues are configured anew. count=1"
        await own_store.publish_policies(b"\xc1", "newer")
        assert (await told.next()).startswith("Newer queues cannot be read; the old stay.")
        await publish(own_store, PolicySet((QueuePolicy("clinic", "nurse"),)))
        assert await told.next() == "The queues are configured anew. count=1"
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
    assert changes == [["doctor"], ["nurse"]]


@pytest.mark.parametrize(
    ("direct", "relay_only", "relays", "told"),
    [
        (True, True, False, True),
        (True, True, True, False),
        (True, False, False, False),
        (False, True, False, False),
    ],
)
def test_a_queue_whose_calls_cannot_connect_is_told(
    caplog: pytest.LogCaptureFixture, direct: bool, relay_only: bool, relays: bool, told: bool
) -> None:
    mode = "direct" if direct else "bridge"
    queue = QueuePolicy("clinic", "doctor", mode=mode, direct_relay_only=relay_only)
    settings = Settings(turn_urls=("turn:turn.example",) if relays else ())
    tell_unreachable(PolicySet((DOCTOR.queues[0], queue)), settings)
    assert [UNREACHABLE in record.message for record in caplog.records] == [True] * told
