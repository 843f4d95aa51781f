"""Why a place rose, found out afterwards; beside a node that was there all the time."""

from __future__ import annotations

import pytest
from kolapp_queue import upkeep
from kolapp_queue.model import ClinicianKey, Needs, PatientKey, Profile, QueueRef, Ticket, TicketId
from kolapp_queue.places import positions
from kolapp_queue.rises import CAME, WENT, WENT_UNCALLED
from kolapp_queue.states import STEPS, Rise, TicketState
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, join, pull, with_settings

HOUR = 3_600_000
ANYBODY = Needs()
DOCTORS, NURSES = Needs(profession="doctor"), Needs(profession="nurse")


async def urgent(store: QueueStore, ref: QueueRef, name: str, needs: Needs = ANYBODY) -> Ticket:
    ticket = TicketId(f"{name}-t")
    return await store.join(ref, PatientKey(name), ticket, "c", needs, credit_ms=HOUR)


async def why(store: QueueStore, ticket: Ticket) -> Rise | None:
    """As a node finds out that comes to it now."""
    line = await store.line(ticket.ref)
    recent = await store.recent(line)
    return recent.why_risen(line.waiting.index(ticket.id))


async def leave(store: QueueStore, ticket: Ticket) -> None:
    await store.leave(ticket.ref, ticket.id, ticket.patient)


@pytest.fixture
async def on_duty(store: QueueStore, ref: QueueRef) -> None:
    """Who is on duty before anybody comes puts nobody back."""
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])


async def test_an_urgent_patient_is_named_until_the_place_falls(
    store: QueueStore, ref: QueueRef, on_duty: None
) -> None:
    anna, bo = await join(store, ref, "anna"), await join(store, ref, "bo")
    assert await why(store, bo) is None
    first = await urgent(store, ref, "urgent")
    assert await why(store, first) is None, "nobody came in front of her"
    assert await why(store, bo) is Rise.URGENT
    cecilia = await join(store, ref, "cecilia")
    assert await why(store, cecilia) is None, "she came later"
    await leave(store, cecilia)
    assert await why(store, bo) is Rise.URGENT, "somebody behind him went"
    await leave(store, anna)
    assert await why(store, bo) is None, "his place has fallen"


async def test_a_pull_makes_the_place_fall_and_giving_back_makes_it_rise(
    store: QueueStore, ref: QueueRef
) -> None:
    anna, bo = await join(store, ref, "anna"), await join(store, ref, "bo")
    visit = await pull(store, ref)
    assert visit.ticket == anna.id
    await store.give_back(ref, visit.id, DOCTOR, visit.epoch)
    assert await why(store, bo) is Rise.GIVEN_BACK
    assert await why(store, anna) is None, "she came back herself"
    await pull(store, ref)
    assert await why(store, bo) is None
    # Who gives up a call has been away from the line already.
    await urgent(store, ref, "urgent")
    await leave(store, anna)
    assert await why(store, bo) is Rise.URGENT


async def test_only_those_who_share_a_clinician_are_concerned(
    store: QueueStore, ref: QueueRef
) -> None:
    for name, profession in (("doctor", "doctor"), ("nurse", "nurse")):
        profile = Profile(professions=(profession,))
        await store.set_duty(ref.provider, ClinicianKey(name), [ref.queue], profile)
    anna = await store.join(ref, PatientKey("anna"), TicketId("anna-t"), "c", DOCTORS)
    bo = await store.join(ref, PatientKey("bo"), TicketId("bo-t"), "c", NURSES)
    await urgent(store, ref, "urgent", NURSES)
    assert await why(store, anna) is None
    assert await why(store, bo) is Rise.URGENT
    await leave(store, anna)
    assert await why(store, bo) is Rise.URGENT


async def test_a_clinician_who_came_is_named_by_those_who_are_behind_for_it(
    store: QueueStore, ref: QueueRef
) -> None:
    nurse = Profile(professions=("nurse",))
    await store.set_duty(ref.provider, ClinicianKey("nurse"), [ref.queue], nurse)
    anna = await store.join(ref, PatientKey("anna"), TicketId("anna-t"), "c", DOCTORS)
    bo = await store.join(ref, PatientKey("bo"), TicketId("bo-t"), "c", NURSES)
    assert positions(await store.line(ref)) == [1, 1]
    both = Profile(professions=("doctor", "nurse"))
    await store.set_duty(ref.provider, DOCTOR, [ref.queue], both)
    assert positions(await store.line(ref)) == [1, 2]
    assert await why(store, anna) is None, "nobody is ahead of her all the same"
    assert await why(store, bo) is Rise.CLINICIAN_CAME
    await store.set_duty(ref.provider, DOCTOR, [])
    assert await why(store, bo) is None


async def test_what_is_longer_ago_than_what_is_looked_at_is_not_named(
    store: QueueStore, ref: QueueRef, on_duty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    bo = await join(store, ref, "bo")
    await urgent(store, ref, "urgent")
    monkeypatch.setattr(upkeep, "RECENT_EVENTS", 3)
    await join(store, ref, "cecilia")
    assert await why(store, bo) is Rise.URGENT
    for name in ("d", "e"):
        await join(store, ref, name)
    assert await why(store, bo) is None


async def test_a_missed_call_and_a_vanished_clinician(store: QueueStore, ref: QueueRef) -> None:
    for name, cause in (("anna", Rise.RETURNED), ("cecilia", Rise.GIVEN_BACK)):
        first = await join(store, ref, name)
        second = await join(store, ref, f"{name}-behind")
        hasty = (
            with_settings(store, ring_ms=-1)
            if cause is Rise.RETURNED
            else with_settings(store, duty_lease_ms=-1)
        )
        await store.set_duty(ref.provider, DOCTOR, [ref.queue])
        visit = await hasty.pull(ref.provider, DOCTOR, name)
        assert visit is not None
        assert visit.ticket == first.id
        await hasty.sweep(ref)
        assert await why(store, second) is cause
        for ticket in (first, second):
            await leave(store, ticket)


def test_every_step_that_changes_the_line_is_known() -> None:
    waiting = TicketState.WAITING
    came = {s.name for s in STEPS if s.after is waiting and s.before is not waiting}
    went = {s.name for s in STEPS if s.before is waiting and s.after is not waiting}
    assert came == CAME
    assert went == (WENT | WENT_UNCALLED) - {"set_aside"}
