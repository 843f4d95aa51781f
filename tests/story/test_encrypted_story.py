"""An encrypted consultation in real browsers, by a real server that cannot listen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from browser_people import House, Person, house_with, two_in_call

FRAMES = 45


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_with(tmp_path / "data", KOLAPP_QUEUE_ENCRYPTED="true") as house:
        yield house


async def numbers(person: Person) -> str:
    """What is to be compared, once there is something."""
    await person.page.wait_for_selector('#e2ee[data-face="new"]', timeout=20_000)
    return await person.page.inner_text("#e2ee-code")


async def test_two_see_and_hear_each_other_and_have_the_same_numbers(house: House) -> None:
    patient, clinician = await two_in_call(house)
    await asyncio.gather(patient.sees_and_hears(FRAMES), clinician.sees_and_hears(FRAMES))
    first = await numbers(patient)
    assert first == await numbers(clinician)
    before = await asyncio.gather(patient.picture(), clinician.picture())
    await asyncio.gather(*(one.sees_and_hears(FRAMES + 30) for one in (patient, clinician)))
    later = await asyncio.gather(patient.picture(), clinician.picture())
    for was, now in zip(before, later, strict=True):
        assert sum(abs(a - b) for a, b in zip(was, now, strict=True)) > 1_000  # it moves

    # A page that is loaded again has no keys any more: new ones, and other numbers.
    await clinician.click("#e2ee-same")
    await patient.page.reload()
    await patient.state("call")
    await asyncio.gather(patient.sees_and_hears(FRAMES), clinician.sees_and_hears(FRAMES))
    second = await numbers(patient)
    assert second == await numbers(clinician) != first
    assert house.complaints == []
