"""Four browsers in one visit: two guests come by their links, one leaves, one is removed.

From the pages' own clocks. Deadlines here are a busy machine's; `-s` shows the figure.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from browser_company import PATIENCE_S, all_see_all, invite, sees_and_hears_all
from browser_people import (
    WATCH_LEGS,
    House,
    Person,
    house_of,
    house_with,
    two_in_call,
)
from firefox import FirefoxPage
from processes import serving

GONE_WITHIN_MS = 1_000
SLOW = 3  # how many times longer a busy machine may take, with four browsers on it


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_with(tmp_path / "data") as house:
        yield house


async def test_two_guests_come_by_link_one_leaves_and_one_is_removed(house: House) -> None:
    patient, clinician = await two_in_call(house, patience=PATIENCE_S)
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
    await stranger.says("#ended-title", "This link is not valid any more", PATIENCE_S)

    await guardian.page.reload()  # comes back by itself
    await guardian.state("call", PATIENCE_S)
    await all_see_all(people)

    await interpreter.click("#hang-up")
    await interpreter.says("#ended-title", "You have left the call", PATIENCE_S)
    del people["Interpreter"]
    await all_see_all(people)

    await remove(clinician, "guest2", watched_by=patient)
    await guardian.says("#ended-title", "You are no longer in the call", PATIENCE_S)
    await guardian.page.reload()
    await guardian.says("#ended-title", "You are no longer in the call", PATIENCE_S)
    del people["Guardian"]
    assert await patient.page.locator(".tile:visible").count() == 1
    await asyncio.gather(patient.sees_and_hears(30), clinician.sees_and_hears(30))
    refused = "Failed to load resource"  # what a browser itself says of the stranger's code
    assert [one for one in house.complaints if refused not in one] == []


async def test_a_guest_in_firefox_is_one_of_them(tmp_path: Path) -> None:
    """Over the network: Firefox connects nobody to a server on the same machine's loopback."""
    async with AsyncExitStack() as stack:
        serve = stack.enter_context(serving(tmp_path / "data", "--lan"))
        house = await stack.enter_async_context(house_of(serve.url))
        patient, clinician = await two_in_call(house, patience=PATIENCE_S)
        guest = await stack.enter_async_context(FirefoxPage())
        await guest.goto(serve.url.rstrip("/") + await invite(clinician, "interpreter"))
        await guest.evaluate(f"() => {{ {WATCH_LEGS} }}")
        await guest.evaluate("() => document.querySelector('#join').click()")
        await asyncio.gather(
            sees_and_hears_all(guest, "Patient", "Clinician"),
            sees_and_hears_all(patient, "Interpreter", "Clinician"),
            sees_and_hears_all(clinician, "Interpreter", "Patient"),
        )
        await guest.evaluate("() => document.querySelector('#camera').click()")
        await patient.says("#remote-2 + .tile-off .tile-note", "Camera off", PATIENCE_S)


async def joined(house: House, link: str) -> Person:
    guest = await house.person(link, phone=True)
    await guest.state("invited", PATIENCE_S)
    assert await guest.page.evaluate("() => location.hash") == ""  # nobody reads it there
    await guest.click("#join")
    await guest.state("call", PATIENCE_S)
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
    took_ms = gone - await clinician.clicked("remove-yes")
    sys.stdout.write(f"removed: gone from the others' screens after {took_ms} ms\n")
    assert took_ms <= GONE_WITHIN_MS * SLOW
