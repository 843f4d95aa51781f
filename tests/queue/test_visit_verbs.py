"""Visits that do not simply end: their clinician vanishes, the patient drops or moves on."""

from __future__ import annotations

import msgpack
import pytest
from cut_link import Cut, CutLink
from kolapp_queue.errors import AlreadyInVisit, NoSuchVisit, NotOnDuty, StaleEpoch, WrongState
from kolapp_queue.keys import queue_key
from kolapp_queue.model import ClinicianKey, Needs, PatientKey, QueueRef, TicketId, Visit, VisitId
from kolapp_queue.states import Outcome, TicketState, VisitState
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, answered, join, pull, with_settings

ANNA, NURSE = PatientKey("anna"), ClinicianKey("nurse")


async def vanish(store: QueueStore, visit: Visit, **settings: int) -> Visit:
    """The visit's clinician gave the last sign a lease ago."""
    gone = with_settings(store, duty_lease_ms=0, **settings)
    await gone.set_duty(visit.ref.provider, visit.clinician, [visit.ref.queue])
    await gone.sweep(visit.ref)
    return await store.read_visit(visit.ref, visit.id)


async def steps(store: QueueStore, ref: QueueRef) -> list[dict[str, object]]:
    entries = await store._link.do(lambda redis: redis.xrange(queue_key(ref, "events")))
    return [msgpack.unpackb(fields[b"e"]) for _, fields in entries]


async def test_who_is_called_by_a_clinician_who_vanishes_is_next(
    store: QueueStore, ref: QueueRef
) -> None:
    ticket = await join(store, ref, "anna")
    await join(store, ref, "bo")
    ended = await vanish(store, await pull(store, ref))
    assert (ended.state, ended.reason) == (VisitState.ENDED, "clinician_gone")
    back = await store.read_ticket(ref, ticket.id)
    assert (back.state, back.reason, back.number) == (
        TicketState.WAITING,
        "clinician_gone",
        ticket.number,
    )
    assert (await pull(store, ref, NURSE)).ticket == ticket.id
    assert (await store.duty(ref.provider, DOCTOR)).visit is None


async def test_a_visit_is_held_for_a_clinician_who_comes_back(
    store: QueueStore, ref: QueueRef
) -> None:
    visit = await answered(store, ref, "anna")
    held = await vanish(store, visit)
    assert held.state is VisitState.HELD
    assert held.held_until_ms > held.answered_ms
    await store.set_duty(ref.provider, NURSE, [ref.queue])
    with pytest.raises(WrongState, match="held"):
        await store.take_over(ref, visit.id, NURSE, "key")
    assert (await store.duty(ref.provider, NURSE)).visit is None
    # Also one who is paused: a sign of life is enough.
    duty = await store.set_duty(ref.provider, DOCTOR, [])
    assert duty.visit is not None
    assert (duty.visit.state, duty.visit.held_until_ms) == (VisitState.LIVE, 0)
    await store.hang_up(ref, visit.id, DOCTOR, visit.epoch)


async def test_a_patient_may_end_a_held_visit(store: QueueStore, ref: QueueRef) -> None:
    visit = await answered(store, ref, "anna")
    await vanish(store, visit)
    ended = await store.hang_up(ref, visit.id, ANNA, visit.epoch)
    assert (ended.state, ended.outcome) == (VisitState.ENDED, Outcome.COMPLETED)


async def test_a_colleague_takes_over_under_a_new_epoch(store: QueueStore, ref: QueueRef) -> None:
    visit = await answered(store, ref, "anna")
    await vanish(store, visit, visit_grace_ms=0)
    with pytest.raises(NotOnDuty):
        await store.take_over(ref, visit.id, NURSE, "key")
    await store.set_duty(ref.provider, NURSE, [ref.queue])
    with pytest.raises(NoSuchVisit):
        await store.take_over(ref, VisitId("none"), NURSE, "other")
    taken = await store.take_over(ref, visit.id, NURSE, "key")
    assert (taken.clinician, taken.state) == (NURSE, VisitState.LIVE)
    assert taken.epoch > visit.epoch
    assert await store.take_over(ref, visit.id, NURSE, "key") == taken
    assert (await store.duty(ref.provider, NURSE)).visit == taken
    # The first one is free, and has no word in it any more.
    assert (await store.duty(ref.provider, DOCTOR)).visit is None
    with pytest.raises(NoSuchVisit):
        await store.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    with pytest.raises(StaleEpoch):
        await store.hang_up(ref, visit.id, ANNA, visit.epoch)
    await store.hang_up(ref, visit.id, ANNA, taken.epoch)


async def test_one_of_two_who_take_over_gets_it(store: QueueStore, ref: QueueRef) -> None:
    visit = await answered(store, ref, "anna")
    await vanish(store, visit, visit_grace_ms=0)
    for name in ("nurse", "midwife"):
        await store.set_duty(ref.provider, ClinicianKey(name), [ref.queue])
    await store.take_over(ref, visit.id, NURSE, "key")
    with pytest.raises(WrongState, match="live"):
        await store.take_over(ref, visit.id, ClinicianKey("midwife"), "key")
    await join(store, ref, "bo")
    other = await pull(store, ref, "midwife")
    await vanish(store, await store.read_visit(ref, visit.id), visit_grace_ms=0)
    with pytest.raises(AlreadyInVisit):
        await store.take_over(ref, visit.id, other.clinician, "key2")


@pytest.mark.parametrize("side", ["before", "after"])
async def test_a_take_over_that_died_half_way_is_mended(
    store: QueueStore, dying: QueueStore, cut_link: CutLink, ref: QueueRef, side: str
) -> None:
    visit = await answered(store, ref, "anna")
    await vanish(store, visit, visit_grace_ms=0)
    await store.set_duty(ref.provider, NURSE, [ref.queue])
    setattr(cut_link, side, "queue/take_over")
    with pytest.raises(Cut):
        await dying.take_over(ref, visit.id, NURSE, "key")
    seen = (await store.duty(ref.provider, NURSE)).visit
    assert (seen is not None) is (side == "after")
    if side == "before":
        with pytest.raises(StaleEpoch):
            await cut_link.arrive()
    taken = await store.take_over(ref, visit.id, NURSE, "key")
    assert (await store.duty(ref.provider, NURSE)).visit == taken
    assert (await store.duty(ref.provider, DOCTOR)).visit is None


async def test_ones_own_visit_whose_end_was_cut_off_is_no_way_around_duty(
    store: QueueStore, dying: QueueStore, cut_link: CutLink, ref: QueueRef
) -> None:
    visit = await answered(store, ref, "anna")
    await store.set_duty(ref.provider, DOCTOR, [])
    cut_link.before = "clinician/release"
    with pytest.raises(Cut):
        await dying.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    with pytest.raises(NotOnDuty):
        await store.take_over(ref, visit.id, DOCTOR, "again")
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    assert (await store.take_over(ref, visit.id, DOCTOR, "again")).state is VisitState.ENDED
    assert (await store.duty(ref.provider, DOCTOR)).visit is None
    await join(store, ref, "bo")
    assert (await store.pull(ref.provider, DOCTOR, "next")) is not None


@pytest.mark.parametrize("take_over", [0, 1])
async def test_a_visit_that_nobody_takes_over_is_a_technical_failure(
    store: QueueStore, ref: QueueRef, take_over: int
) -> None:
    visit = await answered(store, ref, "anna")
    settings = {"visit_grace_ms": 0, "take_over": take_over}
    await vanish(store, visit, **settings)
    await with_settings(store, **settings).sweep(ref)
    ended = await store.read_visit(ref, visit.id)
    assert (ended.reason, ended.outcome) == ("clinician_gone", Outcome.TECHNICAL_FAILURE)
    assert (await store.read_ticket(ref, visit.ticket)).state is TicketState.COMPLETED
    assert (await store.duty(ref.provider, DOCTOR)).visit is None


@pytest.mark.parametrize("live", [False, True])
async def test_a_transfer_keeps_the_time_waited(
    store: QueueStore, provider: str, live: bool
) -> None:
    one, two = QueueRef(provider, "one"), QueueRef(provider, "two")
    ticket = await join(store, one, "anna")
    ahead = await join(store, two, "bo")
    visit = await pull(store, one)
    if live:
        await store.answer(one, ticket.id, ANNA, visit.epoch)
    moved = await store.transfer(
        one, visit.id, DOCTOR, visit.epoch, "two", Needs(profession="doctor"), 60_000
    )
    assert (moved.ref, moved.number, moved.joined_ms) == (two, 2, ticket.joined_ms)
    assert moved.order_key == ticket.joined_ms - 60_000
    assert moved.needs == Needs(profession="doctor")
    assert moved.present
    assert moved.moved_from is not None
    assert (moved.moved_from.queue, moved.moved_from.number) == ("one", ticket.number)
    assert (await store.line(two)).waiting == (moved.id, ahead.id)
    old = await store.read_ticket(one, ticket.id)
    assert (old.state, old.moved_to, old.moved_ticket) == (TicketState.TRANSFERRED, "two", moved.id)
    assert (await store.duty(provider, DOCTOR)).visit is None
    ended = await store.read_visit(one, visit.id)
    assert ended.outcome == (Outcome.REFERRED if live else None)
    again = await store.transfer(one, visit.id, DOCTOR, visit.epoch, "two")
    assert again == moved
    with pytest.raises(ValueError, match="another queue"):
        await store.transfer(one, visit.id, DOCTOR, visit.epoch, "one")


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("script", ["transfer_out", "transfer_in", "transfer_done"])
async def test_a_transfer_that_died_half_way_is_completed(
    store: QueueStore, dying: QueueStore, cut_link: CutLink, provider: str, script: str, side: str
) -> None:
    one, two = QueueRef(provider, "one"), QueueRef(provider, "two")
    ticket = await join(store, one, "anna")
    visit = await pull(store, one)
    setattr(cut_link, side, f"queue/{script}")
    hasty = with_settings(dying, command_timeout_ms=0)
    with pytest.raises(Cut):
        await hasty.transfer(one, visit.id, DOCTOR, visit.epoch, "two")
    await store.sweep(one)
    old = await store.read_ticket(one, ticket.id)
    if (script, side) == ("transfer_out", "before"):
        assert old.state is TicketState.CALLED
        return
    assert old.state is TicketState.TRANSFERRED
    assert (await store.line(two)).waiting == (old.moved_ticket,)
    if side == "before":
        # What was cut off arrives only now.
        await cut_link.arrive()
        assert (await store.line(two)).waiting == (old.moved_ticket,)
        assert await store.read_ticket(one, ticket.id) == old


async def test_who_waits_there_already_gets_the_better_place_of_the_two(
    store: QueueStore, provider: str
) -> None:
    one, two = QueueRef(provider, "one"), QueueRef(provider, "two")
    ticket = await join(store, one, "anna")
    ahead = await join(store, two, "bo")
    there = await join(store, two, "anna")
    visit = await pull(store, one)
    moved = await store.transfer(one, visit.id, DOCTOR, visit.epoch, "two", credit_ms=60_000)
    assert (moved.id, moved.number) == (there.id, there.number)
    assert (await store.line(two)).waiting == (there.id, ahead.id)
    assert (await store.read_ticket(one, ticket.id)).moved_ticket == there.id


async def test_a_transfer_into_a_queue_without_room_waits_for_it(
    store: QueueStore, provider: str
) -> None:
    one, two = QueueRef(provider, "one"), QueueRef(provider, "two")
    for number in range(64):
        name = f"p{number}"
        await store.join(two, PatientKey(name), TicketId(name), "c", Needs(skills=(f"s{number}",)))
    ticket = await join(store, one, "anna")
    visit = await pull(store, one)
    hasty = with_settings(store, command_timeout_ms=0)
    moving = await hasty.transfer(one, visit.id, DOCTOR, visit.epoch, "two")
    assert (moving.id, moving.state) == (ticket.id, TicketState.TRANSFERRING)
    await store.leave(two, TicketId("p0"), PatientKey("p0"))
    await store.sweep(one)
    assert (await store.find(two, ANNA)).moved_from is not None


async def test_a_dropped_patient_is_rung_again_until_the_answer(
    store: QueueStore, ref: QueueRef
) -> None:
    visit = await answered(store, ref, "anna")
    await store.detach(ref, visit.ticket, "anna-1")
    await store.ring_again(ref, visit.id, DOCTOR, visit.epoch)
    ringing = await store.read_ticket(ref, visit.ticket)
    assert ringing.ring_until_ms > visit.answered_ms
    assert ringing.state is TicketState.IN_VISIT
    await store.ring_again(ref, visit.id, DOCTOR, visit.epoch)
    assert await store.read_ticket(ref, visit.ticket) == ringing
    back = await store.attach(ref, visit.ticket, ANNA, "anna-2")
    assert (back.ring_until_ms, back.present) == (ringing.ring_until_ms, True)
    with pytest.raises(WrongState, match="in_visit"):
        await store.decline(ref, visit.ticket, ANNA, visit.epoch)
    there = await store.answer(ref, visit.ticket, ANNA, visit.epoch)
    assert (there.ring_until_ms, there.state) == (0, TicketState.IN_VISIT)
    assert there.version > back.version
    assert await store.answer(ref, visit.ticket, ANNA, visit.epoch) == there
    await store.ring_again(ref, visit.id, DOCTOR, visit.epoch)
    again = await store.read_ticket(ref, visit.ticket)
    assert again.ring_until_ms >= ringing.ring_until_ms, "also one whose connection is there"
    with pytest.raises(StaleEpoch):
        await store.ring_again(ref, visit.id, DOCTOR, visit.epoch - 1)


async def test_an_outcome_may_be_corrected_and_the_event_says_what_it_was(
    store: QueueStore, ref: QueueRef
) -> None:
    visit = await answered(store, ref, "anna")
    with pytest.raises(WrongState, match="live"):
        await store.set_outcome(ref, visit.id, DOCTOR, visit.epoch, Outcome.NO_SHOW)
    ended = await store.hang_up(ref, visit.id, DOCTOR, visit.epoch, Outcome.REFERRED)
    assert ended.outcome is Outcome.REFERRED
    with pytest.raises(NoSuchVisit):
        await store.set_outcome(ref, visit.id, NURSE, visit.epoch, Outcome.NO_SHOW)
    await store.set_outcome(ref, visit.id, DOCTOR, visit.epoch, Outcome.REFERRED)
    corrected = await store.set_outcome(ref, visit.id, DOCTOR, visit.epoch, Outcome.NO_SHOW)
    assert corrected.outcome is Outcome.NO_SHOW
    last = [event for event in await steps(store, ref) if event["step"] == "correct_outcome"]
    assert [(event["reason"], event["outcome"]) for event in last] == [("referred", "no_show")]


async def test_every_step_is_an_event_with_its_actor(store: QueueStore, ref: QueueRef) -> None:
    visit = await answered(store, ref, "anna")
    await store.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    events = await steps(store, ref)
    assert [(event["step"], event["role"], event["actor"]) for event in events] == [
        ("join", "patient", "anna"),
        ("pull", "clinician", "doctor"),
        ("answer", "patient", "anna"),
        ("hang_up", "clinician", "doctor"),
    ]
    assert [event["state"] for event in events] == ["waiting", "called", "in_visit", "completed"]
    assert {event["ticket"] for event in events} == {visit.ticket}
    versions = [event["version"] for event in events]
    assert versions == sorted(set(versions))
    assert events[-1]["visit_ms"] == (await store.read_visit(ref, visit.id)).ended_ms - (
        visit.answered_ms
    )


async def test_who_is_away_when_their_turn_comes_is_an_event_once(
    store: QueueStore, ref: QueueRef
) -> None:
    ticket = await join(store, ref, "anna")
    await store.detach(ref, ticket.id, "anna-1")
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    for key in ("1", "2"):
        assert await store.pull(ref.provider, DOCTOR, key) is None
    away = [event for event in await steps(store, ref) if event["step"] == "called_away"]
    assert [event["ticket"] for event in away] == [ticket.id]


@pytest.mark.parametrize("somebody_there", [True, False])
async def test_who_is_away_in_one_of_several_queues_is_told_too(
    store: QueueStore, provider: str, somebody_there: bool
) -> None:
    one, two = QueueRef(provider, "one"), QueueRef(provider, "two")
    first, second = await join(store, one, "anna"), await join(store, two, "bo")
    if somebody_there:
        there = await join(store, two, "there")
    last = await join(store, one, "daniel")
    for ref, ticket, name in ((one, first, "anna"), (two, second, "bo"), (one, last, "daniel")):
        await store.detach(ref, ticket.id, f"{name}-1")
    await store.set_duty(provider, DOCTOR, ["one", "two"])
    for key in ("1", "2"):
        visit = await store.pull(provider, DOCTOR, key)
        assert (visit and visit.ticket) == (there.id if somebody_there else None)
        if visit is not None:
            await store.give_back(two, visit.id, DOCTOR, visit.epoch)
    away = [
        event["ticket"]
        for ref in (one, two)
        for event in await steps(store, ref)
        if event["step"] == "called_away"
    ]
    told = [first.id, second.id] if somebody_there else [first.id, last.id, second.id]
    assert away == told, "each once; not who would not have been next"
