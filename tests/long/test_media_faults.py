"""Two browsers, a media node, and a network that loses, goes dark, narrows and mixes up.

The picture is noise, which fills whatever bandwidth there is; the browsers' own statistics judge.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from browser import chromium_path
from browser_legs import BrowserLeg
from browser_people import FLAGS
from kolapp_media.client import MediaClient
from kolapp_media.node import MediaNode
from kolapp_media.settings import MediaSettings
from media_events import SECRET, Events
from playwright.async_api import async_playwright
from udp_faults import Faults, FaultyNetwork

GOOD = 1_000_000  # bits a second of picture
Entry = dict[str, Any]


class Call:
    """One browser sends, the other receives, each through the faulty network."""

    def __init__(self, faults: Faults, sender: BrowserLeg, receiver: BrowserLeg) -> None:
        self.faults = faults
        self._sender = sender
        self._receiver = receiver

    async def sent(self, kind: str = "video") -> Entry:
        return (await self._sender.figures())[f"out_{kind}"]

    async def received(self, kind: str = "video") -> Entry:
        return (await self._receiver.figures())[f"in_{kind}"]

    async def target(self) -> float:
        return float((await self.sent()).get("targetBitrate", 0))

    async def until_target(self, fits: Callable[[float], bool], within_s: float) -> float:
        """Seconds until the sender's target bit rate fits, and did twice in a row."""
        start = time.monotonic()
        in_a_row = 0
        while in_a_row < 2:
            await asyncio.sleep(0.5)
            target = await self.target()
            in_a_row = in_a_row + 1 if fits(target) else 0
            passed = time.monotonic() - start
            assert passed < within_s, f"{target:,.0f} bit/s after {passed:.0f} s"
        return passed


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    """Once the picture is good."""
    node = MediaNode(MediaSettings(), SECRET)
    await node.start()
    client = await MediaClient.connect(node.address, SECRET, Events())
    async with async_playwright() as playwright, FaultyNetwork() as network:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(), args=list(FLAGS)
        )
        legs = [BrowserLeg(await (await browser.new_context()).new_page()) for _ in range(2)]
        for leg, name in zip(legs, ("patient", "clinician"), strict=True):
            offer = await leg.offer(sends=leg is legs[0])
            answer = await client.open_leg("visit", 1, name, 1, offer, forward=True)
            await leg.accept(await network.lay(answer))
        call = Call(network.faults, *legs)
        await call.until_target(lambda bits: bits > GOOD, 40)
        yield call
        await browser.close()
    await client.close()
    await node.close()


Figures = tuple[Entry, Entry]


def say(figures: str) -> None:
    """For `make test-long ARGS=-s`."""
    sys.stdout.write(f"\n{figures}\n")


async def through(call: Call, work: Callable[[], Awaitable[object]]) -> Figures:
    """The receiver's video figures before and after."""
    before = await call.received()
    await work()
    return before, await call.received()


def grown(figures: Figures, name: str) -> float:
    before, after = figures
    return float(after.get(name, 0)) - float(before.get(name, 0))


async def longest_freeze(call: Call, seconds: float) -> float:
    """The longest time without a new frame, looked at ten times a second."""
    end = time.monotonic() + seconds
    longest, frames, since = 0.0, -1, time.monotonic()
    while (now := time.monotonic()) < end:
        found = int((await call.received())["framesDecoded"])
        if found != frames:
            frames, since = found, now
        longest = max(longest, now - since)
        await asyncio.sleep(0.1)
    return longest


async def test_random_loss_is_repaired(call: Call) -> None:
    """5 % of all packets, both ways, on both hops, for a minute."""
    freeze = 0.0

    async def lose() -> None:
        nonlocal freeze
        call.faults.loss = 0.05
        freeze = await longest_freeze(call, 60)
        call.faults.loss = 0.0
        await asyncio.sleep(2)  # what is on its way again

    figures = await through(call, lose)

    arrived = grown(figures, "packetsReceived")
    missing = grown(figures, "packetsLost") - grown(figures, "retransmittedPacketsReceived")
    say(
        f"5 % loss: {max(0.0, missing / arrived):.3%} missing after repair, "
        f"longest freeze {freeze:.2f} s"
    )
    assert grown(figures, "retransmittedPacketsReceived") > 20  # there was something to repair
    assert missing / arrived < 0.01
    assert freeze < 1.0


async def test_the_picture_is_back_after_a_blackout(call: Call) -> None:
    before = await call.received()
    call.faults.dark = True
    await asyncio.sleep(2)
    call.faults.dark = False
    back_at = time.monotonic()
    frames = int((await call.received())["framesDecoded"])
    async with asyncio.timeout(1.5):
        while int((await call.received())["framesDecoded"]) < frames + 3:  # noqa: ASYNC110  # asked
            await asyncio.sleep(0.05)

    say(f"blackout: picture back {time.monotonic() - back_at:.2f} s after its end")
    assert time.monotonic() - back_at < 1.5
    assert frames - int(before["framesDecoded"]) < 10  # it was one: at 15 a second


async def test_a_narrow_place_costs_picture_and_not_sound(call: Call) -> None:
    call.faults.bits_per_second = 400_000
    lowered = await call.until_target(lambda bits: bits < 500_000, 10)
    await asyncio.sleep(3)  # what stood in queues has gone
    before = await call.received("audio")
    await asyncio.sleep(10)
    after = await call.received("audio")
    samples = after["totalSamplesReceived"] - before["totalSamplesReceived"]
    concealed = after.get("concealedSamples", 0) - before.get("concealedSamples", 0)
    assert samples > 400_000
    assert concealed / samples < 0.02

    call.faults.bits_per_second = 0
    raised = await call.until_target(lambda bits: bits > GOOD, 30)
    say(
        f"400 kbit/s: below 500 after {lowered:.1f} s, above 1,000 again after {raised:.1f} s, "
        f"{concealed / samples:.2%} of the sound concealed"
    )


async def test_what_comes_twice_or_out_of_turn_is_not_seen(call: Call) -> None:
    async def mix_up() -> None:
        call.faults.twice = call.faults.swapped = 0.05
        freeze = await longest_freeze(call, 15)
        say(f"twice and swapped: longest time without a new picture {freeze:.2f} s")
        assert freeze < 0.5
        call.faults.twice = call.faults.swapped = 0.0

    figures = await through(call, mix_up)

    assert grown(figures, "freezeCount") == 0
    assert grown(figures, "packetsLost") <= 0
    assert grown(figures, "framesDecoded") > 10 * 15
