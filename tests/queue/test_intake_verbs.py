from __future__ import annotations

import msgpack
import pytest
from kolapp_queue.errors import (
    IntakeTooLong,
    NoSuchTicket,
    NoSuchVisit,
    StaleEpoch,
    WrongState,
)
from kolapp_queue.intake_verbs import INTAKE_BYTES
from kolapp_queue.keys import queue_key
from kolapp_queue.model import ClinicianKey, PatientKey, Profile, QueueRef
from kolapp_queue.sealing import KeyRing, NotGenuine, UnknownKey
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, answered, join, pull, with_settings

RING = KeyRing.parse(KeyRing.new_line("k1"))
ANNA, BO = PatientKey("anna"), PatientKey("bo")
COUGH = "Hosta i tre dagar, 38,7°. Åäö."


async def openings(store: QueueStore, ref: QueueRef) -> list[dict[str, object]]:
    """The events that tell of an opening."""
    key = queue_key(ref, "events")
    found = [msgpack.unpackb(e[b"e"]) for _, e in await store._link.do(lambda r: r.xrange(key))]
    return [event for event in found if event["step"] == "intake_opened"]


async def test_the_clinician_of_the_visit_reads_what_the_patient_wrote(
    store: QueueStore, ref: QueueRef
) -> None:
    ticket = await join(store, ref, "anna")
    await store.put_intake(ref, ticket.id, ANNA, "too early a version", RING)
    await store.put_intake(ref, ticket.id, ANNA, COUGH, RING)
    await store.set_duty(ref.provider, DOCTOR, [ref.queue], Profile(unit="ward-7"))
    visit = await store.pull(ref.provider, DOCTOR, "key")
    assert visit is not None
    assert await store.read_intake(ref, visit.id, DOCTOR, visit.epoch, RING) == COUGH
    await store.answer(ref, ticket.id, ANNA, visit.epoch)
    assert await store.read_intake(ref, visit.id, DOCTOR, visit.epoch, RING) == COUGH
    told = await openings(store, ref)
    assert len(told) == 2
    for event in told:
        assert (event["actor"], event["role"], event["unit"]) == (DOCTOR, "clinician", "ward-7")
        assert event["patient"] == ANNA
        assert event["ticket"] == ticket.id
        assert event["visit"] == visit.id
        assert COUGH not in str(event)


async def test_a_patient_who_wrote_nothing_has_nothing_to_open(
    store: QueueStore, ref: QueueRef
) -> None:
    visit = await answered(store, ref, "anna")
    assert await store.read_intake(ref, visit.id, DOCTOR, visit.epoch, RING) is None
    assert await openings(store, ref) == []


async def test_nobody_else_opens_it(store: QueueStore, ref: QueueRef) -> None:
    ticket = await join(store, ref, "anna")
    await store.put_intake(ref, ticket.id, ANNA, COUGH, RING)
    first = await pull(store, ref)
    with pytest.raises(NoSuchVisit):
        await store.read_intake(ref, first.id, ClinicianKey("colleague"), first.epoch, RING)
    with pytest.raises(StaleEpoch):
        await store.read_intake(ref, first.id, DOCTOR, first.epoch - 1, RING)
    await store.give_back(ref, first.id, DOCTOR, first.epoch)
    with pytest.raises(WrongState):
        await store.read_intake(ref, first.id, DOCTOR, first.epoch, RING)
    other = QueueRef(f"{ref.provider}-2", ref.queue)
    with pytest.raises(NoSuchVisit):
        await store.read_intake(other, first.id, DOCTOR, first.epoch, RING)
    assert await openings(store, ref) == []


async def test_only_the_patient_writes_and_only_until_the_end(
    store: QueueStore, ref: QueueRef
) -> None:
    ticket = await join(store, ref, "anna")
    with pytest.raises(NoSuchTicket):
        await store.put_intake(ref, ticket.id, BO, COUGH, RING)
    await store.leave(ref, ticket.id, ANNA)
    with pytest.raises(WrongState):
        await store.put_intake(ref, ticket.id, ANNA, COUGH, RING)


async def test_the_limit_is_in_bytes_and_more_changes_nothing(
    store: QueueStore, ref: QueueRef
) -> None:
    ticket = await join(store, ref, "anna")
    longest = "å" * (INTAKE_BYTES // 2)
    await store.put_intake(ref, ticket.id, ANNA, longest, RING)
    with pytest.raises(IntakeTooLong, match=f"{INTAKE_BYTES + 1} bytes"):
        await store.put_intake(ref, ticket.id, ANNA, longest + "a", RING)
    visit = await pull(store, ref)
    assert await store.read_intake(ref, visit.id, DOCTOR, visit.epoch, RING) == longest


async def test_a_text_cannot_be_moved_to_another_ticket(store: QueueStore, ref: QueueRef) -> None:
    """Whoever may write to the store still cannot show Bo's words as Anna's."""
    anna, bo = await join(store, ref, "anna"), await join(store, ref, "bo")
    await store.put_intake(ref, bo.id, BO, COUGH, RING)
    key = queue_key(ref, "intake")
    sealed = await store._link.do(lambda redis: redis.hget(key, bo.id))
    await store._link.do(lambda redis: redis.hset(key, anna.id, sealed))
    visit = await pull(store, ref)
    with pytest.raises(NotGenuine):
        await store.read_intake(ref, visit.id, DOCTOR, visit.epoch, RING)
    other = KeyRing.parse(KeyRing.new_line("k2"))
    with pytest.raises(UnknownKey):
        await store.read_intake(ref, visit.id, DOCTOR, visit.epoch, other)
    assert len(await openings(store, ref)) == 2  # handed out, so told


async def test_the_store_holds_no_word_of_it_and_forgets_it(
    store: QueueStore, ref: QueueRef
) -> None:
    ticket = await join(store, ref, "anna")
    await store.put_intake(ref, ticket.id, ANNA, COUGH, RING)
    key = queue_key(ref, "intake")
    [kept] = (await store._link.do(lambda redis: redis.hgetall(key))).values()
    assert b"Hosta" not in kept
    hasty = with_settings(store, retention_ms=0)
    await hasty.leave(ref, ticket.id, ANNA)
    await hasty.sweep(ref)
    assert not await store._link.do(lambda redis: redis.exists(key))
