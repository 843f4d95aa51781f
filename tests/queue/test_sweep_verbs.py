"""The end of a queue's day: who still waits is told so, and nobody else is concerned."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kolapp_queue import sweep_verbs
from kolapp_queue.audit_stream import read_after
from kolapp_queue.errors import QueueClosed
from kolapp_queue.hours import OpeningHours
from kolapp_queue.model import ClinicianKey, PatientKey, QueueRef
from kolapp_queue.policy import PolicySet, QueuePolicy
from kolapp_queue.policy_book import PolicyBook, UnreadablePolicies, publish
from kolapp_queue.states import TicketState
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, Timetable, answered, join, pull, with_settings

HOUR_MS = 3_600_000
SHUT = OpeningHours(((),) * 7)


def going_by(store: QueueStore, *policies: QueuePolicy) -> QueueStore:
    there = with_settings(store)
    there.timetable = PolicyBook(PolicySet(policies))
    return there


def policy(ref: QueueRef, drain_ms: int | None) -> QueuePolicy:
    return QueuePolicy(ref.provider, ref.queue, drain_ms=drain_ms)


async def test_whoever_still_waits_at_the_end_of_the_drain_is_told_that_it_closed(
    store: QueueStore, ref: QueueRef
) -> None:
    visit = await answered(store, ref, "seen")
    called_for = await join(store, ref, "called")
    call = await pull(store, ref, "colleague")
    there, away = await join(store, ref, "there"), await join(store, ref, "away")
    await store.detach(ref, away.id, "away-1")
    there_too = going_by(store, policy(ref, drain_ms=0))
    await store.close_early(ref, None, "The doctor is ill.", "op")
    await there_too.sweep(ref)
    for ended in (there, away):
        ticket = await store.read_ticket(ref, ended.id)
        assert (ticket.state, ticket.reason) == (TicketState.EXPIRED, "closed")
    assert (await store.line(ref)).waiting == ()
    told = [entry.event for entry in (await read_after(store._link, ref, None)).entries]
    assert [(e["ticket"], e["role"]) for e in told if e["step"] == "close"] == [
        (there.id, "clock"),
        (away.id, "clock"),
    ]
    # A call goes on, and so does a visit; who comes back into the line has come too late.
    assert (await store.read_visit(ref, visit.id)).state == "live"
    assert (await store.find(ref, PatientKey("called"))).state is TicketState.CALLED
    await store.give_back(ref, call.id, call.clinician, call.epoch)
    await there_too.sweep(ref)
    assert (await store.read_ticket(ref, called_for.id)).reason == "closed"


@pytest.mark.parametrize("drain_ms", [None, HOUR_MS])
async def test_until_then_everybody_keeps_the_place_and_the_sweeper_knows_when(
    store: QueueStore, ref: QueueRef, drain_ms: int | None
) -> None:
    ticket = await join(store, ref, "anna")
    there = going_by(store, policy(ref, drain_ms))
    said = await store.close_early(ref, None, "", "op")
    assert said.closing is not None
    next_ms = await there.sweep(ref)
    assert next_ms == (0 if drain_ms is None else said.closing.since_ms + drain_ms)
    assert (await store.line(ref)).waiting == (ticket.id,)


async def test_opening_hours_that_are_over_end_the_day_too(
    store: QueueStore, ref: QueueRef
) -> None:
    ticket = await join(store, ref, "anna")
    shut = replace(policy(ref, drain_ms=0), week=SHUT.week)
    await going_by(store, shut).sweep(ref)
    assert (await store.read_ticket(ref, ticket.id)).reason == "closed"


async def test_a_node_with_old_policies_sends_nobody_away(store: QueueStore, ref: QueueRef) -> None:
    ticket = await join(store, ref, "anna")
    shut = replace(policy(ref, drain_ms=0), week=SHUT.week)
    there = going_by(store, shut)
    open_ = PolicySet((policy(ref, drain_ms=None),))
    await publish(store, open_)
    await there.sweep(ref)
    assert (await store.line(ref)).waiting == (ticket.id,)
    book = there.timetable
    assert isinstance(book, PolicyBook)
    await book.refresh(store)
    await there.sweep(ref)
    assert (await store.line(ref)).waiting == (ticket.id,)


async def test_a_node_that_cannot_read_the_newest_policies_sends_nobody_away(
    store: QueueStore, ref: QueueRef
) -> None:
    ticket = await join(store, ref, "anna")
    there = going_by(store, replace(policy(ref, drain_ms=0), week=SHUT.week))
    book = there.timetable
    assert isinstance(book, PolicyBook)
    await store.publish_policies(b"\xc1", "digest")
    with pytest.raises(UnreadablePolicies):
        await book.refresh(store)
    await there.sweep(ref)
    assert (await store.line(ref)).waiting == (ticket.id,)


async def test_a_queue_that_was_reopened_meanwhile_sends_nobody_away(
    store: QueueStore, ref: QueueRef
) -> None:
    ticket = await join(store, ref, "anna")
    await store.close_early(ref, None, "", "op")
    there = going_by(store, policy(ref, drain_ms=0))
    due = await there._due(ref)
    await store.reopen(ref, "op")
    await there._close(ref, due)
    assert (await store.line(ref)).waiting == (ticket.id,)


async def test_the_end_of_the_day_is_bounded_and_says_when_there_is_more(
    store: QueueStore, ref: QueueRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_verbs, "SWEEP_MOST", 2)
    there = with_settings(store)
    there.timetable = Timetable(1)
    for number in range(3):
        await join(store, ref, f"patient{number}")
    assert await there.sweep(ref) == 1, "in the past: there is more"
    assert len((await store.line(ref)).waiting) == 1
    assert await there.sweep(ref) != 1
    assert (await store.line(ref)).waiting == ()


async def test_nobody_is_transferred_to_where_nobody_may_wait(
    store: QueueStore, ref: QueueRef
) -> None:
    visit = await answered(store, ref, "anna")
    there = with_settings(store)
    there.timetable = Timetable(1)
    with pytest.raises(QueueClosed):
        await there.transfer(ref, visit.id, DOCTOR, visit.epoch, "other")
    assert (await store.read_visit(ref, visit.id)).state == "live"
    there.timetable = Timetable(None)
    ticket = await there.transfer(ref, visit.id, DOCTOR, visit.epoch, "other")
    assert ticket.ref.queue == "other"
    there.timetable = Timetable(1)
    again = await there.transfer(ref, visit.id, DOCTOR, visit.epoch, "other")
    assert again == ticket, "a repeat is told what it did"


async def test_a_transfer_leads_to_no_queue_that_is_closed_and_has_nobody(
    store: QueueStore, ref: QueueRef
) -> None:
    """One that serves who waits to the end, and has nobody left who could."""
    visit = await answered(store, ref, "anna")
    other = QueueRef(ref.provider, "other")
    there = going_by(store, replace(policy(other, drain_ms=None), week=SHUT.week))
    with pytest.raises(QueueClosed):
        await there.transfer(ref, visit.id, DOCTOR, visit.epoch, "other")
    with pytest.raises(QueueClosed):
        await there.transfer(ref, visit.id, DOCTOR, visit.epoch, "not-configured")
    assert (await store.read_visit(ref, visit.id)).state == "live"
    await store.set_duty(ref.provider, ClinicianKey("late"), ["other"])
    ticket = await there.transfer(ref, visit.id, DOCTOR, visit.epoch, "other")
    assert (ticket.ref, (await store.line(other)).waiting) == (other, (ticket.id,))
