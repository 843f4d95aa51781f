"""Who is pulled: by needs, by priority, by weight, and never in two queues at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from cut_link import Cut, CutLink
from kolapp_queue import keys
from kolapp_queue.errors import (
    NotAllowed,
    NotOnDuty,
    PatientBusy,
    QueueClosed,
    QueueFull,
    TooLate,
    TooManyClasses,
    WrongState,
)
from kolapp_queue.model import ClinicianKey, Needs, PatientKey, Profile, QueueRef, Ticket, TicketId
from kolapp_queue.settings import QueueSettings
from kolapp_queue.states import TicketState
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, answered, join, pull, with_settings

ANNA = PatientKey("anna")
NURSE = ClinicianKey("nurse")


async def ask(store: QueueStore, ref: QueueRef, name: str, needs: Needs, **more: int) -> Ticket:
    return await store.join(ref, PatientKey(name), TicketId(name), f"{name}-1", needs, **more)


async def pulled(store: QueueStore, provider: str, clinician: str, key: str) -> str | None:
    visit = await store.pull(provider, ClinicianKey(clinician), key)
    return visit.ticket if visit else None


async def test_everybody_gets_the_earliest_that_fits(store: QueueStore, ref: QueueRef) -> None:
    await ask(store, ref, "sv", Needs(language="sv"))
    await ask(store, ref, "named", Needs(clinician="nurse"))
    await ask(store, ref, "skill", Needs(skills=("wounds",)))
    await ask(store, ref, "any", Needs())
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    await store.set_duty(ref.provider, NURSE, [ref.queue], Profile(skills=("wounds",)))
    assert await pulled(store, ref.provider, "doctor", "1") == "any"
    assert await pulled(store, ref.provider, "nurse", "1") == "named"
    await store.leave(ref, TicketId("named"), PatientKey("named"))
    assert await pulled(store, ref.provider, "nurse", "2") == "skill"
    await store.leave(ref, TicketId("any"), PatientKey("any"))
    assert await pulled(store, ref.provider, "doctor", "2") is None
    # Who learns a language is offered whoever waits for it.
    await store.set_duty(ref.provider, DOCTOR, [ref.queue], Profile(languages=("sv",)))
    assert await pulled(store, ref.provider, "doctor", "3") == "sv"


async def test_classes_are_bounded_and_make_room(store: QueueStore, ref: QueueRef) -> None:
    for number in range(64):
        await ask(store, ref, f"p{number}", Needs(skills=(f"s{number}",)))
    with pytest.raises(TooManyClasses):
        await ask(store, ref, "late", Needs())
    assert len((await store.line(ref)).waiting) == 64
    same = await ask(store, ref, "same", Needs(skills=("s7",)))
    assert same.state is TicketState.WAITING
    await store.leave(ref, TicketId("p9"), PatientKey("p9"))
    assert (await ask(store, ref, "late", Needs())).state is TicketState.WAITING
    # The class that made room was known to fit; the one that took its place is asked anew.
    can = Profile(skills=("s9",))
    await store.set_duty(ref.provider, DOCTOR, [ref.queue], can)
    assert await pulled(store, ref.provider, "doctor", "1") == "late"


async def test_urgent_counts_as_having_come_earlier(store: QueueStore, ref: QueueRef) -> None:
    await ask(store, ref, "first", Needs())
    urgent = await ask(store, ref, "urgent", Needs(), credit_ms=60_000)
    assert urgent.order_key == urgent.joined_ms - 60_000
    assert urgent.credit_ms == 60_000
    assert (await store.line(ref)).waiting == ("urgent", "first")
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    assert await pulled(store, ref.provider, "doctor", "1") == "urgent"


async def test_a_full_or_closed_queue_draws_no_number(store: QueueStore, ref: QueueRef) -> None:
    first = await ask(store, ref, "first", Needs(), capacity=1)
    with pytest.raises(QueueFull):
        await ask(store, ref, "second", Needs(), capacity=1)
    with pytest.raises(QueueClosed):
        await ask(store, ref, "second", Needs(), closes_ms=first.joined_ms)
    await store.close_early(ref, None, "", "operator")
    with pytest.raises(QueueClosed):
        await ask(store, ref, "second", Needs())
    # Who waits keeps the place, whatever the queue says to others.
    again = await store.join(ref, PatientKey("first"), TicketId("x"), "first-2", capacity=1)
    assert again.id == first.id
    await store.reopen(ref, "op")
    assert (await ask(store, ref, "second", Needs())).number == 2


async def test_a_heavier_queue_goes_first_and_starves_nobody(
    store: QueueStore, provider: str
) -> None:
    heavy, light = QueueRef(provider, "heavy"), QueueRef(provider, "light")
    # Waited, in minutes, by what each counts for: 10, 30, 9, 27.
    for ref, minutes in ((light, 10), (heavy, 10), (light, 9), (heavy, 9), (light, 28)):
        await ask(store, ref, f"{ref.queue}{minutes}", Needs(), credit_ms=minutes * 60_000)
    both = [heavy.queue, light.queue]
    await store.set_duty(provider, DOCTOR, both, weights={"heavy": 3})
    order = []
    for key in range(5):
        visit = await store.pull(provider, DOCTOR, f"k{key}")
        assert visit is not None
        order.append(visit.ticket)
        await store.decline(visit.ref, visit.ticket, PatientKey(visit.ticket), visit.epoch)
    assert order == ["heavy10", "light28", "heavy9", "light10", "light9"]
    with pytest.raises(ValueError, match="weight"):
        await store.set_duty(provider, DOCTOR, both, weights={"heavy": 0})


async def test_who_waits_in_two_queues_is_called_in_one(store: QueueStore, provider: str) -> None:
    one, two = QueueRef(provider, "one"), QueueRef(provider, "two")
    first, second = await join(store, one, "anna"), await join(store, two, "anna")
    behind = await join(store, two, "bo")
    visit = await pull(store, one)
    assert visit.ticket == first.id
    # Skipped and not lost: Bo is called, and Anna when she is free again.
    other = await pull(store, two, "nurse")
    assert other.ticket == behind.id
    colleague = ClinicianKey("colleague")
    await store.set_duty(provider, colleague, ["two"])
    assert await store.pull(provider, colleague, "none") is None
    assert await store.find(two, ANNA) == second
    await store.give_back(one, visit.id, DOCTOR, visit.epoch)
    assert (await pull(store, two, "colleague")).ticket == second.id


async def test_who_joins_another_queue_while_in_a_visit_is_not_called_there(
    store: QueueStore, provider: str
) -> None:
    """The visit was pulled when nobody could know that the patient would be locked."""
    one, two = QueueRef(provider, "one"), QueueRef(provider, "two")
    visit = await answered(store, one, "anna")
    second = await join(store, two, "anna")
    await store.set_duty(provider, NURSE, ["two"])
    assert await store.pull(provider, NURSE, "none") is None
    await store.hang_up(one, visit.id, ANNA, visit.epoch)
    assert (await pull(store, two, "nurse")).ticket == second.id


async def test_two_who_want_the_same_patient_in_two_queues(
    store: QueueStore, provider: str
) -> None:
    refs = [QueueRef(provider, f"queue{number}") for number in range(4)]
    for ref in refs:
        await join(store, ref, "anna")
        await store.set_duty(provider, ClinicianKey(ref.queue), [ref.queue])
    for turn in range(5):
        got = await asyncio.gather(
            *(store.pull(provider, ClinicianKey(ref.queue), f"k{turn}") for ref in refs)
        )
        visits = [visit for visit in got if visit]
        assert len(visits) <= 1
        for visit in visits:
            await store.give_back(visit.ref, visit.id, visit.clinician, visit.epoch)


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("script", ["patient/lock", "queue/pull", "patient/release"])
async def test_a_pull_that_died_with_the_patient_locked_is_mended(
    store: QueueStore,
    dying: QueueStore,
    cut_link: CutLink,
    provider: str,
    script: str,
    side: str,
) -> None:
    one, two = QueueRef(provider, "one"), QueueRef(provider, "two")
    await join(store, one, "anna")
    await join(store, two, "anna")
    await store.set_duty(provider, DOCTOR, ["one"])
    setattr(cut_link, side, script)
    try:
        visit = await dying.pull(provider, DOCTOR, "dead")
    except Cut:
        visit = (await store.duty(provider, DOCTOR)).visit
    else:
        assert visit is not None
        with pytest.raises(Cut):
            await dying.give_back(one, visit.id, DOCTOR, visit.epoch)
        visit = None
    await store.set_duty(provider, NURSE, ["two"])
    got = await store.pull(provider, NURSE, "alive")
    assert (got is None) is (visit is not None), "called in exactly one of the two"


async def test_a_very_ticket_needs_the_board_and_a_reason(store: QueueStore, ref: QueueRef) -> None:
    await join(store, ref, "anna")
    wanted = await ask(store, ref, "bo", Needs(skills=("rare",)))
    with pytest.raises(NotAllowed):
        await store.pull_ticket(ref, wanted.id, DOCTOR, "key", "in pain")
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    with pytest.raises(NotAllowed):
        await store.pull_ticket(ref, wanted.id, DOCTOR, "key", "in pain")
    await store.set_duty(ref.provider, DOCTOR, [ref.queue], Profile(board=True, unit="ward"))
    with pytest.raises(NotAllowed):
        await store.pull_ticket(ref, wanted.id, DOCTOR, "key", "")
    other = QueueRef(ref.provider, "other")
    with pytest.raises(NotOnDuty):
        await store.pull_ticket(other, wanted.id, DOCTOR, "key", "in pain")
    visit = await store.pull_ticket(ref, wanted.id, DOCTOR, "key", "in pain")
    assert (visit.ticket, visit.unit) == (wanted.id, "ward")
    assert await store.pull_ticket(ref, wanted.id, DOCTOR, "key", "in pain") == visit
    await store.set_duty(ref.provider, NURSE, [ref.queue], Profile(board=True))
    with pytest.raises(WrongState, match="called"):
        await store.pull_ticket(ref, wanted.id, NURSE, "key", "in pain")
    assert await pulled(store, ref.provider, "nurse", "free") is not None


async def test_a_very_patient_who_is_busy_elsewhere(store: QueueStore, provider: str) -> None:
    one, two = QueueRef(provider, "one"), QueueRef(provider, "two")
    await join(store, one, "anna")
    second = await join(store, two, "anna")
    await pull(store, one)
    await store.set_duty(provider, NURSE, ["two"], Profile(board=True))
    with pytest.raises(PatientBusy):
        await store.pull_ticket(two, second.id, NURSE, "key", "asked for")
    assert (await store.duty(provider, NURSE)).visit is None


async def test_a_pull_can_be_undone_at_once_only(store: QueueStore, ref: QueueRef) -> None:
    ticket = await join(store, ref, "anna")
    visit = await pull(store, ref)
    ended = await store.undo_pull(ref, visit.id, DOCTOR, visit.epoch)
    assert ended.reason == "undone"
    assert await store.undo_pull(ref, visit.id, DOCTOR, visit.epoch) == ended
    back = await store.read_ticket(ref, ticket.id)
    assert (back.state, back.order_key, back.number) == (
        TicketState.WAITING,
        ticket.order_key,
        ticket.number,
    )
    late = await pull(with_settings(store, undo_ms=0), ref)
    with pytest.raises(TooLate):
        await store.undo_pull(ref, late.id, DOCTOR, late.epoch)
    await store.give_back(ref, late.id, DOCTOR, late.epoch)


async def test_wrap_up_follows_a_visit_until_ready_or_the_next_pull(
    store: QueueStore, ref: QueueRef
) -> None:
    wrapping = with_settings(store, wrap_up_ms=60_000)
    for how in ("pull", "ready"):
        visit = await answered(wrapping, ref, f"anna-{how}")
        ended = await wrapping.hang_up(ref, visit.id, DOCTOR, visit.epoch)
        duty = await store.duty(ref.provider, DOCTOR)
        assert duty.wrap_up_until_ms >= ended.ended_ms + 60_000
        # A renewal is no word of the clinician.
        await store.set_duty(ref.provider, DOCTOR, [ref.queue])
        assert (await store.duty(ref.provider, DOCTOR)).wrap_up_until_ms > 0
        if how == "ready":
            duty = await store.end_wrap_up(ref.provider, DOCTOR)
        else:
            await join(store, ref, "bo")
            visit = await pull(store, ref)
            duty = await store.duty(ref.provider, DOCTOR)
            await store.decline(ref, visit.ticket, PatientKey("bo"), visit.epoch)
        assert duty.wrap_up_until_ms == 0
    # A call that came to nothing needs no notes.
    await join(wrapping, ref, "cecilia")
    visit = await pull(wrapping, ref)
    await wrapping.give_back(ref, visit.id, DOCTOR, visit.epoch)
    assert (await store.duty(ref.provider, DOCTOR)).wrap_up_until_ms == 0


class CountingLink(CutLink):
    def __init__(self, url: str, one_server: bool) -> None:
        super().__init__(url, one_server)
        self.ran: list[str] = []

    async def _run(
        self, name: str, shared: Sequence[str], own: Sequence[str], args: Sequence[str | int]
    ) -> dict[str, Any]:
        self.ran.append(name)
        return await super()._run(name, shared, own, args)


@pytest.mark.parametrize("one_server", [True, False])
async def test_how_many_round_trips_a_join_and_a_pull_are(
    store_url: str, provider: str, one_server: bool
) -> None:
    link = CountingLink(store_url, one_server)
    store, one, two = QueueStore(link, QueueSettings()), *refs(provider, "one", "two")
    both = link.one_server  # a cluster is not one, whatever is asked for
    try:
        await join(store, one, "anna")
        assert link.ran == (["both/join"] if both else ["patient/enter", "queue/join"])
        await store.set_duty(provider, DOCTOR, ["one"])
        link.ran.clear()
        visit = await store.pull(provider, DOCTOR, "key")
        assert visit is not None
        assert link.ran == (["both/pull"] if both else ["clinician/lock", "queue/pull"])
        await store.give_back(one, visit.id, DOCTOR, visit.epoch)

        await store.set_duty(provider, DOCTOR, ["one", "two"])
        await join(store, two, "bo")
        link.ran.clear()
        assert await store.pull(provider, DOCTOR, "another") is not None
        pull = ["both/pull"] if both else ["clinician/lock", "queue/pull"]
        assert link.ran == ["clinician/lock", "queue/head", "queue/head", *pull]
    finally:
        await link.close()


def refs(provider: str, *queues: str) -> list[QueueRef]:
    return [QueueRef(provider, queue) for queue in queues]


async def test_each_queue_has_settings_of_its_own(store: QueueStore, provider: str) -> None:
    long, short = QueueRef(provider, "long"), QueueRef(provider, "short")
    each = {long: QueueSettings(ring_ms=90_000), short: QueueSettings(ring_ms=10_000)}
    store = QueueStore(store._link, QueueSettings(), each.__getitem__)
    for ref, settings in each.items():
        await join(store, ref, f"anna-{ref.queue}")
        visit = await pull(store, ref, f"doctor-{ref.queue}")
        assert visit.ring_until_ms - visit.called_ms == settings.ring_ms


async def test_who_is_refused_in_another_queue_is_not_remembered_there(
    store: QueueStore, provider: str
) -> None:
    """A ticket's end takes back what its queue knows of a patient: without one nobody would."""
    one, two = QueueRef(provider, "one"), QueueRef(provider, "two")
    await join(store, one, "anna")
    await join(store, two, "bo")
    with pytest.raises(QueueFull):
        await store.join(two, ANNA, TicketId("refused"), "c", capacity=1)
    shared = keys.queue_key(two, "shared")
    assert await store._link.do(lambda redis: redis.smembers(shared)) == set()
    await join(store, two, "anna")
    assert await store._link.do(lambda redis: redis.smembers(shared)) == {ANNA.encode()}


@pytest.mark.parametrize(
    ("settings", "ways"),
    [
        ({}, ("bridge", False, False)),
        ({"mode": "direct"}, ("direct", False, False)),
        ({"mode": "direct", "direct_relay_only": True}, ("direct", True, False)),
        ({"direct_relay_only": True, "encrypted": True}, ("bridge", False, True)),
    ],
)
async def test_a_visit_goes_in_the_ways_of_its_queue(
    store: QueueStore, ref: QueueRef, settings: dict[str, Any], ways: tuple[str, bool, bool]
) -> None:
    there = with_settings(store, **settings)
    visits = [await answered(there, ref, "anna")]
    await there.hang_up(ref, visits[0].id, DOCTOR, visits[0].epoch)
    # The second pull knows the clinician's record: on one server it is one step.
    visits.append(await answered(there, ref, "berit"))
    assert [(v.mode, v.relay_only, v.encrypted) for v in visits] == [ways, ways]
    assert (await there.read_ticket(ref, visits[1].ticket)).encrypted == ways[2]
