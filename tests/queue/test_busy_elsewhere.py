"""Who waits in two queues is called in one at a time, and loses nothing in the other."""

from __future__ import annotations

import asyncio

import pytest
from cut_link import CutLink
from kolapp_queue.model import ClinicianKey, PatientKey, QueueRef, Ticket, Visit
from kolapp_queue.places import positions
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, join, pull, with_settings

ANNA = PatientKey("anna")
NURSE, THIRD = ClinicianKey("nurse"), ClinicianKey("third")


@pytest.fixture
def one(provider: str) -> QueueRef:
    return QueueRef(provider, "one")


@pytest.fixture
def two(provider: str) -> QueueRef:
    return QueueRef(provider, "two")


async def in_both(store: QueueStore, one: QueueRef, two: QueueRef) -> tuple[Ticket, Ticket]:
    return await join(store, one, "anna"), await join(store, two, "anna")


async def a_moment_after(store: QueueStore, ticket: Ticket) -> None:
    """Who joins another queue in the same millisecond has waited as long."""
    while (await store.line(ticket.ref)).now_ms <= ticket.joined_ms:
        pass


async def end_without_a_visit(store: QueueStore, how: str, visit: Visit) -> None:
    if how == "give_back":
        await store.give_back(visit.ref, visit.id, visit.clinician, visit.epoch)
    elif how == "undo":
        await store.undo_pull(visit.ref, visit.id, visit.clinician, visit.epoch)
    elif how == "decline":
        await store.decline(visit.ref, visit.ticket, ANNA, visit.epoch)
    elif how == "leave":
        await store.leave(visit.ref, visit.ticket, ANNA)
    else:
        await with_settings(store, ring_ms=-1).sweep(visit.ref)


@pytest.mark.parametrize("how", ["give_back", "undo", "decline", "leave", "miss"])
async def test_who_is_called_is_passed_over_elsewhere_and_has_the_place_as_before(
    store: QueueStore, one: QueueRef, two: QueueRef, how: str
) -> None:
    _, there = await in_both(store, one, two)
    bo, cecilia = await join(store, two, "bo"), await join(store, two, "cecilia")
    await store.set_duty(one.provider, DOCTOR, ["one"])
    hasty = with_settings(store, ring_ms=-1) if how == "miss" else store
    visit = await hasty.pull(one.provider, DOCTOR, "key")
    assert visit is not None
    assert (await pull(store, two, NURSE)).ticket == bo.id, "passed over"
    line = await store.line(two)
    assert (line.waiting, positions(line)) == ((there.id, cecilia.id), [1, 2]), "not removed"
    assert await store.read_ticket(two, there.id) == there
    await end_without_a_visit(store, how, visit)
    assert (await pull(store, two, THIRD)).ticket == there.id, "as before"


async def test_whose_first_one_is_busy_goes_on_with_who_has_waited_longest_of_all(
    store: QueueStore, one: QueueRef, two: QueueRef
) -> None:
    await in_both(store, one, two)
    zoe = await join(store, two, "zoe")
    await a_moment_after(store, zoe)
    await join(store, one, "bo")
    await pull(store, two)  # anna
    await store.set_duty(one.provider, NURSE, ["one", "two"])
    visit = await store.pull(one.provider, NURSE, "key")
    assert visit is not None
    assert visit.ticket == zoe.id, "and not the next in the queue where anna was the first"


async def test_many_who_are_busy_are_passed_over_in_each_queue(
    store: QueueStore, one: QueueRef, two: QueueRef
) -> None:
    for number in range(20):
        for ref in (one, two) if number % 2 else (two, one):
            await join(store, ref, f"busy{number}")
    for number in range(20):
        await pull(store, one, f"doctor{number}")
    first = await join(store, two, "first")
    await a_moment_after(store, first)
    second = await join(store, one, "second")
    await store.set_duty(one.provider, NURSE, ["one", "two"])
    for key, ticket in (("k1", first), ("k2", second)):
        visit = await store.pull(one.provider, NURSE, key)
        assert visit is not None
        assert visit.ticket == ticket.id
        await store.decline(visit.ref, ticket.id, ticket.patient, visit.epoch)
    assert await store.pull(one.provider, NURSE, "k3") is None


async def test_somebody_gets_whom_all_want(store: QueueStore, provider: str) -> None:
    """A lock alone makes nobody busy: of those who want her at once, one has her in the end."""
    refs = [QueueRef(provider, f"queue{number}") for number in range(4)]
    for ref in refs:
        await join(store, ref, "anna")
        await store.set_duty(provider, ClinicianKey(ref.queue), [ref.queue])
    for turn in range(10):
        got = await asyncio.gather(
            *(store.pull(provider, ClinicianKey(ref.queue), f"k{turn}") for ref in refs)
        )
        [visit] = [visit for visit in got if visit]
        await store.give_back(visit.ref, visit.id, visit.clinician, visit.epoch)


async def test_a_lock_that_others_take_and_give_up_is_no_reason_to_pass_over(
    store: QueueStore, dying: QueueStore, cut_link: CutLink, one: QueueRef, two: QueueRef
) -> None:
    _, there = await in_both(store, one, two)
    await join(store, two, "bo")
    await store.set_duty(two.provider, NURSE, ["two"])

    async def lock(number: int) -> None:
        """By a pull in the other queue that never comes."""
        ghost = (one.queue, f"visit{number}", f"ghost{number}", 1, 60_000)
        await store._link.patient("lock", one.provider, ANNA, *ghost)

    async def another() -> None:
        cut_link.meanwhile["patient/lock"] = lambda: lock(2)

    await lock(1)
    cut_link.meanwhile["patient/release"] = another
    visit = await dying.pull(two.provider, NURSE, "key")
    assert cut_link.meanwhile == {}
    assert visit is not None
    assert visit.ticket == there.id


async def test_who_was_called_here_and_given_back_meanwhile_is_not_passed_over(
    store: QueueStore, dying: QueueStore, cut_link: CutLink, one: QueueRef, two: QueueRef
) -> None:
    """A colleague was faster, and changed their mind before this pull was through: in the same
    queue, so nobody was busy elsewhere."""
    _, there = await in_both(store, one, two)
    await join(store, two, "bo")
    await store.set_duty(two.provider, NURSE, ["two"])
    colleague: list[Visit] = []

    async def faster() -> None:
        colleague.append(await pull(store, two, THIRD))
        cut_link.meanwhile["queue/pull"] = changed_their_mind

    async def changed_their_mind() -> None:
        [visit] = colleague
        await store.give_back(two, visit.id, THIRD, visit.epoch)

    cut_link.meanwhile["patient/lock"] = faster
    visit = await dying.pull(two.provider, NURSE, "key")
    assert cut_link.meanwhile == {}
    assert visit is not None
    assert visit.ticket == there.id
