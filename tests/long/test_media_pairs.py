"""Independent implementations in one call, by twos: each hears and sees the other.

Everyone judges by its own statistics: what it decoded, and how loud that was.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest
from asking import ask_until
from browser import chromium_path
from browser_legs import BrowserLeg
from browser_people import FLAGS
from firefox import FirefoxPage
from kolapp_loadtest.bench.media_load import Pion, build, record
from kolapp_media.rtc.leg import Leg
from media_events import dialled
from media_peers import Peer, until
from playwright.async_api import async_playwright

ENOUGH_S = 40.0


class End(Protocol):
    async def offer(self) -> str: ...
    async def accept(self, answer: str) -> None: ...

    async def sees_and_hears(self) -> None: ...


class BrowserEnd:
    def __init__(self, leg: BrowserLeg) -> None:
        self._leg = leg

    async def offer(self) -> str:
        return await self._leg.offer()

    async def accept(self, answer: str) -> None:
        await self._leg.accept(answer)

    async def sees_and_hears(self) -> None:
        """Two seconds of picture, and sound that is not silence."""

        def enough(found: dict[str, dict[str, Any]]) -> bool:
            picture, sound = found.get("in_video", {}), found.get("in_audio", {})
            loud = sound.get("totalAudioEnergy", 0) > 1e-3
            heard = loud and sound.get("packetsReceived", 0) >= 100
            return bool(picture.get("framesDecoded", 0) >= 20 and heard)

        await ask_until(self._leg.figures, enough, ENOUGH_S)


class PythonEnd:
    """aiortc."""

    def __init__(self) -> None:
        self.peer = Peer()

    async def offer(self) -> str:
        return await self.peer.offer()

    async def accept(self, answer: str) -> None:
        await self.peer.accept(answer)

    async def sees_and_hears(self) -> None:
        """Frames were decoded, and something was loud."""
        async with asyncio.timeout(ENOUGH_S):
            while self.peer.frames < 20 or self.peer.loudest < 1_000:  # noqa: ASYNC110  # counters
                await asyncio.sleep(0.1)


class GoEnd:
    """pion; it decodes nothing, so what counts is that all packets come."""

    def __init__(self, pion: Pion) -> None:
        self._pion = pion

    async def offer(self) -> str:
        return await self._pion.offer("end")

    async def accept(self, answer: str) -> None:
        await self._pion.accept("end", answer)
        await self._pion.send("end")

    async def sees_and_hears(self) -> None:
        received = expected = 0
        start = time.monotonic()
        while received < 200:
            assert time.monotonic() - start < ENOUGH_S
            await asyncio.sleep(0.5)
            found = await self._pion.figures()
            received, expected = received + found["received"], expected + found["expected"]
        assert expected <= received <= expected + 10


Make = Callable[[], Awaitable[End]]


@pytest.fixture
async def make(
    tmp_path: Path,
) -> AsyncIterator[Callable[[str], Awaitable[End]]]:
    async with AsyncExitStack() as stack:

        async def chromium() -> End:
            playwright = await stack.enter_async_context(async_playwright())
            browser = await playwright.chromium.launch(
                executable_path=chromium_path(), args=list(FLAGS)
            )
            stack.push_async_callback(browser.close)
            return BrowserEnd(BrowserLeg(await browser.new_page()))

        async def firefox() -> End:
            page = await stack.enter_async_context(FirefoxPage())
            return BrowserEnd(BrowserLeg(page, microphone_at=page.trusted))

        async def aiortc() -> End:
            end = PythonEnd()
            stack.push_async_callback(end.peer.close)
            return end

        async def pion() -> End:
            record(tmp_path)
            peer = await stack.enter_async_context(Pion(await build()))
            await peer.record(tmp_path)
            return GoEnd(peer)

        kinds = {"chromium": chromium, "firefox": firefox, "aiortc": aiortc, "pion": pion}
        yield lambda name: kinds[name]()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("chromium", "chromium"),
        ("chromium", "firefox"),
        ("chromium", "aiortc"),
        ("chromium", "pion"),
        ("firefox", "aiortc"),
    ],
)
async def test_pair(first: str, second: str, make: Callable[[str], Awaitable[End]]) -> None:
    ends = [await make(first), await make(second)]
    async with dialled() as (node, client):
        legs: list[Leg] = []
        for end, name in zip(ends, ("patient", "clinician"), strict=True):
            answer = await client.open_leg("visit", 1, name, 1, await end.offer(), forward=True)
            legs += node._legs - set(legs)
            await end.accept(answer)

        here, there = ends
        await asyncio.gather(here.sees_and_hears(), there.sees_and_hears())

        # Each that can tell how much it could receive does (REMB), so nobody needs transport-cc.
        told = [leg for leg, end in zip(legs, ends, strict=True) if not isinstance(end, GoEnd)]
        await until(lambda: all(leg.incoming.feedback.rates.said.bits for leg in told), ENOUGH_S)
        assert {leg.profile for leg in legs} == {"SRTP_AEAD_AES_128_GCM"}
