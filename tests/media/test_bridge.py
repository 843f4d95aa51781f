"""A visit on a node: two people see and hear each other; generations, epochs, and the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from kolapp_media.client import MediaClient
from kolapp_media.errors import BadOffer, NoSuchVisit, StaleLeg, TooManyLegs, TooManyOffers
from kolapp_media.node import MediaNode
from kolapp_media.settings import MediaSettings
from media_events import Events
from media_peers import Peer, QuietPeer, until


async def offer_and_accept(
    client: MediaClient,
    peer: Peer | QuietPeer,
    participant: str,
    *,
    generation: int = 1,
    media_epoch: int = 1,
    forward: bool = False,
) -> None:
    answer = await client.open_leg(
        "visit", media_epoch, participant, generation, await peer.offer(), forward=forward
    )
    await peer.accept(answer)


async def test_two_people_see_and_hear_each_other(
    node: MediaNode, client: MediaClient, events: Events, make_peer: Callable[[], Peer]
) -> None:
    threads = threading.active_count()
    patient, clinician = make_peer(), make_peer()
    await offer_and_accept(client, patient, "patient")
    await offer_and_accept(client, clinician, "clinician")
    await events.wait_for("connected", "patient")
    await events.wait_for("connected", "clinician")
    await until(lambda: node.counters().held > 5)
    assert (patient.frames, clinician.frames, node.counters().forwarded) == (0, 0, 0)

    await client.forward("visit", 1)
    await asyncio.gather(patient.sees_and_hears(20), clinician.sees_and_hears(20))

    assert (await patient.lost(), await clinician.lost()) == (0, 0)
    figures = await client.stats()
    assert (figures.visits, figures.legs, figures.dropped) == (1, 2, 0)
    assert figures.forwarded > 40
    # The peers' four decoders and their encoders are the only new threads.
    names = [each.name for each in threading.enumerate()][threads:]
    assert all("decoder" in name or name.startswith("asyncio_") for name in names), names

    await client.close_visit("visit")
    await events.wait_for("closed", "patient")
    await events.wait_for("closed", "clinician")
    assert (await client.stats()).legs == 0


async def test_the_patients_answer_may_come_before_the_legs(
    client: MediaClient, make_quiet_peer: Callable[..., QuietPeer]
) -> None:
    with pytest.raises(NoSuchVisit):
        await client.forward("visit", 1)
    patient, clinician = make_quiet_peer(), make_quiet_peer()
    await offer_and_accept(client, patient, "patient", forward=True)
    await offer_and_accept(client, clinician, "clinician")

    await until_forwarded(patient, clinician)


async def until_forwarded(sender: QuietPeer, receiver: QuietPeer) -> None:
    """Send until something arrives: the node may know a moment later than the peers."""
    await asyncio.gather(sender.connected(), receiver.connected())
    arrived = len(receiver.rtp)
    sequence = 0
    async with asyncio.timeout(10):
        while len(receiver.rtp) == arrived:
            sequence += 1
            await sender.send("video", sequence)
            await asyncio.sleep(0)


async def test_publishers_are_asked_for_a_key_frame_when_forwarding_opens(
    client: MediaClient, events: Events, make_quiet_peer: Callable[..., QuietPeer]
) -> None:
    patient, clinician = make_quiet_peer(), make_quiet_peer()
    await offer_and_accept(client, patient, "patient", forward=True)
    await offer_and_accept(client, clinician, "clinician")

    for peer in (patient, clinician):
        # twice: nobody has sent a picture, so it is asked for again
        await peer.until(lambda peer=peer: len(key_frame_requests(peer)) == 2)
        assert key_frame_requests(peer) == [peer.ssrc("video")] * 2


def key_frame_requests(peer: QuietPeer) -> list[int]:
    return [each.media_ssrc for each in peer.rtcp if getattr(each, "fmt", None) == 1]


async def test_the_same_offer_again_gets_the_same_answer(
    client: MediaClient, make_quiet_peer: Callable[..., QuietPeer]
) -> None:
    offer = await make_quiet_peer().offer()
    ask = ("visit", 1, "patient", 1, offer)

    answers = await asyncio.gather(*(client.open_leg(*ask, forward=False) for _ in range(3)))

    assert len(set(answers)) == 1
    assert (await client.stats()).legs == 1


async def test_generations(
    client: MediaClient, events: Events, make_quiet_peer: Callable[..., QuietPeer]
) -> None:
    first, second, third = (make_quiet_peer() for _ in range(3))
    await offer_and_accept(client, first, "patient", generation=2)
    for older in (1, 2):  # an older one, and the same number for another offer
        with pytest.raises(StaleLeg):
            await offer_and_accept(client, third, "patient", generation=older)

    await offer_and_accept(client, second, "patient", generation=3)

    await events.wait_for("closed", "patient", 2)
    await second.connected()
    assert (await client.stats()).legs == 1


async def test_a_replaced_leg_interrupts_the_other_one_only_shortly(
    client: MediaClient, make_quiet_peer: Callable[..., QuietPeer]
) -> None:
    patient, clinician, again = (make_quiet_peer() for _ in range(3))
    await offer_and_accept(client, patient, "patient", forward=True)
    await offer_and_accept(client, clinician, "clinician")
    await until_forwarded(patient, clinician)
    before = clinician.rtp[-1]

    await offer_and_accept(client, again, "patient", generation=2)
    await until_forwarded(again, clinician)
    await until_forwarded(clinician, again)

    after = clinician.rtp[-1]
    assert after.ssrc == before.ssrc
    assert 0 < (after.sequence_number - before.sequence_number) & 0xFFFF < 100


async def test_a_bad_offer_changes_nothing(
    client: MediaClient, make_quiet_peer: Callable[..., QuietPeer]
) -> None:
    patient, clinician = make_quiet_peer(), make_quiet_peer()
    await offer_and_accept(client, patient, "patient", forward=True)
    await offer_and_accept(client, clinician, "clinician")
    await until_forwarded(patient, clinician)

    for garbage in ("garbage", (await make_quiet_peer().offer()).replace("VP8", "VP7")):
        with pytest.raises(BadOffer):
            await client.open_leg("visit", 1, "patient", 2, garbage, forward=True)
        with pytest.raises(BadOffer):
            await client.open_leg("other", 1, "patient", 1, garbage, forward=True)

    await until_forwarded(patient, clinician)
    figures = await client.stats()
    assert (figures.visits, figures.legs) == (1, 2)


async def test_a_newer_placement_starts_afresh(
    client: MediaClient, events: Events, make_quiet_peer: Callable[..., QuietPeer]
) -> None:
    patient, clinician, again = (make_quiet_peer() for _ in range(3))
    await offer_and_accept(client, patient, "patient", forward=True)
    await offer_and_accept(client, clinician, "clinician")
    await until_forwarded(patient, clinician)

    await offer_and_accept(client, again, "patient", media_epoch=2)

    await events.wait_for("closed", "clinician")
    await again.connected()
    assert (await client.stats()).legs == 1
    with pytest.raises(StaleLeg):
        await client.forward("visit", 1)
    with pytest.raises(StaleLeg):
        await offer_and_accept(client, make_quiet_peer(), "clinician", media_epoch=1, generation=9)


async def test_closing_a_leg_that_was_replaced_closes_nothing(
    client: MediaClient, events: Events, make_quiet_peer: Callable[..., QuietPeer]
) -> None:
    await offer_and_accept(client, make_quiet_peer(), "patient", generation=1)
    await offer_and_accept(client, make_quiet_peer(), "patient", generation=2)

    await client.close_leg("visit", "patient", 1)
    assert (await client.stats()).legs == 1
    await client.close_leg("visit", "patient", 2)
    await client.close_leg("nowhere", "patient", 2)
    assert (await client.stats()).legs == 0


async def test_a_visit_has_four_participants(
    client: MediaClient, make_quiet_peer: Callable[..., QuietPeer]
) -> None:
    for name in ("patient", "clinician", "guest1", "guest2"):
        await offer_and_accept(client, make_quiet_peer(), name)

    with pytest.raises(TooManyLegs):
        await offer_and_accept(client, make_quiet_peer(), "guest3")


class TestSmallNode:
    @pytest.fixture
    def settings(self) -> MediaSettings:
        return replace(MediaSettings(), max_legs=1, visit_linger=0.0)

    async def test_a_full_node_says_so(
        self, client: MediaClient, make_quiet_peer: Callable[..., QuietPeer]
    ) -> None:
        await offer_and_accept(client, make_quiet_peer(), "patient")

        with pytest.raises(TooManyLegs):
            await offer_and_accept(client, make_quiet_peer(), "clinician")

    async def test_a_visit_without_legs_is_forgotten(
        self, node: MediaNode, client: MediaClient, make_quiet_peer: Callable[..., QuietPeer]
    ) -> None:
        await offer_and_accept(client, make_quiet_peer(), "patient")
        await client.close_leg("visit", "patient", 1)

        assert node.stats().visits == 1
        node.sweep(0.0)
        assert node.stats().visits == 0


class TestBusyNode:
    @pytest.fixture
    def settings(self) -> MediaSettings:
        return replace(MediaSettings(), most_cpu=1e-9)

    async def test_a_busy_node_takes_no_new_visit_and_keeps_those_it_has(
        self, node: MediaNode, client: MediaClient, make_quiet_peer: Callable[..., QuietPeer]
    ) -> None:
        await offer_and_accept(client, make_quiet_peer(), "patient")
        node._load.look(0.0, 0.0)
        node._load.look(1e9, 1e9)

        await offer_and_accept(client, make_quiet_peer(), "clinician")
        with pytest.raises(TooManyLegs, match="as much to do"):
            await client.open_leg(
                "other", 1, "patient", 1, await make_quiet_peer().offer(), forward=True
            )


class TestPatience:
    @pytest.fixture
    def settings(self) -> MediaSettings:
        return replace(MediaSettings(), offers=3, offers_window=3_600.0)

    async def test_who_offers_too_often_must_wait_and_keeps_the_leg(
        self, client: MediaClient, make_quiet_peer: Callable[..., QuietPeer]
    ) -> None:
        peers = [make_quiet_peer() for _ in range(3)]
        for generation, peer in enumerate(peers, 1):
            await offer_and_accept(client, peer, "patient", generation=generation, forward=True)

        with pytest.raises(TooManyOffers):
            await offer_and_accept(client, make_quiet_peer(), "patient", generation=4)

        clinician = make_quiet_peer()
        await offer_and_accept(client, clinician, "clinician")
        await until_forwarded(peers[-1], clinician)

    async def test_offers_of_a_visit_that_is_not_remembered_count_too(
        self, client: MediaClient
    ) -> None:
        for refusal in (BadOffer, BadOffer, BadOffer, TooManyOffers):
            with pytest.raises(refusal):
                await client.open_leg("visit", 1, "patient", 1, "v=0", forward=False)
        assert (await client.stats()).visits == 0

    async def test_the_same_offer_again_costs_nothing_and_is_answered(
        self, client: MediaClient, make_quiet_peer: Callable[..., QuietPeer]
    ) -> None:
        offer = await make_quiet_peer().offer()
        ask = ("visit", 1, "patient", 1, offer)

        answers = {await client.open_leg(*ask, forward=False) for _ in range(10)}

        assert len(answers) == 1
