"""Key frames for who begins to see: again while nothing comes, and when one came too early."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
from kolapp_media.beginnings import Beginnings
from kolapp_media.client import MediaClient
from kolapp_media.node import MediaNode
from kolapp_media.rtc.feedback import Feedback
from kolapp_media.settings import MediaSettings
from media_events import Events
from media_peers import QuietPeer, until

SETTINGS = MediaSettings(key_frame_interval=0.1, key_frame_attempts=3)
pytestmark = pytest.mark.parametrize("settings", [SETTINGS])


@pytest.fixture
async def publisher(
    node: MediaNode, client: MediaClient, events: Events, make_quiet_peer: Callable[..., QuietPeer]
) -> tuple[QuietPeer, Feedback]:
    """Somebody who is seen, once all was asked that is asked by itself."""
    peers = {name: make_quiet_peer() for name in ("patient", "clinician")}
    for name, peer in peers.items():
        answer = await client.open_leg("visit", 1, name, 1, await peer.offer(), forward=True)
        await peer.accept(answer)
        await peer.connected()
        await events.wait_for("connected", name)
    patient = peers["patient"]
    await patient.until(lambda: asked(patient) == SETTINGS.key_frame_attempts)
    (leg,) = [
        leg
        for bridge in node._visits
        for leg in bridge.legs()
        if leg.incoming is not None and patient.ssrc("video") in leg.incoming._streams
    ]
    assert leg.incoming is not None
    return patient, leg.incoming.feedback


@pytest.fixture
async def beginnings(settings: MediaSettings) -> AsyncIterator[Beginnings]:
    beginnings = Beginnings(settings)
    yield beginnings
    beginnings.stop()


def asked(peer: QuietPeer) -> int:
    return sum(getattr(each, "fmt", None) == 1 for each in peer.rtcp)


def may_be_asked(feedback: Feedback) -> None:
    for stream in feedback._streams.values():
        stream.key_frame_at = float("-inf")


async def test_while_nothing_comes_it_is_asked_for_so_often(
    publisher: tuple[QuietPeer, Feedback], beginnings: Beginnings
) -> None:
    peer, feedback = publisher
    may_be_asked(feedback)
    before = asked(peer)
    beginnings.ask([feedback])
    await peer.until(lambda: asked(peer) == before + 3)
    assert beginnings._asked.keys() <= {feedback}


async def test_who_was_asked_too_early_is_asked_again_though_pictures_come(
    publisher: tuple[QuietPeer, Feedback], beginnings: Beginnings
) -> None:
    peer, feedback = publisher
    for stream in feedback._streams.values():
        stream.key_frame_at = time.monotonic()
    before = asked(peer)
    beginnings.ask([feedback])
    async with asyncio.timeout(10):
        while asked(peer) == before:
            await peer.send("video", next(peer.sequence))
            await asyncio.sleep(0.005)  # pictures go on coming: their rate, no wait for anything


async def test_who_is_seen_by_nobody_any_more_is_not_asked(
    publisher: tuple[QuietPeer, Feedback], beginnings: Beginnings, client: MediaClient
) -> None:
    _, feedback = publisher
    await client.close_leg("visit", "clinician", 1)
    may_be_asked(feedback)
    beginnings.ask([feedback])
    await until(lambda: not beginnings._asked)
    assert {each.key_frame_at for each in feedback._streams.values()} == {float("-inf")}
    assert beginnings._timer is None
