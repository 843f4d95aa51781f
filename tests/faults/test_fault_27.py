"""Fault 27: a ticket that pulls and sweeps stumble over. A record that cannot be read is set aside
at once, a ticket at which one clinician after the other vanishes after a few; there is an alarm,
and the queue goes on."""

from __future__ import annotations

import pytest
from kolapp_queue.audit_stream import read_after
from kolapp_queue.errors import NoSuchTicket, NoSuchVisit
from kolapp_queue.keys import queue_key, queue_keys
from kolapp_queue.model import ClinicianKey, PatientKey, Profile, QueueRef, TicketId
from kolapp_queue.settings import QueueSettings
from kolapp_queue.states import ASIDE, TicketState
from kolapp_queue.store import QueueStore
from kolapp_queue.sweep_verbs import ASIDE_LINE
from store_people import DOCTOR, join, pull, with_settings

GARBAGE = (b"", b"\xc1", b"\x01", b"\x81\xa2id", b"\x80", b"\x81\xa2id\xa5other")
ANNA = PatientKey("anna")


async def spoil(store: QueueStore, ref: QueueRef, ticket: TicketId, packed: bytes) -> None:
    key = queue_key(ref, "tickets")
    await store._link.do(lambda redis: redis.hset(key, ticket, packed))


async def told(store: QueueStore, ref: QueueRef, step: str) -> list[str]:
    events = [entry.event for entry in (await read_after(store._link, ref, None)).entries]
    return [event["ticket"] for event in events if event["step"] == step]


async def told_aside(store: QueueStore, ref: QueueRef) -> list[str]:
    return await told(store, ref, ASIDE)


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


async def vanish(store: QueueStore, ref: QueueRef, number: int) -> str:
    """A clinician takes the next one and is never heard of again; whom they took."""
    hasty, clinician = with_settings(store, duty_lease_ms=-1_000), ClinicianKey(f"dr-{number}")
    await store.set_duty(ref.provider, clinician, [ref.queue])
    visit = await hasty.pull(ref.provider, clinician, "key")
    assert visit is not None
    await hasty.sweep(ref)
    return visit.ticket


async def test_fault_27_a_ticket_at_which_clinicians_vanish_is_left_to_those_who_see_the_board(
    store: QueueStore, ref: QueueRef, caplog: pytest.LogCaptureFixture
) -> None:
    anna, bo = [await join(store, ref, name) for name in ("anna", "bo")]
    await store.sweep(ref)
    most = QueueSettings().vanished_calls
    assert [await vanish(store, ref, number) for number in range(most)] == [anna.id] * most
    assert await told_aside(store, ref) == [anna.id]
    await store.sweep(ref)
    assert store.asides[ref] == 1
    said = [record.getMessage() for record in caplog.records if record.name == "kolapp.queue"]
    line = ASIDE_LINE % (ref.provider, ref.queue, 1)
    assert said == [line, line], "once by each of the two nodes that saw it"
    # The patient keeps the place and is told nothing of it; the next one is taken.
    ticket = await store.find(ref, ANNA)
    assert (ticket.state, ticket.present, ticket.aside) == (TicketState.WAITING, True, True)
    assert (await store.line(ref)).waiting == (anna.id, bo.id)
    assert (await pull(store, ref)).ticket == bo.id
    assert await told(store, ref, "called_away") == [], "they are there"
    # Somebody looks into it.
    chief = ClinicianKey("chief")
    await store.set_duty(ref.provider, chief, [ref.queue], Profile(board=True))
    visit = await store.pull_ticket(ref, anna.id, chief, "key", "it is set aside")
    await store.give_back(ref, visit.id, chief, visit.epoch)
    assert not (await store.find(ref, ANNA)).aside
    assert (await pull(store, ref, "colleague")).ticket == anna.id


async def test_fault_27_only_clinicians_who_vanish_in_a_row_count(
    store: QueueStore, ref: QueueRef
) -> None:
    anna = await join(store, ref, "anna")
    for number in range(QueueSettings().vanished_calls + 2):
        assert await vanish(store, ref, number) == anna.id
        if number % 2:
            visit = await pull(store, ref)
            await store.give_back(ref, visit.id, DOCTOR, visit.epoch)
    assert await told_aside(store, ref) == []


@pytest.mark.parametrize("waits", [True, False])
async def test_fault_27_what_was_set_aside_leaves_after_its_time(
    store: QueueStore, ref: QueueRef, waits: bool
) -> None:
    brief, name = with_settings(store, retention_ms=0, events_ms=-1_000), "x" * 32
    ticket = await join(store, ref, name)
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    if not waits:
        late = with_settings(store, ring_ms=-1_000)
        assert await late.pull(ref.provider, DOCTOR, "key") is not None
    await spoil(store, ref, ticket.id, b"\xc1" + name.encode())
    if waits:
        assert await brief.pull(ref.provider, DOCTOR, "key") is None
    for _ in range(3):
        await brief.sweep(ref)
    here = [key for key in queue_keys(ref) if await holds(store, key, name.encode())]
    assert here in ([], [queue_key(ref, "visits")]), "the visit has a time of its own"


async def holds(store: QueueStore, key: str, needle: bytes) -> bool:
    dumped = await store._link.do(lambda redis: redis.dump(key))
    return dumped is not None and needle in dumped


async def test_fault_27_the_patient_of_a_visit_that_cannot_be_read_waits_on(
    store: QueueStore, ref: QueueRef
) -> None:
    anna = await join(store, ref, "anna")
    late = with_settings(store, ring_ms=-1_000)
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    visit = await late.pull(ref.provider, DOCTOR, "key")
    assert visit is not None
    await store._link.do(lambda redis: redis.hset(queue_key(ref, "visits"), visit.id, b"\xc1"))
    with pytest.raises(NoSuchVisit):
        await store.answer(ref, anna.id, ANNA, visit.epoch)
    await late.sweep(ref)
    assert (await store.line(ref)).waiting == (anna.id,)
    await store.attach(ref, anna.id, ANNA, "anna-2")
    assert (await pull(store, ref)).ticket == anna.id
