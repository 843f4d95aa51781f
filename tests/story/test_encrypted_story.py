"""An encrypted consultation in real browsers, by a real server that cannot listen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_people import House, Person, house_of
from processes import Serve, serving

FRAMES = 45
ENCRYPTED = {"KOLAPP_QUEUE_ENCRYPTED": "true"}


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with serving(tmp_path / "data", environment=ENCRYPTED) as serve:
        yield serve


async def numbers(person: Person) -> str:
    """What is to be compared, once there is something."""
    await person.page.wait_for_selector('#e2ee[data-face="new"]', timeout=20_000)
    return await person.page.inner_text("#e2ee-code")


async def in_call(house: House) -> tuple[Person, Person]:
    patient = await house.person("/patient", phone=True)
    clinician = await house.person("/clinician", phone=False)
    await patient.state("welcome")
    await patient.click("#join")
    await patient.state("waiting")
    await clinician.click("#ready")
    await clinician.click("#next")
    await patient.state("called")
    await patient.click("#answer")
    await asyncio.gather(patient.state("call"), clinician.state("call"))
    return patient, clinician


async def test_two_see_and_hear_each_other_and_have_the_same_numbers(serve: Serve) -> None:
    async with house_of(serve.url) as house:
        patient, clinician = await in_call(house)
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
