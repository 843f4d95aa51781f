"""One consultation after another in real browsers, from drawing a number to the next patient."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from browser_network import Network, network_to
from browser_people import House, Person, house_of
from processes import Serve

FRAMES = 60
RING_WITHIN_MS = 250


@pytest.fixture
async def house(serve: Serve) -> AsyncIterator[House]:
    async with house_of(serve.url) as house:
        yield house


@pytest.fixture
async def lift(serve: Serve) -> AsyncIterator[Network]:
    """Where the third patient is: the network freezes there at times."""
    async with network_to(serve.url) as network:
        yield network


async def test_three_draw_numbers_and_two_are_seen(house: House, lift: Network) -> None:
    first, second, third = await three_waiting(house, lift)
    numbers = [await person.number() for person in (first, second, third)]
    assert numbers == [1, 2, 3]

    # The second leaves; the third moves up without touching anything.
    await second.click("#leave")
    await second.click("#leave-yes")
    await second.state("ended")
    await third.ahead(1)

    # A reload while waiting keeps the number.
    await third.page.reload()
    await third.state("waiting")
    assert await third.number() == 3
    await third.ahead(1)

    clinician = await ready_clinician(house)
    await clinician.click("#next")
    await first.state("called")
    assert await first.entered("called") - await clinician.clicked("next") <= RING_WITHIN_MS
    await third.ahead(0)

    await first.click("#answer")
    await asyncio.gather(first.state("call"), clinician.state("call"))
    await talk(first, clinician)

    await clinician.click("#hang-up")
    await first.state("ended")
    await clinician.state("desk")
    await clinician.click("#next")
    await third.state("called")
    await answer_and_hang_up_in_the_lift(third, clinician, lift)
    assert house.complaints == []


async def answer_and_hang_up_in_the_lift(patient: Person, clinician: Person, lift: Network) -> None:
    """What is pressed while nothing passes is said to wait, and is done once it passes."""
    lift.freeze()
    await patient.says("#seconds", "43")
    await patient.click("#answer")
    await patient.says(
        "#call-status p", "No connection right now. Your answer is sent as soon as it is back."
    )
    await clinician.state("calling")
    lift.thaw()
    await clinician.state("call")
    await patient.sees_and_hears(1)

    lift.freeze()
    await patient.click("#hang-up")
    await patient.says("#call-status h2", "Hanging up…")
    assert (await patient.page.evaluate("() => window.legs.at(-1).connectionState")) == "closed"
    lift.thaw()
    await clinician.state("desk")
    await patient.state("ended")


async def three_waiting(house: House, lift: Network) -> list[Person]:
    """Each draws a number and sees how many are ahead."""
    people = []
    for ahead, url in enumerate(("", "", lift.url)):
        person = await house.person("/patient", phone=True, url=url)
        await person.state("welcome")
        await person.click("#join")
        await person.state("waiting")
        await person.ahead(ahead)
        people.append(person)
    return people


async def ready_clinician(house: House) -> Person:
    clinician = await house.person("/clinician", phone=False)
    await clinician.click("#ready")
    await clinician.state("desk")
    await clinician.page.wait_for_selector("#next:not([disabled])")
    return clinician


async def talk(one: Person, other: Person) -> None:
    """Both see moving pictures and hear sound; on loopback nothing is lost."""
    before = await asyncio.gather(one.sees_and_hears(1), other.sees_and_hears(1))
    pictures = await asyncio.gather(one.picture(), other.picture())
    figures = await asyncio.gather(one.sees_and_hears(FRAMES), other.sees_and_hears(FRAMES))
    later = await asyncio.gather(one.picture(), other.picture())
    for was, now, picture, changed in zip(before, figures, pictures, later, strict=True):
        assert now["frames"] > was["frames"]
        assert now["lost"] == 0
        assert sum(abs(a - b) for a, b in zip(picture, changed, strict=True)) > 1_000
