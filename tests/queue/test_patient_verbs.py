from __future__ import annotations

import asyncio

import pytest
from cut_link import Cut, CutLink
from kolapp_queue.errors import NoSuchTicket, StaleEpoch, WrongState
from kolapp_queue.model import ClinicianKey, PatientKey, QueueRef, TicketId
from kolapp_queue.states import TicketState, VisitState
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, join, pull, with_settings

ANNA, BO = PatientKey("anna"), PatientKey("bo")


async def test_numbers_are_drawn_in_the_order_of_joining(store: QueueStore, ref: QueueRef) -> None:
    tickets = [await join(store, ref, name) for name in ("anna", "bo", "cecilia")]
    assert [ticket.number for ticket in tickets] == [1, 2, 3]
    assert (await store.line(ref)).waiting == tuple(ticket.id for ticket in tickets)


async def test_who_joins_in_the_same_millisecond_stands_by_number(
    store: QueueStore, ref: QueueRef
) -> None:
    names = [f"patient{number}" for number in range(300)]
    tickets = await asyncio.gather(*(join(store, ref, name) for name in names))
    by_number = sorted(tickets, key=lambda ticket: ticket.number)
    assert len({ticket.order_key for ticket in tickets}) < len(tickets), "no tie to test"
    assert (await store.line(ref)).waiting == tuple(ticket.id for ticket in by_number)


async def test_joining_twice_keeps_the_ticket(store: QueueStore, ref: QueueRef) -> None:
    first = await join(store, ref, "anna")
    again = await join(store, ref, "anna")
    assert (again.id, again.number) == (first.id, 1)
    assert await store.find(ref, ANNA) == again


async def test_a_join_whose_reply_was_lost_draws_once(
    dying: QueueStore, cut_link: CutLink, ref: QueueRef
) -> None:
    cut_link.after = "queue/join"
    with pytest.raises(Cut):
        await dying.join(ref, ANNA, TicketId("t1"), "c1")
    assert (await dying.join(ref, ANNA, TicketId("t1"), "c1")).number == 1
    assert (await dying.line(ref)).waiting == ("t1",)


async def test_a_late_repeat_of_an_ended_join_draws_nothing(
    store: QueueStore, ref: QueueRef
) -> None:
    await store.join(ref, ANNA, TicketId("t1"), "c1")
    left = await store.leave(ref, TicketId("t1"), ANNA)
    assert await store.join(ref, ANNA, TicketId("t1"), "c1") == left
    assert (await store.line(ref)).waiting == ()


async def test_nobody_gets_at_another_ones_ticket(store: QueueStore, ref: QueueRef) -> None:
    ticket = await join(store, ref, "anna")
    for refused in (
        store.attach(ref, ticket.id, BO, "bo-1"),
        store.leave(ref, ticket.id, BO),
        store.answer(ref, ticket.id, BO, 0),
        store.decline(ref, ticket.id, BO, 0),
        store.join(ref, BO, ticket.id, "bo-1"),
        store.find(ref, BO),
        store.read_ticket(ref, TicketId("none")),
        store.find(QueueRef(ref.provider, "other"), ANNA),
        store.find(QueueRef(f"not-{ref.provider}", ref.queue), ANNA),
    ):
        with pytest.raises(NoSuchTicket):
            await refused
    assert await store.read_ticket(ref, ticket.id) == ticket


async def test_the_newest_connection_wins(store: QueueStore, ref: QueueRef) -> None:
    ticket = await join(store, ref, "anna")
    await store.attach(ref, ticket.id, ANNA, "anna-2")
    await store.detach(ref, ticket.id, "anna-1")
    assert (await store.read_ticket(ref, ticket.id)).present
    # A late repeat of the first attach must not take the ticket back from the living connection.
    await store.attach(ref, ticket.id, ANNA, "anna-1")
    await store.detach(ref, ticket.id, "anna-1")
    assert (await store.read_ticket(ref, ticket.id)).present
    await store.detach(ref, ticket.id, "anna-2")
    assert not (await store.read_ticket(ref, ticket.id)).present
    # But once that one is gone, the old tab may come back.
    assert (await store.attach(ref, ticket.id, ANNA, "anna-1")).present
    await store.detach(ref, ticket.id, "anna-1")
    assert not (await store.read_ticket(ref, ticket.id)).present


async def test_a_detach_of_a_forgotten_ticket_is_no_error(store: QueueStore, ref: QueueRef) -> None:
    await store.detach(ref, TicketId("none"), "c1")


async def test_who_is_away_is_skipped_and_next_on_return(store: QueueStore, ref: QueueRef) -> None:
    anna, bo = await join(store, ref, "anna"), await join(store, ref, "bo")
    await store.detach(ref, anna.id, "anna-1")
    assert (await store.line(ref)).waiting == (anna.id, bo.id)
    visit = await pull(store, ref)
    assert visit.ticket == bo.id
    await store.attach(ref, anna.id, ANNA, "anna-2")
    assert (await pull(store, ref, "another")).ticket == anna.id


async def test_an_attach_that_is_no_news_changes_no_version(
    store: QueueStore, ref: QueueRef
) -> None:
    ticket = await join(store, ref, "anna")
    assert (await store.attach(ref, ticket.id, ANNA, "anna-2")).version == ticket.version
    assert await store.version(ref) == ticket.version


async def test_answering_makes_the_visit_live(store: QueueStore, ref: QueueRef) -> None:
    ticket = await join(store, ref, "anna")
    visit = await pull(store, ref)
    answered = await store.answer(ref, ticket.id, ANNA, visit.epoch)
    assert answered.state is TicketState.IN_VISIT
    assert await store.answer(ref, ticket.id, ANNA, visit.epoch) == answered
    live = await store.read_visit(ref, visit.id)
    assert live.state is VisitState.LIVE
    assert live.answered_ms >= live.called_ms
    with pytest.raises(WrongState, match="in_visit"):
        await store.leave(ref, ticket.id, ANNA)


async def test_a_stale_epoch_answers_nothing(store: QueueStore, ref: QueueRef) -> None:
    ticket = await join(store, ref, "anna")
    first = await pull(store, ref)
    await store.give_back(ref, first.id, DOCTOR, first.epoch)
    with pytest.raises(WrongState, match="waiting"):
        await store.answer(ref, ticket.id, ANNA, first.epoch)
    second = await pull(store, ref, "another")
    for stale in (store.answer, store.decline):
        with pytest.raises(StaleEpoch):
            await stale(ref, ticket.id, ANNA, first.epoch)
    assert (await store.answer(ref, ticket.id, ANNA, second.epoch)).epoch == second.epoch


@pytest.mark.parametrize("verb", ["leave", "decline"])
async def test_who_does_not_take_the_call_frees_the_clinician(
    store: QueueStore, ref: QueueRef, verb: str
) -> None:
    ticket = await join(store, ref, "anna")
    visit = await pull(store, ref)
    args = (visit.epoch,) if verb == "decline" else ()
    left = await getattr(store, verb)(ref, ticket.id, ANNA, *args)
    assert (left.state, left.reason) == (
        TicketState.LEFT,
        {"decline": "declined"}.get(verb, "left"),
    )
    assert (await store.read_visit(ref, visit.id)).state is VisitState.ENDED
    assert (await store.duty(ref.provider, DOCTOR)).visit is None
    assert await getattr(store, verb)(ref, ticket.id, ANNA, *args) == left
    assert (await join(store, ref, "anna")).number == 2


async def test_a_late_answer_counts_while_the_clinician_is_there(
    store: QueueStore, ref: QueueRef
) -> None:
    ticket = await join(store, ref, "anna")
    visit = await pull(with_settings(store, ring_ms=0), ref)
    answered = await store.answer(ref, ticket.id, ANNA, visit.epoch)
    assert answered.state is TicketState.IN_VISIT
    await store.sweep(ref)
    assert (await store.read_ticket(ref, ticket.id)).state is TicketState.IN_VISIT


async def test_a_patient_may_wait_in_two_queues(store: QueueStore, ref: QueueRef) -> None:
    other = QueueRef(ref.provider, "other")
    one, two = await join(store, ref, "anna"), await join(store, other, "anna")
    assert (one.number, two.number) == (1, 1)
    assert (await pull(store, other, ClinicianKey("other-doctor"))).ticket == two.id
    assert (await store.find(ref, ANNA)).state is TicketState.WAITING
