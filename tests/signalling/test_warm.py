"""Ready before the turn: legs without a visit, and how they come into one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from drivers import QUEUE, Driver, People, Start, until_media
from kolapp_media.model import LegChanged
from kolapp_media.node import MediaNode
from kolapp_media.settings import MediaSettings
from kolapp_queue.model import NodeRecord, QueueRef, VisitId
from kolapp_queue.policy import PolicySet, QueuePolicy
from kolapp_queue.store import QueueStore
from kolapp_signalling.app import Served
from kolapp_signalling.settings import Settings
from kolapp_signalling.warm import MOST_ROOMS, Rooms
from media_peers import QuietPeer, gets_through

LEASE_MS = 60_000


@pytest.fixture
async def peers(peers_on_loopback: None) -> AsyncIterator[list[QuietPeer]]:
    made = [QuietPeer(("audio", "video")) for _ in range(3)]
    yield made
    await asyncio.gather(*(peer.close() for peer in made))


async def prepared(driver: Driver, peer: QuietPeer, generation: int = 1) -> None:
    reply = await driver.ask("prepare", queue=QUEUE, generation=generation, sdp=await peer.offer())
    assert reply["type"] == "sdp_answer", reply
    await peer.accept(reply["sdp"])
    await peer.connected()


async def entered(driver: Driver, at: dict[str, Any], generation: int = 1) -> dict[str, Any]:
    """Asked again until the node has told that the leg is connected: it tells a moment later."""
    async with asyncio.timeout(5):
        while True:
            request = {"visit": at["visit"], "epoch": at["epoch"], "generation": generation}
            reply = await driver.ask("enter", **request)
            if reply.get("code") != "not_prepared":
                return reply


def legs(driver: Driver) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = driver.visit["participants"]
    return found


async def test_both_are_ready_before_the_answer_and_talk_at_once(
    node: Served, crowd: People, media: MediaNode, peers: list[QuietPeer]
) -> None:
    await until_media(node)
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    await doctor.ask("ready", queues=[QUEUE])
    await prepared(anna, peers[0])
    await prepared(doctor, peers[1])

    duty = await doctor.ask("pull", key="key-1")
    visit = {"visit": duty["visit"]["id"], "epoch": duty["visit"]["epoch"]}
    theirs = await entered(doctor, visit)
    await anna.until_state("called")
    mine = await entered(anna, anna.ticket["call"])
    assert (mine["type"], mine["media_epoch"]) == ("entered", theirs["media_epoch"])
    await peers[0].send("video", next(peers[0].sequence))
    assert not peers[1].rtp

    await anna.answer()
    await gets_through(peers[0], peers[1])
    await gets_through(peers[1], peers[0])
    assert media.stats().legs == 2
    await anna.until(lambda one: {each["media"] for each in legs(one)} == {"connected"})


async def test_getting_ready_is_for_who_is_near_the_front(
    node: Served, crowd: People, media: MediaNode, peers: list[QuietPeer]
) -> None:
    await until_media(node)
    offer = {"queue": QUEUE, "generation": 1, "sdp": await peers[0].offer()}
    early = await crowd.patient(node, "early")
    assert early.welcome["queues"][0]["ready_from"] == 5
    assert await early.errors("prepare", **offer) == "no_ticket"
    line = [await crowd.waiting(node, f"patient {number}") for number in range(6)]
    assert await line[5].errors("prepare", **offer) == "too_early"
    assert (await line[4].ask("prepare", **offer))["type"] == "sdp_answer"
    assert await line[0].errors("enter", visit="a", epoch=0, generation=1) == "no_visit"
    assert await line[0].errors("echo", on=True) == "not_prepared"
    doctor = await crowd.clinician(node)
    assert await doctor.errors("prepare", **offer) == "not_on_duty"


async def test_a_queue_may_invite_nobody(
    start: Start, crowd: People, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    node = await start()
    policy = PolicySet((QueuePolicy(provider, QUEUE, ready_from=0),))
    monkeypatch.setattr(type(node.node.queues._book), "find", lambda *_: policy.queues[0])
    anna = await crowd.waiting(node, "anna")
    assert await anna.errors("prepare", queue=QUEUE, generation=1, sdp="v=0") == "too_early"


async def test_who_is_ready_hears_the_echo_and_who_leaves_is_ready_no_more(
    node: Served, crowd: People, media: MediaNode, peers: list[QuietPeer]
) -> None:
    await until_media(node)
    anna = await crowd.waiting(node, "anna")
    await prepared(anna, peers[0])
    async with asyncio.timeout(5):
        while (await anna.ask("echo", on=True)).get("code") == "not_prepared":
            pass
    await gets_through(peers[0], peers[0])
    assert (await anna.ask("echo", on=False))["on"] is False
    await anna.ask("leave", ticket=anna.ticket["ticket"])
    async with asyncio.timeout(5):
        while media.stats().legs:  # noqa: ASYNC110  # a counter tells nobody
            await asyncio.sleep(0)


async def test_a_visit_that_is_elsewhere_takes_no_leg_from_here(
    node: Served,
    crowd: People,
    media: MediaNode,
    peers: list[QuietPeer],
    store: QueueStore,
    settings: Settings,
    provider: str,
) -> None:
    """The two were ready at different nodes: who comes second offers, as if never ready."""
    other = MediaNode(MediaSettings(), settings.cluster_secret)
    await other.start()
    await until_media(node)
    try:
        anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
        await doctor.ask("ready", queues=[QUEUE])
        await prepared(anna, peers[0])
        await store.register_node(NodeRecord("other", "media", other.address, 10, 0), LEASE_MS)
        async with asyncio.timeout(5):
            while node.node.media.connected != 2:  # noqa: ASYNC110  # a counter tells nobody
                await asyncio.sleep(0)
        duty = await doctor.ask("pull", key="key-1")
        ref = QueueRef(provider, QUEUE)
        found = await store.read_visit(ref, VisitId(duty["visit"]["id"]))
        await store.place_media(ref, found.id, found.epoch, "other", found.media_epoch)
        await anna.until_state("called")
        call = anna.ticket["call"]
        request = {"visit": call["visit"], "epoch": call["epoch"], "generation": 1}
        assert await anna.errors("enter", **request) == "not_prepared"
    finally:
        await store.forget_node("other")
        await other.close()


# Which node has whose leg


def told(room: str, generation: int, state: str) -> LegChanged:
    return LegChanged(room, 0, "patient", generation, state)


def test_a_room_is_where_its_newest_leg_is() -> None:
    rooms = Rooms()
    rooms.heard("one", told("room a", 1, "connected"))
    rooms.heard("two", told("room a", 2, "connected"))
    rooms.heard("one", told("room a", 1, "closed"))  # the leg that was replaced
    assert rooms.node("room a") == "two"
    rooms.heard("two", told("room a", 2, "closed"))
    assert rooms.node("room a") == ""
    assert rooms.node("room b") == ""


def test_rooms_are_bounded() -> None:
    rooms = Rooms()
    for number in range(MOST_ROOMS + 1):
        rooms.heard("one", told(f"room {number}", 1, "connected"))
    assert rooms.node("room 0") == ""
    assert rooms.node(f"room {MOST_ROOMS}") == "one"
