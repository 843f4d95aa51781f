"""Three and four browsers in one visit: each sees and hears all others, in sections of their own,
from the first answer on: who comes later needs no new offer of those who are there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from asking import ask_until
from browser import chromium_path
from browser_legs import BrowserLeg
from browser_people import AUDIBLE, FLAGS
from firefox import FirefoxPage
from kolapp_media.client import MediaClient
from media_events import dialled
from playwright.async_api import async_playwright

NAMES = ("patient", "clinician", "guest1", "guest2")
SMALL = {"width": 160, "height": 120, "rate": 8, "bits": 120_000}
PATIENCE_S = 60  # eight pictures to encode and decode on two cores


class Visit:
    """`come` lets somebody of a browser of their own join."""

    def __init__(self, client: MediaClient, legs: list[BrowserLeg]) -> None:
        self._client = client
        self._spare = legs
        self.legs: dict[str, BrowserLeg] = {}

    def bring(self, leg: BrowserLeg) -> None:
        """Whoever comes next comes with this one."""
        self._spare.append(leg)

    async def come(self, name: str, generation: int = 1) -> None:
        leg = self._spare.pop()
        offer = await leg.offer(slots=3, **SMALL)
        others = [each for each in NAMES if each != name]
        await leg.accept(
            await self._client.open_leg(
                "visit", 1, name, generation, offer, forward=True, slots=others
            )
        )
        self.legs[name] = leg

    async def everybody_sees_the_others(self) -> None:
        await ask_until(self._incoming, self._all_play, PATIENCE_S)

    async def of(self, name: str) -> dict[str, dict[str, Any]]:
        return await self.legs[name].incoming()

    async def _incoming(self) -> dict[str, dict[str, dict[str, Any]]]:
        return {name: await self.of(name) for name in self.legs}

    def _all_play(self, found: dict[str, dict[str, dict[str, Any]]]) -> bool:
        played = [self.plays(name, incoming) for name, incoming in found.items()]
        return all(played)  # of everybody, as nobody may see who is not there

    def plays(self, name: str, incoming: dict[str, dict[str, Any]]) -> bool:
        """In the sections of those who are there, and in no other."""
        slots = [each for each in NAMES if each != name]
        there = {number for number, each in enumerate(slots) if each in self.legs}
        seen = {
            int(mid) // 2
            for mid, each in incoming.items()
            if each["kind"] == "video" and each.get("framesDecoded", 0) > 3
        }
        heard = {
            int(mid) // 2
            for mid, each in incoming.items()
            if each["kind"] == "audio" and each.get("totalAudioEnergy", 0) > AUDIBLE
        }
        assert seen | heard <= there
        return seen == heard == there


@pytest.fixture
async def visit() -> AsyncIterator[Visit]:
    async with dialled() as (_, client), async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(), args=list(FLAGS)
        )
        yield Visit(
            client,
            [BrowserLeg(await (await browser.new_context()).new_page()) for _ in range(5)],
        )
        await browser.close()


async def test_each_sees_and_hears_all_others(visit: Visit) -> None:
    for name in ("patient", "clinician", "guest1"):
        await visit.come(name)
    await visit.everybody_sees_the_others()

    await visit.come("guest2")
    await visit.everybody_sees_the_others()


async def test_firefox_sees_and_hears_two_others_and_they_it(visit: Visit) -> None:
    async with FirefoxPage() as page:
        visit.bring(BrowserLeg(page, microphone_at=page.trusted))
        for name in ("patient", "clinician", "guest1"):
            await visit.come(name)
        await visit.everybody_sees_the_others()


async def test_who_connects_anew_is_seen_in_the_same_section(visit: Visit) -> None:
    for name in ("patient", "clinician", "guest1"):
        await visit.come(name)
    await visit.everybody_sees_the_others()
    before = await visit.of("clinician")

    await visit.legs["guest1"].page.close()
    await visit.come("guest1", 2)
    await visit.everybody_sees_the_others()

    def decoded(incoming: dict[str, dict[str, Any]]) -> int:
        return int(incoming["3"]["framesDecoded"])

    after = await ask_until(
        lambda: visit.of("clinician"), lambda now: decoded(now) >= decoded(before) + 10, PATIENCE_S
    )
    assert {mid: each["ssrc"] for mid, each in after.items()} == {
        mid: each["ssrc"] for mid, each in before.items()
    }
