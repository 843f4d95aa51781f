"""Encrypted visits in which people come and go, over a media node and past it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from asking import ask_until
from browser_company import PATIENCE_S, all_see_all, invite
from browser_people import House, Person, house_with, two_in_call


@asynccontextmanager
async def in_call(
    data_dir: Path, **environment: str
) -> AsyncIterator[tuple[House, dict[str, Person]]]:
    async with house_with(data_dir, KOLAPP_QUEUE_ENCRYPTED="yes", **environment) as house:
        patient, clinician = await two_in_call(house, patience=PATIENCE_S)
        yield house, {"Patient": patient, "Clinician": clinician}
        assert house.complaints == []


async def numbers(*people: Person, other_than: str = "") -> str:
    """Of all of them, once they are the same and new."""

    async def shown() -> list[str]:
        return [await one.page.inner_text("#e2ee") for one in people]

    def agreed(codes: list[str]) -> bool:
        return len(set(codes)) == 1 and codes[0][:1].isdigit() and codes[0] != other_than

    return (await ask_until(shown, agreed, PATIENCE_S))[0]


@pytest.mark.parametrize("mode", ["bridge", "direct"])
async def test_who_comes_and_goes_changes_the_numbers_of_all(tmp_path: Path, mode: str) -> None:
    """A direct visit goes over to the media node with the invitation, and stays encrypted."""
    async with in_call(tmp_path / "data", KOLAPP_QUEUE_MODE=mode) as (house, people):
        patient, clinician = people.values()
        await asyncio.gather(patient.sees_and_hears(30), clinician.sees_and_hears(30))
        alone = await numbers(patient, clinician)
        await clinician.click("#e2ee-same")

        guest = await house.person(await invite(clinician, "interpreter"), phone=True)
        await guest.state("invited", PATIENCE_S)
        await guest.click("#join")
        await guest.state("call", PATIENCE_S)
        together = await numbers(*people.values(), guest, other_than=alone)
        await all_see_all({**people, "Interpreter": guest})
        await clinician.page.wait_for_selector('#e2ee[data-face="new"]')

        await guest.page.reload()  # somebody new, as far as keys go
        again = await numbers(*people.values(), guest, other_than=together)
        await all_see_all({**people, "Interpreter": guest})

        await guest.click("#hang-up")
        await numbers(*people.values(), other_than=again)
        await all_see_all(people)
