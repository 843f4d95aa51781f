"""The store goes and comes back, deadlines pass: a node looks after both by itself."""

from __future__ import annotations

import asyncio

import pytest
from drivers import QUEUE, People, Start
from kolapp_queue.errors import StoreUnavailable
from kolapp_queue.keys import queue_key
from kolapp_queue.model import PatientKey, QueueRef, TicketId
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from kolapp_queue.sweep_verbs import ASIDE_LINE
from kolapp_signalling.app import Served
from kolapp_signalling.upkeep import _pause_s


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
