"""The store goes and comes back, deadlines pass: a node looks after both by itself."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from drivers import QUEUE, People, Start
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.errors import StoreUnavailable
from kolapp_queue.keys import queue_key, queue_keys
from kolapp_queue.model import ClinicianKey, PatientKey, QueueRef, TicketId
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from kolapp_queue.sweep_verbs import ASIDE_LINE
from kolapp_signalling.app import Served
from kolapp_signalling.upkeep import _pause_s
from redis.asyncio import Redis


@pytest.fixture
def own_store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """One that this test may kill."""
    store = EmbeddedStore(tmp_path / "store")
    store.start()
    store.wait_ready(10)
    yield store
    store.stop()


def kill(store: EmbeddedStore) -> None:
    os.kill(store.pid, signal.SIGKILL)


async def test_a_store_that_goes_is_told_and_one_that_comes_back_forgets_nobody(
    own_store: EmbeddedStore, start: Start, crowd: People
) -> None:
    node = await start(store_url=own_store.url, queue_command_timeout_ms=300)
    anna, bo = [await crowd.waiting(node, name) for name in ("anna", "bo")]
    doctor = await crowd.clinician(node)
    kill(own_store)

    # Requests say so; connections stay, and what needs no store works.
    assert await anna.errors("find", queue=QUEUE) == "store_unavailable"
    assert await doctor.errors("ready", queues=[QUEUE]) == "store_unavailable"
    assert (await bo.ask("ping"))["type"] == "pong"
    late = await crowd.patient(node, "late")
    assert late.welcome["type"] == "welcome"
    assert late.ticket == {}

    own_store.start()
    own_store.wait_ready(10)
    assert (await anna.ask("find", queue=QUEUE))["place"]["position"] == 1
    assert (await bo.ask("find", queue=QUEUE))["number"] == 2
    await late.join()
    assert late.position == 3
    await doctor.pull()
    await anna.until_state("called")
    await bo.until_position(1)


async def test_what_happened_behind_a_nodes_back_is_found_when_the_store_is_back(
    own_store: EmbeddedStore, start: Start, crowd: People
) -> None:
    node = await start(store_url=own_store.url, queue_command_timeout_ms=300)
    anna, bo = [await crowd.waiting(node, name) for name in ("anna", "bo")]
    kill(own_store)
    assert await anna.errors("find", queue=QUEUE) == "store_unavailable"
    own_store.start()
    own_store.wait_ready(10)
    # Another node is quicker to connect than ours, and its hint is heard by nobody.
    ref = QueueRef(node.node.settings.demo_provider, QUEUE)
    other = await QueueStore.connect(own_store.url, QueueSettings())
    try:
        doctor = ClinicianKey("doctor")
        await other.set_duty(ref.provider, doctor, [QUEUE])
        visit = await other.pull(ref.provider, doctor, "key-1")
        assert visit is not None
    finally:
        await other.close()
    await anna.until_state("called")
    assert anna.ticket["call"]["visit"] == visit.id
    await bo.until_position(1)


async def test_deadlines_of_queues_nobody_is_connected_for_are_swept(
    start: Start, store: QueueStore, provider: str
) -> None:
    """An absent patient's grace ends although no node has ever heard of that queue."""
    ref = QueueRef(provider + "-elsewhere", QUEUE)
    await store.join(ref, PatientKey("anna"), TicketId("anna-ticket"), "c1")
    quick = QueueStore(store._link, QueueSettings(away_grace_ms=1))
    await quick.detach(ref, TicketId("anna-ticket"), "c1")
    await start()
    async with asyncio.timeout(10):
        while (await store.read_ticket(ref, TicketId("anna-ticket"))).state == "waiting":
            pass


async def test_a_ticket_that_is_set_aside_raises_an_alarm(
    start: Start, crowd: People, store: QueueStore, caplog: pytest.LogCaptureFixture
) -> None:
    node = await start(queue_resync_ms=50)
    queue = ref(node)
    await crowd.waiting(node, "anna")
    async with asyncio.timeout(10):
        while queue not in node.node.store.asides:  # noqa: ASYNC110  # a sweep tells nobody
            await asyncio.sleep(0.01)
        before = sum(node.node.store.asides.values())
        [ticket] = (await store.line(queue)).waiting
        key = queue_key(queue, "tickets")
        await store._link.do(lambda redis: redis.hset(key, ticket, b"\xc1"))
        doctor = await crowd.clinician(node)
        await doctor.ask("ready", queues=[QUEUE])
        assert await doctor.errors("pull", key="key-1") == "nobody_waiting"
        while not node.node.store.asides[queue]:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.01)
    assert ASIDE_LINE % (queue.provider, queue.queue, 1) in caplog.messages
    metric = f"kolapp_tickets_set_aside {before + 1}.0"
    assert metric in node.node.metrics.text().decode().splitlines()


async def test_a_node_that_was_given_up_tells_its_people_to_connect_again(
    start: Start, crowd: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot reach the store for longer than its lease: another node marks its patients away."""
    soon = {"node_lease_ms": 300, "absent_after_ms": 100, "hello_timeout_ms": 60_000}
    cut_off, other = await start(**soon), await start(**soon)
    anna, silent = await crowd.waiting(cut_off, "anna"), await crowd.connect(cut_off)
    bo = await crowd.waiting(other, "bo")
    doctor = await crowd.clinician(other)

    async def nothing(*args: object, **options: object) -> bool:
        raise StoreUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(cut_off.node.store, "hold_node", nothing)
        found = await cut_off.node.store.find(ref(cut_off), PatientKey(anna.welcome["person"]))
        async with asyncio.timeout(10):
            while (await other.node.store.read_ticket(found.ref, found.id)).present:
                pass
        await doctor.pull()
        await bo.until_state("called")
    for lost in (anna, silent):
        assert await lost.closed() == 4003
    anna = await crowd.patient(cut_off, "anna")
    await anna.until_position(1)
    assert (await other.node.store.read_ticket(found.ref, found.id)).present


def ref(node: Served) -> QueueRef:
    return QueueRef(node.node.settings.demo_provider, QUEUE)


def test_the_pause_ends_with_the_next_deadline_and_never_lasts_long() -> None:
    assert 0.7 <= _pause_s(0, 5_000, 1_000) <= 1.0
    assert 0.7 <= _pause_s(60_000, 5_000, 1_000) <= 1.0
    assert _pause_s(5_300, 5_000, 1_000) == 0.3
    assert _pause_s(4_000, 5_000, 1_000) == 0.02


async def test_a_place_that_the_store_lost_is_restored_from_its_copy(
    own_store: EmbeddedStore, start: Start, crowd: People
) -> None:
    node = await start(store_url=own_store.url)
    anna = await crowd.waiting(node, "anna")
    ref = QueueRef(node.node.settings.demo_provider, QUEUE)
    async with Redis.from_url(own_store.url) as redis:
        old = {key: await redis.dump(key) for key in queue_keys(ref)}
        bo, cleo = await crowd.waiting(node, "bo"), await crowd.waiting(node, "cleo")
        copy = bo.ticket["signed"]
        await anna.until(lambda anna: anna.ticket["place"]["waiting"] == 3)
        await redis.delete(*old)
        for key, value in old.items():
            if value is not None:
                await redis.restore(key, 0, value)
    for patient in (anna, bo, cleo):
        assert await patient.closed() == 4003

    cleo = await crowd.patient(node, "cleo")
    assert await cleo.errors("find", queue=QUEUE) == "no_ticket"
    assert await cleo.errors("find", queue=QUEUE, signed=copy) == "no_ticket"  # bo's, not hers
    assert await cleo.errors("find", queue=QUEUE, signed="nonsense") == "no_ticket"
    bo = await crowd.patient(node, "bo")
    found = await bo.ask("find", queue=QUEUE, signed=copy)
    assert (found["number"], found["place"]["position"]) == (2, 2)
    assert (await cleo.join())["number"] > 2


async def test_after_the_store_lost_writes_everybody_begins_anew(
    own_store: EmbeddedStore, start: Start, crowd: People
) -> None:
    node = await start(store_url=own_store.url)
    anna, bo = [await crowd.waiting(node, name) for name in ("anna", "bo")]
    await bo.until(lambda bo: bo.ticket["place"]["waiting"] == 2)
    ref = QueueRef(node.node.settings.demo_provider, QUEUE)
    async with Redis.from_url(own_store.url) as redis:
        # As after a fail-over to a replica that had not heard of bo yet.
        await redis.hset(queue_key(ref, "meta"), "version", 1)
    for patient in (anna, bo):
        assert await patient.closed() == 4003
    again = await crowd.patient(node, "anna", resume=anna.welcome["resume"])
    assert again.welcome["resumed"] is False
    await again.until_position(1)
