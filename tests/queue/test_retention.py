"""After the set times nothing personal is left, neither in the store nor, after a rewriting of its
file, on the disk. Nobody has to ask for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from kolapp_queue.append_only import rewrite, traces, until_old_files_are_gone
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.link import Link
from kolapp_queue.model import ClinicianKey, Needs, PatientKey, QueueRef, TicketId
from kolapp_queue.sealing import KeyRing
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from redis.asyncio import Redis
from store_contents import everything

WAIT_S = 20.0
HERE, THERE = QueueRef("clinic", "drop-in"), QueueRef("clinic", "children")
ANNA, DOCTOR = PatientKey("a" * 64), ClinicianKey("d" * 64)
RING = KeyRing.parse(KeyRing.new_line("k1"))
SOON = QueueSettings(retention_ms=100, events_ms=100)
CANARIES = [ANNA.encode(), DOCTOR.encode(), b"ticket-1", b"ticket-2"]


def found_in(content: bytes) -> list[bytes]:
    return [canary for canary in CANARIES if canary in content]


async def expired_keys(link: Link) -> int:
    """Those that nobody can read any more but that the server has not yet deleted: a rewriting
    would keep them, and the next one not."""
    there = await link.do(lambda redis: redis.keys("*"))
    return int(await link.do(Redis.dbsize)) - len(there)


async def test_what_is_over_leaves_by_itself(tmp_path: Path) -> None:
    server = EmbeddedStore(tmp_path)
    server.start()
    try:
        server.wait_ready(WAIT_S)
        link = Link(server.url, 2_000)
        await live_through_it(QueueStore(link, SOON), link, tmp_path)
        await link.close()
    finally:
        server.stop()


async def live_through_it(store: QueueStore, link: Link, directory: Path) -> None:
    needs = Needs(clinician=DOCTOR)
    ticket = await store.join(HERE, ANNA, TicketId("ticket-1"), "c-1", needs)
    await store.put_intake(HERE, ticket.id, ANNA, "hosta", RING)
    await store.join(THERE, ANNA, TicketId("ticket-2"), "c-2")
    await store.set_duty("clinic", DOCTOR, [HERE.queue])
    visit = await store.pull("clinic", DOCTOR, "key")
    assert visit is not None
    await store.answer(HERE, ticket.id, ANNA, visit.epoch)
    assert found_in(await everything(link)) == CANARIES

    await store.hang_up(HERE, visit.id, DOCTOR, visit.epoch)
    await store.set_duty("clinic", DOCTOR, [])
    await store.leave(THERE, TicketId("ticket-2"), ANNA)
    async with asyncio.timeout(WAIT_S):
        while found_in(await everything(link)) or await expired_keys(link):
            for ref in (HERE, THERE):
                await store.sweep(ref)
    await rewrite(link, WAIT_S)
    await until_old_files_are_gone(directory, WAIT_S)
    assert list(traces(directory, CANARIES)) == []


def test_the_set_times_are_those_of_the_documents() -> None:
    settings = QueueSettings()
    assert settings.retention_ms == 24 * 3_600_000
    assert settings.events_ms == 7 * 24 * 3_600_000
    with pytest.raises(AttributeError):
        settings.retention_ms = 0  # type: ignore[misc]  # that is the point
