from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

import msgpack
import pytest
from kolapp_queue.errors import (
    BadCode,
    GuestsFull,
    NoSuchVisit,
    QueueError,
    StaleEpoch,
    WrongState,
)
from kolapp_queue.guest_verbs import Invitation, Inviter
from kolapp_queue.keys import queue_key
from kolapp_queue.model import ClinicianKey, Guest, GuestId, PatientKey, Profile, QueueRef, Visit
from kolapp_queue.sealing import KeyRing
from kolapp_queue.states import GUESTS, GuestState
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, answered, join, pull, with_settings

RING = KeyRing.parse(KeyRing.new_line("k1"))
ANNA = PatientKey("anna")
BY_DOCTOR = Inviter.clinician(DOCTOR)
BACKEND = Inviter.backend("booking")
_numbers = itertools.count(1)


def asked(key: str = "", kind: str = "interpreter", valid_ms: int = 60_000) -> Invitation:
    number = next(_numbers)
    return Invitation(
        key or f"key{number}", kind, GuestId(f"id{number}"), f"digest{number}", valid_ms
    )


async def invited(store: QueueStore, ref: QueueRef, visit: Visit, invitation: Invitation) -> Guest:
    _, guest = await store.invite(ref, visit.id, BY_DOCTOR, visit.epoch, invitation)
    return guest


async def came(store: QueueStore, ref: QueueRef, visit: Visit) -> Guest:
    """Somebody invited, and in."""
    invitation = asked()
    guest = await invited(store, ref, visit, invitation)
    now = await store.redeem(ref, visit.id, guest.id, invitation.digest, "k")
    found = now.guest(guest.id)
    assert found is not None
    return found


async def events(store: QueueStore, ref: QueueRef) -> list[dict[str, object]]:
    key = queue_key(ref, "events")
    entries = await store._link.do(lambda redis: redis.xrange(key))
    told = [msgpack.unpackb(fields[b"e"]) for _, fields in entries]
    return [event for event in told if event["step"] in GUESTS]


async def test_a_guest_is_invited_comes_and_goes(store: QueueStore, ref: QueueRef) -> None:
    visit = await answered(store, ref, "anna")
    invitation = asked(kind="guardian")
    after, guest = await store.invite(ref, visit.id, BY_DOCTOR, visit.epoch, invitation)
    assert (guest.seat, guest.kind, guest.state) == ("guest1", "guardian", GuestState.INVITED)
    assert after.version > visit.version  # so that all hear of it
    assert (await store.read_visit(ref, visit.id)).guests == (guest,)

    joined = await store.redeem(ref, visit.id, guest.id, invitation.digest, "k")
    assert joined.version > after.version
    assert [(each.id, each.is_in) for each in joined.guests] == [(guest.id, True)]

    gone = await store.leave_visit(ref, visit.id, guest.id)
    assert [each.state for each in gone.guests] == [GuestState.LEFT]
    assert (gone.state, gone.version) == (visit.state, joined.version + 1)
    assert await store.leave_visit(ref, visit.id, guest.id) == gone


async def test_a_code_works_once_and_for_its_guest_only(store: QueueStore, ref: QueueRef) -> None:
    visit, other = await answered(store, ref, "anna"), await answered(store, ref, "bo", "colleague")
    invitation = asked()
    guest = await invited(store, ref, visit, invitation)
    for where, whom, digest in (
        (other.id, guest.id, invitation.digest),
        (visit.id, GuestId("somebody"), invitation.digest),
        (visit.id, guest.id, "another"),
    ):
        with pytest.raises(BadCode):
            await store.redeem(ref, where, whom, digest, "k")
    tries = [
        store.redeem(ref, visit.id, guest.id, invitation.digest, f"k{number}")
        for number in range(5)
    ]
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, Visit) for one in found) == 1
    assert sum(isinstance(one, BadCode) for one in found) == 4


async def test_who_came_in_may_say_so_again(store: QueueStore, ref: QueueRef) -> None:
    visit, invitation = await answered(store, ref, "anna"), asked()
    guest = await invited(store, ref, visit, invitation)
    first = await store.redeem(ref, visit.id, guest.id, invitation.digest, "mine")
    assert await store.redeem(ref, visit.id, guest.id, invitation.digest, "mine") == first
    await store.leave_visit(ref, visit.id, guest.id)
    with pytest.raises(BadCode):
        await store.redeem(ref, visit.id, guest.id, invitation.digest, "mine")


async def test_an_invitation_said_again_is_the_same_under_a_new_code(
    store: QueueStore, ref: QueueRef
) -> None:
    visit, first = await answered(store, ref, "anna"), asked("once")
    guest = await invited(store, ref, visit, first)
    assert await invited(store, ref, visit, first) == guest  # its answer was lost on the way
    second = asked("once")
    assert (await invited(store, ref, visit, second)).id == guest.id
    with pytest.raises(BadCode):
        await store.redeem(ref, visit.id, guest.id, first.digest, "k")
    await store.redeem(ref, visit.id, guest.id, second.digest, "k")
    with pytest.raises(WrongState):  # or a second person would come to the same seat
        await invited(store, ref, visit, asked("once"))


async def test_as_many_as_the_queue_allows(store: QueueStore, ref: QueueRef) -> None:
    for most in (0, 1, 2):
        there = QueueRef(ref.provider, f"of-{most}")
        allowing = with_settings(store, guests=most)
        visit = await answered(allowing, there, f"patient{most}", f"doctor{most}")
        assert visit.most_guests == most
        by = Inviter.clinician(visit.clinician)
        guests = [
            (await store.invite(there, visit.id, by, visit.epoch, asked()))[1] for _ in range(most)
        ]
        assert [guest.seat for guest in guests] == ["guest1", "guest2"][:most]
        with pytest.raises(GuestsFull):
            await store.invite(there, visit.id, by, visit.epoch, asked())


async def test_a_seat_is_free_again_once_nobody_has_it(store: QueueStore, ref: QueueRef) -> None:
    visit = await answered(store, ref, "anna")
    one, two = await came(store, ref, visit), await came(store, ref, visit)
    with pytest.raises(GuestsFull):
        await invited(store, ref, visit, asked())
    await store.remove_guest(ref, visit.id, BY_DOCTOR, visit.epoch, one.seat)
    late = await invited(store, ref, visit, asked(valid_ms=0))
    assert (late.seat, late.is_awaited(late.until_ms)) == ("guest1", False)
    third = await came(store, ref, visit)  # nobody used the invitation in time
    assert third.seat == "guest1"
    assert third.id not in (one.id, two.id, late.id)


async def test_an_invitation_that_nobody_used_in_time_is_void(
    store: QueueStore, ref: QueueRef
) -> None:
    visit, invitation = await answered(store, ref, "anna"), asked(valid_ms=0)
    guest = await invited(store, ref, visit, invitation)
    with pytest.raises(BadCode):
        await store.redeem(ref, visit.id, guest.id, invitation.digest, "k")


async def test_a_removed_guest_is_out_for_good(store: QueueStore, ref: QueueRef) -> None:
    visit = await answered(store, ref, "anna")
    guest = await came(store, ref, visit)
    await store.say(ref, visit.id, guest.id, visit.epoch, "k", "Hej", RING)
    for _ in range(2):
        gone = await store.remove_guest(ref, visit.id, BY_DOCTOR, visit.epoch, guest.seat)
        assert [each.state for each in gone.guests] == [GuestState.REMOVED]
    for refused in (
        store.redeem(ref, visit.id, guest.id, "digest", "k"),
        store.say(ref, visit.id, guest.id, visit.epoch, "k2", "Hej", RING),
        store.hear(ref, visit.id, guest.id, 0, RING),
    ):
        with pytest.raises((BadCode, NoSuchVisit)):
            await refused


async def test_an_invitation_can_be_taken_back(store: QueueStore, ref: QueueRef) -> None:
    visit, invitation = await answered(store, ref, "anna"), asked()
    guest = await invited(store, ref, visit, invitation)
    await store.remove_guest(ref, visit.id, BY_DOCTOR, visit.epoch, guest.seat)
    with pytest.raises(BadCode):
        await store.redeem(ref, visit.id, guest.id, invitation.digest, "k")


async def test_only_who_holds_a_live_visit_asks_guests_in_and_out(
    store: QueueStore, ref: QueueRef
) -> None:
    await join(store, ref, "anna")
    visit = await pull(store, ref)

    async def refused(error: type[QueueError], by: Inviter, epoch: int) -> None:
        with pytest.raises(error):
            await store.invite(ref, visit.id, by, epoch, asked())
        with pytest.raises(error):
            await store.remove_guest(ref, visit.id, by, epoch, "guest1")

    await refused(WrongState, BY_DOCTOR, visit.epoch)
    await store.answer(ref, visit.ticket, ANNA, visit.epoch)
    await refused(NoSuchVisit, Inviter.clinician(ClinicianKey("colleague")), visit.epoch)
    await refused(StaleEpoch, BY_DOCTOR, visit.epoch - 1)
    await refused(StaleEpoch, BACKEND, visit.epoch - 1)
    _, guest = await store.invite(ref, visit.id, BACKEND, visit.epoch, asked())
    await store.remove_guest(ref, visit.id, BACKEND, visit.epoch, guest.seat)
    await store.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    await refused(WrongState, BY_DOCTOR, visit.epoch)
    await refused(WrongState, BACKEND, visit.epoch)


async def test_a_guest_neither_ends_the_visit_nor_acts_for_others(
    store: QueueStore, ref: QueueRef
) -> None:
    visit = await answered(store, ref, "anna")
    guest = await came(store, ref, visit)
    with pytest.raises(NoSuchVisit):
        await store.hang_up(ref, visit.id, PatientKey(guest.id), visit.epoch)
    with pytest.raises(NoSuchVisit):
        await store.invite(
            ref, visit.id, Inviter.clinician(ClinicianKey(guest.id)), visit.epoch, asked()
        )
    assert (await store.read_visit(ref, visit.id)).state == visit.state


async def test_with_the_visit_all_is_void(store: QueueStore, ref: QueueRef) -> None:
    visit, invitation = await answered(store, ref, "anna"), asked()
    guest, awaited = await came(store, ref, visit), await invited(store, ref, visit, invitation)
    ended = await store.hang_up(ref, visit.id, ANNA, visit.epoch)
    assert ended.guests == ()
    for each, digest in ((guest, "digest"), (awaited, invitation.digest)):
        with pytest.raises(BadCode):
            await store.redeem(ref, visit.id, each.id, digest, "k")
    with pytest.raises(NoSuchVisit):
        await store.say(ref, visit.id, guest.id, visit.epoch, "k", "Hej", RING)


async def test_guests_stay_while_a_visit_is_held_and_taken_over(
    store: QueueStore, ref: QueueRef
) -> None:
    visit, invitation = await answered(store, ref, "anna"), asked()
    guest, awaited = await came(store, ref, visit), await invited(store, ref, visit, invitation)
    await store._link.queue("hold_on", ref, visit.id, DOCTOR, 0)
    await store._link.queue("abandon", ref, 100, 0, 1, 0, 60_000, 3)
    assert (await store.read_visit(ref, visit.id)).state == "held"
    await store.redeem(ref, visit.id, awaited.id, invitation.digest, "k")

    nurse = ClinicianKey("nurse")
    await store.set_duty(ref.provider, nurse, [ref.queue])
    taken = await store.take_over(ref, visit.id, nurse, "mine")
    assert [each.is_in for each in taken.guests] == [True, True]
    with pytest.raises(NoSuchVisit):
        await store.remove_guest(ref, visit.id, BY_DOCTOR, visit.epoch, guest.seat)
    by = Inviter.clinician(nurse)
    gone = await store.remove_guest(ref, visit.id, by, taken.epoch, guest.seat)
    assert [each.is_in for each in gone.guests] == [False, True]


async def test_a_guest_reads_what_is_said_from_then_on(store: QueueStore, ref: QueueRef) -> None:
    visit = await answered(store, ref, "anna")
    await store.say(ref, visit.id, ANNA, visit.epoch, "k1", "Before", RING)
    guest = await came(store, ref, visit)
    assert guest.heard_from == 1
    assert await store.hear(ref, visit.id, guest.id, 0, RING) == ([], 1)
    await store.say(ref, visit.id, guest.id, visit.epoch, "k1", "Hej", RING)
    await store.say(ref, visit.id, DOCTOR, visit.epoch, "k1", "Hej hej", RING)
    lines, said = await store.hear(ref, visit.id, guest.id, 0, RING)
    assert [(line.number, line.role) for line in lines] == [(2, "guest1"), (3, "clinician")]
    assert said == 3
    lines, _ = await store.hear(ref, visit.id, ANNA, 0, RING)
    assert [line.role for line in lines] == ["patient", "guest1", "clinician"]


async def test_each_step_is_an_event_of_who_did_it(store: QueueStore, ref: QueueRef) -> None:
    await join(store, ref, "anna")
    await store.set_duty(ref.provider, DOCTOR, [ref.queue], Profile(unit="ward"))
    visit = await store.pull(ref.provider, DOCTOR, "key")
    assert visit is not None
    await store.answer(ref, visit.ticket, ANNA, visit.epoch)
    guest = await came(store, ref, visit)
    await store.leave_visit(ref, visit.id, guest.id)
    _, other = await store.invite(
        ref, visit.id, BACKEND, visit.epoch, replace(asked(), kind="colleague")
    )
    await store.remove_guest(ref, visit.id, BACKEND, visit.epoch, other.seat)
    told = await events(store, ref)
    assert [(e["step"], e["role"], e["actor"], e["unit"]) for e in told] == [
        ("guest_invited", "clinician", DOCTOR, "ward"),
        ("guest_joined", "guest", guest.id, ""),
        ("guest_left", "guest", guest.id, ""),
        ("guest_invited", "backend", "booking", ""),
        ("guest_removed", "backend", "booking", ""),
    ]
    assert {(e["guest"], e["visit"], e["patient"]) for e in told} == {("guest1", visit.id, ANNA)}
    assert [e["reason"] for e in told] == ["interpreter"] * 3 + ["colleague"] * 2


async def test_a_store_that_lost_the_coming_in_takes_it_again(
    store: QueueStore, ref: QueueRef
) -> None:
    """The code is void again as soon as the guest who has the seat is back."""
    visit, invitation = await answered(store, ref, "anna"), asked()
    guest = await invited(store, ref, visit, invitation)
    key = queue_key(ref, "visits")
    before = await store._link.do(lambda redis: redis.hget(key, visit.id))
    await store.redeem(ref, visit.id, guest.id, invitation.digest, "mine")
    await store._link.do(lambda redis: redis.hset(key, visit.id, before))
    await store.redeem(ref, visit.id, guest.id, invitation.digest, "mine")
    with pytest.raises(BadCode):
        await store.redeem(ref, visit.id, guest.id, invitation.digest, "somebody-else")


async def test_a_direct_visit_is_bridged_from_the_invitation_on(
    store: QueueStore, ref: QueueRef
) -> None:
    visit = await answered(with_settings(store, mode="direct", direct_relay_only=True), ref, "anna")
    assert visit.mode == "direct"
    after, guest = await store.invite(ref, visit.id, BY_DOCTOR, visit.epoch, asked())
    assert after.mode == "bridge"
    gone = await store.remove_guest(ref, visit.id, BY_DOCTOR, visit.epoch, guest.seat)
    assert gone.mode == "bridge"  # for good: nobody's connection goes back and forth
