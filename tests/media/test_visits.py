"""Warm legs: connected in a waiting room, moved into a visit as they are; and the echo there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from kolapp_media.client import MediaClient
from kolapp_media.errors import BadRequest, Draining, NoSuchLeg, StaleLeg, TooManyLegs
from kolapp_media.node import MediaNode
from kolapp_media.settings import MediaSettings
from media_events import Events
from media_peers import QuietPeer, gets_through, until

MakePeer = Callable[..., QuietPeer]


async def warm(client: MediaClient, peer: QuietPeer, who: str, generation: int = 1) -> None:
    await peer.accept(await client.warm_leg(f"room of {who}", who, generation, await peer.offer()))
    await peer.connected()


async def take(client: MediaClient, who: str, generation: int = 1, *, forward: bool) -> None:
    await client.take_leg(f"room of {who}", "visit", 1, who, generation, forward=forward)


async def test_two_warm_legs_are_a_visit_without_any_handshake(
    node: MediaNode, client: MediaClient, events: Events, make_quiet_peer: MakePeer
) -> None:
    patient, clinician = make_quiet_peer(), make_quiet_peer()
    await warm(client, patient, "patient")
    await warm(client, clinician, "clinician")
    for who in ("patient", "clinician"):
        await events.wait_for("connected", who)
    assert (await client.stats()).visits == 0

    await take(client, "clinician", forward=False)
    await take(client, "patient", forward=False)
    assert (await client.stats()).visits == 1
    sent = node.counters().held
    await patient.send("video", next(patient.sequence))
    await until(lambda: node.counters().held > sent)
    assert clinician.rtp == []  # nobody has answered

    await client.forward("visit", 1)
    await gets_through(patient, clinician)
    await gets_through(clinician, patient)
    assert node.stats().legs == 2

    await take(client, "patient", forward=True)  # asked again: as it is
    await gets_through(patient, clinician)


async def test_a_room_says_that_its_leg_has_left_it(
    client: MediaClient, events: Events, make_quiet_peer: MakePeer
) -> None:
    await warm(client, make_quiet_peer(), "patient")
    await events.wait_for("connected", "patient")
    await take(client, "patient", 7, forward=False)
    told = [(each.visit, each.generation, each.state) for each in events.seen]
    assert told[-2:] == [("room of patient", 1, "closed"), ("visit", 7, "connected")]
    with pytest.raises(NoSuchLeg):  # it is gone from there
        await take(client, "patient", 8, forward=False)


async def test_only_a_connected_leg_can_be_taken_and_only_into_a_new_place(
    client: MediaClient, events: Events, make_quiet_peer: MakePeer
) -> None:
    with pytest.raises(NoSuchLeg):
        await take(client, "patient", forward=False)
    early = make_quiet_peer()
    await client.warm_leg("room of patient", "patient", 1, await early.offer())
    with pytest.raises(NoSuchLeg):  # answered, not connected
        await take(client, "patient", forward=False)
    with pytest.raises(BadRequest):  # a room is no visit
        await client.open_leg("room of patient", 1, "patient", 2, "v=0", forward=True)

    await warm(client, make_quiet_peer(), "patient", 2)
    offer = await make_quiet_peer().offer()
    await client.open_leg("visit", 1, "patient", 3, offer, forward=False)
    with pytest.raises(StaleLeg):
        await take(client, "patient", 3, forward=False)
    await take(client, "patient", 4, forward=False)


async def test_who_waits_can_hear_and_see_themselves(
    node: MediaNode, client: MediaClient, make_quiet_peer: MakePeer
) -> None:
    patient, clinician = make_quiet_peer(), make_quiet_peer()
    await warm(client, patient, "patient")
    with pytest.raises(NoSuchLeg):
        await client.echo("room of somebody", on=True)
    await client.echo("room of patient", on=True)
    await gets_through(patient, patient)
    await client.echo("room of patient", on=False)
    before = node.counters()  # what was on its way back may still arrive
    await patient.send("video", next(patient.sequence))
    await until(lambda: node.counters().held > before.held)
    assert node.counters().forwarded == before.forwarded

    # An echo that was never stopped ends with the room: nobody hears themselves in a visit.
    await client.echo("room of patient", on=True)
    await warm(client, clinician, "clinician")
    await take(client, "patient", forward=True)
    before = node.counters()  # what was on its way back may still arrive
    await patient.send("video", next(patient.sequence))
    await until(lambda: node.counters().held > before.held)
    assert node.counters().forwarded == before.forwarded
    await take(client, "clinician", forward=True)
    await gets_through(patient, clinician)
    arrived = len(patient.rtp)
    await gets_through(patient, clinician)
    assert len(patient.rtp) == arrived


@pytest.mark.parametrize("settings", [MediaSettings(max_legs=4, most_warm=0.5)])
async def test_warm_legs_leave_room_for_visits(
    client: MediaClient, make_quiet_peer: MakePeer
) -> None:
    for who in ("one", "two"):
        await warm(client, make_quiet_peer(), who)
    offer = await make_quiet_peer().offer()
    with pytest.raises(TooManyLegs):
        await client.warm_leg("room of three", "three", 1, offer)
    await client.open_leg("visit", 1, "patient", 1, offer, forward=False)


@pytest.mark.parametrize("settings", [MediaSettings(away=1.0, consent_interval=60.0)])
async def test_a_leg_of_which_nothing_comes_is_lost(
    client: MediaClient, events: Events, make_quiet_peer: MakePeer
) -> None:
    """Long before ICE would say so; one that sends goes on."""
    silent, busy = make_quiet_peer(), make_quiet_peer()
    for who, peer in (("silent", silent), ("busy", busy)):
        await peer.accept(
            await client.open_leg("visit", 1, who, 1, await peer.offer(), forward=True)
        )
        await peer.connected()
    lost = asyncio.create_task(events.wait_for("failed", "silent"))
    while not lost.done():
        await busy.send("video", next(busy.sequence))
        await asyncio.wait({lost}, timeout=0.05)
    await lost
    states = {each.participant: each.state for each in events.seen}
    assert states == {"silent": "failed", "busy": "connected"}


async def test_a_node_that_drains_sends_away_who_waits(
    node: MediaNode, client: MediaClient, events: Events, make_quiet_peer: MakePeer
) -> None:
    await warm(client, make_quiet_peer(), "patient")
    await node.drain()  # at once: there is no visit to wait for
    await events.wait_for("closed", "patient")
    with pytest.raises(Draining):
        await client.warm_leg("room of patient", "patient", 2, await make_quiet_peer().offer())
