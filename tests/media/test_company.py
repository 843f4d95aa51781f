"""Three and four people in one visit, asked for as the diallers ask: who is told what, who is asked
for a key frame, who leaves, comes back, or gives their place to somebody else."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from kolapp_media.client import MediaClient
from kolapp_media.errors import BadRequest, StaleLeg, TooManyLegs
from kolapp_media.node import MediaNode
from kolapp_media.settings import MediaSettings
from media_events import Events
from media_peers import QuietPeer, until

NAMES = ("patient", "clinician", "guest1", "guest2")
SEQUENCE = itertools.count(1)


def others(name: str) -> tuple[str, ...]:
    return tuple(each for each in NAMES if each != name)


@dataclass
class Visit:
    """`ssrcs` are ours, by whose section of pictures it is: by participant and slot."""

    client: MediaClient
    events: Events
    make: Callable[..., QuietPeer]
    peers: dict[str, QuietPeer] = field(default_factory=dict)
    ssrcs: dict[str, list[int]] = field(default_factory=dict)

    async def come(self, name: str, generation: int = 1, slots: int = 3) -> QuietPeer:
        peer = self.make(slots=slots)
        answer = await self.client.open_leg(
            "visit", 1, name, generation, await peer.offer(), forward=True, slots=others(name)
        )
        self.note(name, answer)
        await peer.accept(answer)
        await peer.connected()
        await self.events.wait_for("connected", name, generation)
        self.peers[name] = peer
        return peer

    def note(self, name: str, answer: str) -> None:
        pictures = [each for each in answer.split("m=")[1:] if each.startswith("video")]
        self.ssrcs[name] = [int(each.split("a=ssrc:")[1].split()[0]) for each in pictures]

    async def send(self, name: str) -> bytes:
        word = b"%s %d" % (name.encode(), next(SEQUENCE))
        await self.peers[name].send("video", next(SEQUENCE) & 0xFFFF, word)
        return word

    async def shows(self, sender: str, *receivers: str) -> None:
        """A picture of that one comes to each of these in the right section, and to no other
        in any: who is sent a later one of somebody else has had the time."""
        word = await self.send(sender)
        for name in receivers:
            peer = self.peers[name]
            await peer.until(lambda peer=peer: any(each.payload == word for each in peer.rtp))
            (ssrc,) = {each.ssrc for each in peer.rtp if each.payload == word}
            assert ssrc == self.ssrcs[name][others(name).index(sender)]

    def saw(self, receiver: str, sender: str) -> bool:
        return any(each.payload.startswith(sender.encode()) for each in self.peers[receiver].rtp)


@pytest.fixture
def visit(client: MediaClient, events: Events, make_quiet_peer: Callable[..., QuietPeer]) -> Visit:
    return Visit(client, events, make_quiet_peer)


async def test_each_who_comes_sees_and_is_seen_at_once(visit: Visit) -> None:
    for number, name in enumerate(NAMES):
        await visit.come(name)
        for sender in NAMES[: number + 1]:
            await visit.shows(sender, *(each for each in NAMES[: number + 1] if each != sender))


async def test_nothing_is_forwarded_before_the_patient_answers(
    node: MediaNode, client: MediaClient, events: Events, make_quiet_peer: Callable[..., QuietPeer]
) -> None:
    visit = Visit(client, events, make_quiet_peer)
    for name in NAMES[:3]:
        peer = make_quiet_peer(slots=3)
        answer = await client.open_leg(
            "visit", 1, name, 1, await peer.offer(), forward=False, slots=others(name)
        )
        visit.note(name, answer)
        await peer.accept(answer)
        await peer.connected()
        await events.wait_for("connected", name)
        visit.peers[name] = peer
    for name in visit.peers:
        await visit.send(name)
    await until(lambda: node.counters().held == 3)
    assert node.counters().forwarded == 0

    await client.forward("visit", 1)
    await visit.shows("patient", "clinician", "guest1")


async def test_whoever_has_few_sections_sees_the_first_and_is_seen_by_all(visit: Visit) -> None:
    await visit.come("patient")
    await visit.come("clinician")
    await visit.come("guest1", slots=1)

    await visit.shows("clinician", "patient")
    await visit.shows("patient", "clinician", "guest1")
    await visit.shows("guest1", "patient", "clinician")
    assert not visit.saw("guest1", "clinician")


async def test_a_leg_that_comes_again_is_the_same_to_all_others(visit: Visit) -> None:
    for name in NAMES[:3]:
        await visit.come(name)
    await visit.shows("patient", "clinician", "guest1")
    before = {name: visit.peers[name].rtp[-1] for name in ("clinician", "guest1")}

    await visit.come("patient", 2)
    await visit.shows("patient", "clinician", "guest1")
    await visit.shows("clinician", "patient", "guest1")
    for name, last in before.items():
        mine = [each for each in visit.peers[name].rtp if each.ssrc == last.ssrc]
        assert (mine[-1].sequence_number - last.sequence_number) & 0xFFFF == 1
        assert mine[-1].timestamp != last.timestamp


def asked(peer: QuietPeer) -> int:
    return sum(getattr(each, "fmt", None) == 1 for each in peer.rtcp)


@pytest.mark.parametrize("settings", [MediaSettings(key_frame_interval=1e-6, key_frame_attempts=1)])
async def test_those_are_asked_for_a_key_frame_whom_somebody_new_sees(visit: Visit) -> None:
    patient = await visit.come("patient")
    clinician = await visit.come("clinician")
    await patient.until(lambda: asked(patient) == 1)
    await clinician.until(lambda: asked(clinician) == 1)

    guest = await visit.come("guest1", slots=1)  # who will see the patient alone
    await guest.until(lambda: asked(guest) == 1)  # whom both others see: asked once
    await patient.until(lambda: asked(patient) == 2)
    assert asked(clinician) == 1

    second = await visit.come("guest2")
    for peer, times in ((patient, 3), (clinician, 2), (guest, 2), (second, 1)):
        await peer.until(lambda peer=peer, times=times: asked(peer) == times)


async def test_a_place_that_was_left_for_good_is_free_for_somebody_else(
    visit: Visit, node: MediaNode
) -> None:
    for name in NAMES:
        await visit.come(name, 3)
    await visit.shows("guest1", "patient", "clinician", "guest2")
    first = visit.peers.pop("guest1")
    last = visit.peers["patient"].rtp[-1]
    arrived = len(first.rtp)

    await visit.client.close_leg("visit", "guest1", 1, forget=True)  # whatever its generation
    assert node.stats().legs == 3
    assert visit.events.seen[-1].state == "closed"
    await visit.shows("patient", "clinician", "guest2")
    assert len(first.rtp) == arrived

    await visit.come("guest1", 1)
    await visit.shows("guest1", "patient", "clinician", "guest2")
    again = visit.peers["patient"].rtp[-1]
    assert again.ssrc == last.ssrc
    assert again.sequence_number == (last.sequence_number + 1) & 0xFFFF
    with pytest.raises(StaleLeg):  # the others are remembered as ever
        await visit.come("guest2", 2)


async def test_who_is_to_leave_does_not_come_in_with_an_offer_made_before(
    visit: Visit, node: MediaNode, make_quiet_peer: Callable[..., QuietPeer]
) -> None:
    await visit.come("patient")
    offers = [await make_quiet_peer(slots=3).offer() for _ in range(3)]
    opening = [
        asyncio.create_task(
            visit.client.open_leg(
                "visit", 1, "guest1", number, offer, forward=True, slots=others("guest1")
            )
        )
        for number, offer in enumerate(offers, 1)
    ]
    leaving = asyncio.create_task(visit.client.close_leg("visit", "guest1", 1, forget=True))
    await asyncio.gather(*opening, leaving)

    assert node.stats().legs == 1
    await visit.client.close_leg("visit", "guest1", 1, forget=True)  # who is not there
    await visit.client.close_leg("elsewhere", "guest1", 1, forget=True)


async def test_warm_legs_are_taken_with_their_slots(visit: Visit, client: MediaClient) -> None:
    for name in NAMES[:3]:
        peer = visit.make(slots=3)
        answer = await client.warm_leg(f"room of {name}", name, 1, await peer.offer())
        visit.note(name, answer)
        await peer.accept(answer)
        await peer.connected()
        await visit.events.wait_for("connected", name)
        visit.peers[name] = peer
        room = f"room of {name}"
        if name == "patient":  # whoever hears themselves does so no longer
            await client.echo(room, on=True)
        await client.take_leg(room, "visit", 1, name, 1, forward=True, slots=others(name))
    for name in visit.peers:
        await visit.shows(name, *(each for each in visit.peers if each != name))
    assert not visit.saw("patient", "patient")


@pytest.mark.parametrize("settings", [MediaSettings(max_participants=2)])
async def test_a_node_that_takes_only_two_minds_no_further_slots(visit: Visit) -> None:
    await visit.come("patient")
    await visit.come("clinician")
    await visit.shows("patient", "clinician")
    with pytest.raises(TooManyLegs):
        await visit.come("guest1")


@pytest.mark.parametrize("slots", [("patient",), ("b", "b"), tuple("bcdefghij")])
async def test_slots_that_make_no_sense_are_refused(
    client: MediaClient, make_quiet_peer: Callable[..., QuietPeer], slots: tuple[str, ...]
) -> None:
    offer = await make_quiet_peer().offer()
    with pytest.raises(BadRequest):
        await client.open_leg("visit", 1, "patient", 1, offer, forward=True, slots=slots)
    assert (await client.stats()).visits == 0
