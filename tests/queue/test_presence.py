"""A node dies: its patients are away, those who came back elsewhere are not, and nobody else."""

from __future__ import annotations

import pytest
from kolapp_queue import keys, sweep_verbs
from kolapp_queue.audit_stream import read_after
from kolapp_queue.model import PatientKey, QueueRef, Ticket, TicketId
from kolapp_queue.presence import NodeLease
from kolapp_queue.states import TicketState
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, pull

LONG_MS = 60_000
ANNA, BO = PatientKey("anna"), PatientKey("bo")


def lease(store: QueueStore, lease_ms: int = LONG_MS, chance_ms: int = 0) -> NodeLease:
    return NodeLease(store, lease_ms, chance_ms)


async def begun(store: QueueStore, lease_ms: int = LONG_MS) -> NodeLease:
    node = lease(store, lease_ms)
    assert await node.renew()
    return node


async def join(store: QueueStore, ref: QueueRef, patient: str, connection: str) -> Ticket:
    return await store.join(ref, PatientKey(patient), TicketId(f"{patient}-t"), connection)


async def sweep(store: QueueStore, ref: QueueRef) -> None:
    """Twice: a lease that ended is looked for in vain first."""
    for _ in range(2):
        await store.sweep_all([ref], 0)


async def registered(store: QueueStore) -> list[bytes]:
    found: list[bytes] = await store._link.do(lambda redis: redis.zrange(keys.LEASES, 0, -1))
    return found


async def test_the_patients_of_a_dead_node_are_away_and_of_a_living_one_are_not(
    store: QueueStore, ref: QueueRef
) -> None:
    dead, alive = await begun(store, lease_ms=0), await begun(store)
    anna = await join(store, ref, "anna", dead.connection())
    bo = await join(store, ref, "bo", alive.connection())
    await sweep(store, ref)
    gone = await store.find(ref, ANNA)
    assert (gone.state, gone.present, gone.number) == (TicketState.WAITING, False, anna.number)
    assert (await store.find(ref, BO)).present
    assert (await store.line(ref)).waiting == (anna.id, bo.id), "the place is kept"
    assert (await pull(store, ref)).ticket == bo.id, "and skipped"
    told = (await read_after(store._link, ref, None)).entries[2].event
    assert (told["step"], told["role"], told["reason"]) == ("go_away", "clock", "node_gone")


async def test_who_has_a_newer_connection_elsewhere_is_there(
    store: QueueStore, ref: QueueRef
) -> None:
    dead, alive = await begun(store, lease_ms=0), await begun(store)
    ticket = await join(store, ref, "anna", dead.connection())
    await store.attach(ref, ticket.id, ANNA, alive.connection())
    version = await store.version(ref)
    await sweep(store, ref)
    assert (await store.find(ref, ANNA)).present
    assert await store.version(ref) == version


async def test_who_is_called_or_in_a_visit_is_seen_to_be_gone(
    store: QueueStore, ref: QueueRef
) -> None:
    dead = await begun(store, lease_ms=0)
    await join(store, ref, "anna", dead.connection())
    visit = await pull(store, ref)
    await sweep(store, ref)
    called = await store.find(ref, ANNA)
    assert (called.state, called.present) == (TicketState.CALLED, False)
    await store.answer(ref, called.id, ANNA, visit.epoch)
    await store.attach(ref, called.id, ANNA, dead.connection())
    await sweep(store, ref)
    assert not (await store.find(ref, ANNA)).present


async def test_a_ticket_that_ended_is_no_longer_at_a_node(store: QueueStore, ref: QueueRef) -> None:
    alive = await begun(store)
    ticket = await join(store, ref, "anna", alive.connection())
    linked = keys.queue_key(ref, "linked")
    assert await store._link.do(lambda redis: redis.zcard(linked)) == 1
    await store.leave(ref, ticket.id, ANNA)
    assert await store._link.do(lambda redis: redis.zcard(linked)) == 0


async def test_a_lease_that_ended_is_looked_for_before_the_node_is_given_up(
    store: QueueStore, ref: QueueRef
) -> None:
    """The store was away longer than a lease: whoever renews in time has lost nothing."""
    node = await begun(store, lease_ms=0)
    await join(store, ref, "anna", node.connection())
    for _ in range(2):
        await store.sweep_all([ref], LONG_MS)
    assert (await store.find(ref, ANNA)).present
    assert await node.renew()


async def test_a_node_that_was_given_up_goes_on_under_another_number(
    store: QueueStore, ref: QueueRef
) -> None:
    node = await begun(store, lease_ms=0)
    before = node.connection()
    ticket = await join(store, ref, "anna", before)
    await sweep(store, ref)
    assert not await node.renew()
    after = node.connection()
    assert after.partition(".")[0] != before.partition(".")[0]
    await store.attach(ref, ticket.id, ANNA, after)
    assert (await store.find(ref, ANNA)).present
    # What it had sent before it slept does not count for longer than until the next sweep.
    await join(store, ref, "bo", before)
    await sweep(store, ref)
    assert not (await store.find(ref, BO)).present


async def test_a_node_that_the_store_has_forgotten_begins_anew(
    store: QueueStore, ref: QueueRef
) -> None:
    node = await begun(store)
    await store._link.do(lambda redis: redis.delete(keys.LEASES))
    assert not await node.renew()
    assert await node.renew()


async def test_a_node_that_stops_gives_its_patients_time_to_connect_elsewhere(
    store: QueueStore, ref: QueueRef
) -> None:
    going, other = lease(store, chance_ms=LONG_MS), await begun(store)
    await going.renew()
    anna = await join(store, ref, "anna", going.connection())
    await join(store, ref, "bo", going.connection())
    await going.leave()
    await sweep(store, ref)
    assert (await store.find(ref, BO)).present
    await store.attach(ref, anna.id, ANNA, other.connection())
    await store.leave_node(going._number, 0)
    await sweep(store, ref)
    assert (await store.find(ref, ANNA)).present
    assert not (await store.find(ref, BO)).present


async def test_a_sweep_is_bounded_and_says_when_there_is_more(
    store: QueueStore, ref: QueueRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_verbs, "SWEEP_MOST", 2)
    dead = await begun(store, lease_ms=0)
    for number in range(5):
        await join(store, ref, f"patient{number}", dead.connection())
    await store.sweep_all([ref], 0)
    away = keys.queue_key(ref, "away")
    for done, more in ((2, True), (4, True), (5, False)):
        next_ms = await store.sweep_all([ref], 0)
        assert (next_ms <= (await store.line(ref)).now_ms) is more
        assert await store._link.do(lambda redis: redis.zcard(away)) == done


async def test_a_dead_node_is_forgotten_when_nothing_of_it_can_come_any_more(
    store: QueueStore, ref: QueueRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = await begun(store, lease_ms=0)
    name = str(dead._number).encode()
    await sweep(store, ref)
    assert name in await registered(store)
    monkeypatch.setattr(sweep_verbs, "LATE_MS", 0)
    await sweep(store, ref)
    assert name not in await registered(store)


async def test_a_clinician_of_a_dead_node_loses_the_lease_on_duty(
    store: QueueStore, ref: QueueRef
) -> None:
    """Theirs is renewed by their node, so it ends by itself."""
    await begun(store, lease_ms=0)
    lapsing = QueueStore(store._link, type(store._settings)(duty_lease_ms=0))
    await lapsing.set_duty(ref.provider, DOCTOR, [ref.queue])
    await store.sweep(ref)
    assert (await store.line(ref)).on_duty == 0
    assert not (await store.duty(ref.provider, DOCTOR)).on_duty
