"""Fault 27: a record that cannot be read. It is set aside with an event, nobody waits behind it,
and no sweep stumbles over it again."""

from __future__ import annotations

import pytest
from kolapp_queue.audit_stream import read_after
from kolapp_queue.errors import NoSuchTicket
from kolapp_queue.keys import queue_key
from kolapp_queue.model import PatientKey, QueueRef, TicketId
from kolapp_queue.states import ASIDE
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, join, pull, with_settings

GARBAGE = (b"", b"\xc1", b"\x01", b"\x81\xa2id")
ANNA = PatientKey("anna")


async def spoil(store: QueueStore, ref: QueueRef, ticket: TicketId, packed: bytes) -> None:
    key = queue_key(ref, "tickets")
    await store._link.do(lambda redis: redis.hset(key, ticket, packed))


async def told_aside(store: QueueStore, ref: QueueRef) -> list[str]:
    events = [entry.event for entry in (await read_after(store._link, ref, None)).entries]
    return [event["ticket"] for event in events if event["step"] == ASIDE]


@pytest.mark.parametrize("packed", GARBAGE)
async def test_fault_27_a_pull_goes_on_with_the_next(
    store: QueueStore, ref: QueueRef, packed: bytes
) -> None:
    anna, bo, cecilia = [await join(store, ref, name) for name in ("anna", "bo", "cecilia")]
    for poisoned in (anna, bo):
        await spoil(store, ref, poisoned.id, packed)
    assert (await pull(store, ref)).ticket == cecilia.id
    assert (await store.line(ref)).waiting == ()
    assert await told_aside(store, ref) == [anna.id, bo.id]
    # What there was stays for those who look into it.
    key = queue_key(ref, "tickets")
    assert await store._link.do(lambda redis: redis.hget(key, anna.id)) == packed


async def test_fault_27_the_patient_may_draw_anew(store: QueueStore, ref: QueueRef) -> None:
    anna = await join(store, ref, "anna")
    await spoil(store, ref, anna.id, b"\xc1")
    with pytest.raises(NoSuchTicket):
        await store.find(ref, ANNA)
    assert (await join(store, ref, "anna")).number == 2
    assert (await pull(store, ref)).number == 2


async def test_fault_27_a_sweep_goes_on_with_the_next(store: QueueStore, ref: QueueRef) -> None:
    hasty = with_settings(store, ring_ms=-1_000, away_grace_ms=-1_000, missed_calls=0)
    anna, bo = [await join(store, ref, name) for name in ("anna", "bo")]
    for ticket, name in ((anna, "anna"), (bo, "bo")):
        await hasty.detach(ref, ticket.id, f"{name}-1")
    await spoil(store, ref, anna.id, b"\xc1")
    await hasty.sweep(ref)
    assert (await store.read_ticket(ref, bo.id)).state == "expired"

    cecilia = await join(store, ref, "cecilia")
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    assert await hasty.pull(ref.provider, DOCTOR, "key") is not None
    await spoil(store, ref, cecilia.id, b"\xc1")
    await hasty.sweep(ref)
    assert await told_aside(store, ref) == [anna.id, cecilia.id]
    version = await store.version(ref)
    await hasty.sweep(ref)
    assert await store.version(ref) == version, "once"


@pytest.mark.parametrize("kind", ["tickets", "visits"])
async def test_fault_27_a_vanished_clinician_is_free_again(
    store: QueueStore, ref: QueueRef, kind: str
) -> None:
    anna, bo = [await join(store, ref, name) for name in ("anna", "bo")]
    hasty = with_settings(store, duty_lease_ms=-1_000)
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    visit = await hasty.pull(ref.provider, DOCTOR, "key")
    assert visit is not None
    poisoned = anna.id if kind == "tickets" else visit.id
    await store._link.do(lambda redis: redis.hset(queue_key(ref, kind), poisoned, b"\xc1"))
    await store.sweep(ref)
    assert (await store.line(ref)).waiting == (bo.id,)
    version = await store.version(ref)
    await store.sweep(ref)
    assert await store.version(ref) == version, "once"
    assert (await pull(store, ref)).ticket == bo.id
