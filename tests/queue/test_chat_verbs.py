from __future__ import annotations

import pytest
from kolapp_queue import chat_verbs
from kolapp_queue.errors import ChatFull, NoSuchVisit, StaleEpoch, WrongState
from kolapp_queue.keys import queue_key
from kolapp_queue.model import ClinicianKey, PatientKey, QueueRef, Said
from kolapp_queue.sealing import KeyRing, NotGenuine
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, answered, join, pull

RING = KeyRing.parse(KeyRing.new_line("k1"))
ANNA, BO = PatientKey("anna"), PatientKey("bo")
WHERE = "Gör det ont här? Åäö 🩺"


async def test_both_read_what_both_wrote_in_order(store: QueueStore, ref: QueueRef) -> None:
    visit = await answered(store, ref, "anna")
    after, number = await store.say(ref, visit.id, DOCTOR, visit.epoch, "k1", WHERE, RING)
    assert (number, after.said) == (1, 1)
    assert after.version > visit.version  # so that the other one hears of it
    await store.say(ref, visit.id, ANNA, visit.epoch, "k1", "Ja", RING)
    await store.say(ref, visit.id, ANNA, visit.epoch, "k2", "Lite", RING)
    told = [Said(1, "clinician", WHERE), Said(2, "patient", "Ja"), Said(3, "patient", "Lite")]
    assert await store.hear(ref, visit.id, ANNA, 0, RING) == (told, 3)
    assert await store.hear(ref, visit.id, DOCTOR, 2, RING) == (told[2:], 3)
    assert await store.hear(ref, visit.id, DOCTOR, 3, RING) == ([], 3)


async def test_said_again_with_its_key_it_is_the_same_line(
    store: QueueStore, ref: QueueRef
) -> None:
    visit = await answered(store, ref, "anna")
    for _ in range(2):
        _, number = await store.say(ref, visit.id, ANNA, visit.epoch, "once", "Hej", RING)
        assert number == 1
    await store.say(ref, visit.id, DOCTOR, visit.epoch, "once", "Hej", RING)  # somebody else's key
    _, number = await store.say(ref, visit.id, ANNA, visit.epoch, "once", "Hej", RING)
    assert number == 1
    assert (await store.hear(ref, visit.id, ANNA, 0, RING))[1] == 2


async def test_only_the_two_of_a_live_visit_write_and_read(
    store: QueueStore, ref: QueueRef
) -> None:
    await join(store, ref, "anna")
    visit = await pull(store, ref)
    with pytest.raises(WrongState):
        await store.say(ref, visit.id, ANNA, visit.epoch, "k", "too early", RING)
    await store.answer(ref, visit.ticket, ANNA, visit.epoch)
    with pytest.raises(StaleEpoch):
        await store.say(ref, visit.id, ANNA, visit.epoch - 1, "k", "old", RING)
    for stranger in (BO, ClinicianKey("colleague")):
        with pytest.raises(NoSuchVisit):
            await store.say(ref, visit.id, stranger, visit.epoch, "k", "not mine", RING)
        with pytest.raises(NoSuchVisit):
            await store.hear(ref, visit.id, stranger, 0, RING)
    assert await store.hear(ref, visit.id, ANNA, 0, RING) == ([], 0)


async def test_the_store_holds_no_word_of_it_and_nothing_after_the_end(
    store: QueueStore, ref: QueueRef
) -> None:
    visit, other = await answered(store, ref, "anna"), await answered(store, ref, "bo", "colleague")
    await store.say(ref, other.id, BO, other.epoch, "k", "stays", RING)
    for number in range(3):
        await store.say(ref, visit.id, ANNA, visit.epoch, f"k{number}", WHERE, RING)
    key = queue_key(ref, "chat")
    kept = await store._link.do(lambda redis: redis.hgetall(key))
    assert len(kept) == 4
    assert not any(b"ont" in line for line in kept.values())
    await store.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    kept = await store._link.do(lambda redis: redis.hgetall(key))
    assert list(kept) == [f"{other.id}/1".encode()]
    with pytest.raises(WrongState):
        await store.hear(ref, visit.id, ANNA, 0, RING)
    with pytest.raises(WrongState):
        await store.say(ref, visit.id, ANNA, visit.epoch, "k9", "too late", RING)


async def test_a_line_cannot_be_moved_to_another_visit(store: QueueStore, ref: QueueRef) -> None:
    visit, other = await answered(store, ref, "anna"), await answered(store, ref, "bo", "colleague")
    await store.say(ref, visit.id, ANNA, visit.epoch, "k", WHERE, RING)
    await store.say(ref, other.id, BO, other.epoch, "k", "other", RING)
    key = queue_key(ref, "chat")
    line = await store._link.do(lambda redis: redis.hget(key, f"{visit.id}/1"))
    await store._link.do(lambda redis: redis.hset(key, f"{other.id}/1", line))
    with pytest.raises(NotGenuine):
        await store.hear(ref, other.id, BO, 0, RING)


async def test_a_visit_has_so_many_lines_and_so_many_are_read_at_once(
    store: QueueStore, ref: QueueRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_verbs, "MOST_LINES", 3)
    monkeypatch.setattr(chat_verbs, "AT_ONCE", 2)
    visit = await answered(store, ref, "anna")
    for number in range(3):
        await store.say(ref, visit.id, ANNA, visit.epoch, f"k{number}", f"{number}", RING)
    with pytest.raises(ChatFull):
        await store.say(ref, visit.id, ANNA, visit.epoch, "k3", "3", RING)
    lines, said = await store.hear(ref, visit.id, ANNA, 0, RING)
    assert ([line.number for line in lines], said) == ([1, 2], 3)
    lines, _ = await store.hear(ref, visit.id, ANNA, 2, RING)
    assert [line.text for line in lines] == ["2"]
