"""Four browsers in one visit: two guests come by their links, one leaves, one is removed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from browser_company import all_see_all, invite
from browser_people import House, Person, house_of
from processes import Serve

GONE_WITHIN_MS = 1_000


@pytest.fixture
async def house(serve: Serve) -> AsyncIterator[House]:
    async with house_of(serve.url) as house:
        yield house


async def test_two_guests_come_by_link_one_leaves_and_one_is_removed(house: House) -> None:
    patient, clinician = await in_call(house)
    link = await invite(clinician, "interpreter")
    interpreter = await joined(house, link)
    guardian = await joined(house, await invite(clinician, "guardian"))
    people = {
        "Patient": patient,
        "Clinician": clinician,
        "Interpreter": interpreter,
        "Guardian": guardian,
    }
    await all_see_all(people)

    stranger = await house.person(link, phone=True)  # a link works once
    await stranger.click("#join")
    await stranger.says("#ended-title", "This link is not valid any more")

    await guardian.page.reload()  # comes back by itself
    await guardian.state("call")
    await all_see_all(people)

    await interpreter.click("#hang-up")
    await interpreter.says("#ended-title", "You have left the call")
    for one in (patient, clinician, guardian):
        await one.says("#news", "Interpreter is not in the call any more.")
    del people["Interpreter"]
    await all_see_all(people)

    await remove(clinician, "guest2", watched_by=patient)
    await guardian.says("#ended-title", "You are no longer in the call")
    await guardian.page.reload()
    await guardian.says("#ended-title", "You are no longer in the call")
    del people["Guardian"]
    assert await patient.page.locator(".tile:visible").count() == 1
    await asyncio.gather(patient.sees_and_hears(30), clinician.sees_and_hears(30))
    refused = "Failed to load resource"  # what a browser itself says of the stranger's code
    assert [one for one in house.complaints if refused not in one] == []


async def in_call(house: House) -> tuple[Person, Person]:
    patient = await house.person("/patient", phone=True)
    await patient.click("#join")
    await patient.state("waiting")
    clinician = await house.person("/clinician", phone=False)
    await clinician.click("#ready")
    await clinician.click("#next")
    await patient.click("#answer")
    await asyncio.gather(patient.state("call"), clinician.state("call"))
    return patient, clinician


async def joined(house: House, link: str) -> Person:
    guest = await house.person(link, phone=True)
    await guest.state("invited")
    assert await guest.page.evaluate("() => location.hash") == ""  # nobody reads it there
    await guest.click("#join")
    await guest.state("call")
    return guest


async def remove(clinician: Person, seat: str, *, watched_by: Person) -> None:
    """Gone from the other's screen within a second of the press, by the machine's clock."""
    await watched_by.page.evaluate(
        """() => {
          window.gone = new Promise((resolve) => {
            const stage = document.querySelector(".call-stage");
            new MutationObserver(() => stage.dataset.others === "1" && resolve(Date.now()))
              .observe(stage, { attributes: true });
          });
        }"""
    )
    await clinician.click(f'[data-remove="{seat}"]')
    await clinician.click("#remove-yes")
    gone = int(await watched_by.page.evaluate("() => gone"))
    assert gone - await clinician.clicked("remove-yes") <= GONE_WITHIN_MS
