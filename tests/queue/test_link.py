"""What happens when the store is slow, gone, or full."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.errors import StoreUnavailable
from kolapp_queue.model import QueueRef
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from redis.exceptions import ResponseError
from store_people import join

REF = QueueRef("provider", "drop-in")
TIMEOUT_MS = 300


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedStore]:
    server = EmbeddedStore(tmp_path)
    server.start()
    server.wait_ready(10)
    yield server
    server.stop()


@asynccontextmanager
async def connected(server: EmbeddedStore, timeout_ms: int) -> AsyncIterator[QueueStore]:
    store = await QueueStore.connect(server.url, QueueSettings(command_timeout_ms=timeout_ms))
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def impatient(server: EmbeddedStore) -> AsyncIterator[QueueStore]:
    async with connected(server, TIMEOUT_MS) as store:
        yield store


@pytest.fixture
async def patient(server: EmbeddedStore) -> AsyncIterator[QueueStore]:
    async with connected(server, 30_000) as store:
        yield store


async def test_a_frozen_store_is_unavailable_in_time(
    server: EmbeddedStore, impatient: QueueStore, patient: QueueStore
) -> None:
    await join(patient, REF, "anna")
    os.kill(server.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        # More than there are connections: who waits for one has the same deadline.
        calls = [join(impatient, REF, f"patient{n}") for n in range(40)]
        got = await asyncio.gather(*calls, impatient.line(REF), return_exceptions=True)
        took_ms = (time.monotonic() - began) * 1000
    finally:
        os.kill(server.pid, signal.SIGCONT)
    assert {type(one) for one in got} == {StoreUnavailable}
    assert TIMEOUT_MS <= took_ms < 3_000, "one timeout for all, and what a busy machine adds"

    # What reached the store late is done once: asking again finds out.
    tickets = await asyncio.gather(*(join(patient, REF, f"patient{n}") for n in range(40)))
    assert len((await patient.line(REF)).waiting) == 41
    assert sorted(ticket.number for ticket in tickets) == list(range(2, 42))


async def test_a_restart_inside_the_deadline_goes_unnoticed(
    server: EmbeddedStore, patient: QueueStore
) -> None:
    ticket = await join(patient, REF, "anna")
    server.stop()
    waiting = [asyncio.create_task(patient.read_ticket(REF, ticket.id)) for _ in range(3)]
    await asyncio.sleep(0)
    server.start()
    server.wait_ready(10)
    assert await asyncio.gather(*waiting) == [ticket] * 3
    # Who was thought registered is registered anew: the store may have lost it.
    await patient._link.do(lambda redis: redis.flushall())
    await join(patient, REF, "bo")
    assert await patient.queues() == [REF]


async def test_a_store_that_is_gone_is_unavailable(
    server: EmbeddedStore, impatient: QueueStore
) -> None:
    server.stop()
    with pytest.raises(StoreUnavailable):
        await impatient.version(REF)
    with pytest.raises(StoreUnavailable):
        await QueueStore.connect(server.url, QueueSettings(command_timeout_ms=TIMEOUT_MS))


async def test_a_full_store_refuses_and_keeps(patient: QueueStore) -> None:
    ticket = await join(patient, REF, "anna")
    await patient._link.do(lambda redis: redis.config_set("maxmemory", "1"))
    with pytest.raises(StoreUnavailable, match="refuses writes"):
        await join(patient, REF, "bo")
    assert (await patient.line(REF)).waiting == (ticket.id,)
    await patient._link.do(lambda redis: redis.config_set("maxmemory", "0"))
    assert (await join(patient, REF, "bo")).number == 2


async def test_a_bug_of_ours_is_not_called_the_stores_fault(patient: QueueStore) -> None:
    await join(patient, REF, "anna")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await patient._link.do(lambda redis: redis.lpush("kolapp:1:queues", "x"))


async def test_a_cancelled_call_leaves_no_reply_for_the_next(
    patient: QueueStore,
) -> None:
    tickets = [await join(patient, REF, name) for name in ("anna", "bo")]
    calls = [asyncio.create_task(patient.read_ticket(REF, tickets[0].id)) for _ in range(20)]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    got = await asyncio.gather(
        *calls,
        *(patient.read_ticket(REF, tickets[1].id) for _ in range(20)),
        return_exceptions=True,
    )
    assert all(isinstance(one, asyncio.CancelledError) for one in got[:20:2])
    assert got[1:20:2] == [tickets[0]] * 10
    assert got[20:] == [tickets[1]] * 20
