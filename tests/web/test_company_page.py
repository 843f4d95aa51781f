"""Several people in one call: who is seen where, and what is said of them. Real media, from a node
in the page itself."""

from __future__ import annotations

import pytest
from playwright.async_api import Page
from staged_node import answer_offer
from staged_pages import Line, Stage, says, state
from staged_words import Message, people, ticket, visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

TWO = people("patient", "clinician")
THREE = people("patient", "clinician", "guest1:interpreter")
FOUR = people("patient", "clinician", "guest1:interpreter", "guest2:guardian")
# What stands on each tile that is shown: the name, and what is said of them.
TILES = """
() => [...document.querySelectorAll(".tile:not([hidden])")].map((tile) => {
  const off = tile.querySelector(".tile-off");
  return [tile.querySelector(".tile-name").textContent, off.hidden ? "" : off.textContent];
})
"""
SAID = """
([name, note]) => [...document.querySelectorAll(".tile:not([hidden])")].some((tile) =>
  tile.querySelector(".tile-name").textContent === name
  && tile.querySelector(".tile-note").textContent === note)
"""


def in_visit(version: int, participants: list[Message], **fields: object) -> Message:
    return ticket("in_visit", version, visit=visit(slots=3, participants=participants, **fields))


async def patient_in_call(stage: Stage, participants: list[Message]) -> tuple[Page, Line]:
    page = await stage.page("/patient")
    line = await stage.line()
    await line.greet()
    await line.reply("find", in_visit(3, participants))
    offer = await answer_offer(page, line, ["clinician", "guest1", "guest2"])
    assert offer.count("a=recvonly") == 4  # room for those who may come
    await page.wait_for_function("() => document.querySelector('#remote').videoWidth > 0")
    await page.wait_for_selector("#call-status", state="hidden")
    return page, line


async def tile_says(page: Page, name: str, note: str) -> None:
    await page.wait_for_function(SAID, arg=[name, note], timeout=15_000)


async def test_who_comes_has_a_tile_and_who_goes_has_none(stage: Stage) -> None:
    page, line = await patient_in_call(stage, TWO)
    assert await page.is_hidden(".tile-plate")  # one other fills the stage
    assert await page.is_hidden("#people-open")  # and nobody asks who is there
    line.send(in_visit(4, THREE))
    await says(page, "#news", "Interpreter is in the call now, invited by the clinic.")
    assert await page.evaluate(TILES) == [["Clinician", ""], ["Interpreter", ""]]
    assert await page.is_visible(".tile-plate")
    await says(page, ".call-who", "3 in the call")
    await page.wait_for_function("() => document.querySelector('#remote-2').videoWidth > 0")

    line.send(in_visit(5, FOUR))
    await says(page, "#news", "Guardian is in the call now, invited by the clinic.")
    assert await page.evaluate(TILES) == [["Clinician", ""], ["Interpreter", ""], ["Guardian", ""]]
    line.send(in_visit(6, TWO))
    await says(
        page,
        "#news",
        "Interpreter is not in the call any more. Guardian is not in the call any more.",
    )
    assert await page.is_hidden(".tile-plate")
    await says(page, ".call-who", "Clinician")
    assert await page.evaluate("() => document.querySelector('#remote-2').srcObject") is None


async def test_another_person_in_the_same_seat_is_news(stage: Stage) -> None:
    before = [*TWO, *people("guest1:interpreter:first")]
    after = [*TWO, *people("guest1:colleague:second")]
    page, line = await patient_in_call(stage, before)
    line.send(in_visit(4, after))
    await says(
        page,
        "#news",
        "Interpreter is not in the call any more. "
        "Colleague is in the call now, invited by the clinic.",
    )
    assert [name for name, _ in await page.evaluate(TILES)] == ["Clinician", "Colleague"]


async def test_two_of_a_kind_are_told_apart(stage: Stage) -> None:
    alike = people("patient", "clinician", "guest1:colleague:a", "guest2:colleague:b")
    page, _ = await patient_in_call(stage, alike)
    names = [name for name, _ in await page.evaluate(TILES)]
    assert names == ["Clinician", "Colleague 1", "Colleague 2"]


async def test_a_tile_says_what_is_wrong_or_missing(stage: Stage) -> None:
    page, line = await patient_in_call(stage, FOUR)
    await page.evaluate("() => people[1].off()")
    await tile_says(page, "Interpreter", "Camera off")
    assert await page.is_hidden("#remote-2")  # words in place of a picture that says it in none
    await page.evaluate("() => people[1].back()")
    await tile_says(page, "Interpreter", "")
    assert await page.is_visible("#remote-2")
    await page.evaluate("() => people[2].blind()")
    await tile_says(page, "Guardian", "Sound only")
    await page.evaluate("() => people[0].gone()")
    await tile_says(page, "Clinician", "Interrupted")
    assert await page.is_visible("#remote")  # the last picture stands
    lost = [*FOUR[:2], FOUR[2] | {"media": "lost"}, FOUR[3]]
    line.send(in_visit(4, lost))
    await tile_says(page, "Interpreter", "Reconnecting…")
    assert await page.is_hidden("#call-status")


async def test_without_pictures_everybody_has_a_tile_still(stage: Stage) -> None:
    page, line = await patient_in_call(stage, THREE)
    await page.click("#settings")
    await page.check("#sound-only")
    await page.click("#devices-dialog .primary")
    offer = await answer_offer(page, line, ["clinician", "guest1", "guest2"])
    assert offer.count("a=inactive") == 2
    assert await page.locator(".tile.bare:visible").count() == 2
    await page.click("#video-again")
    await answer_offer(page, line, ["clinician", "guest1", "guest2"])
    await page.wait_for_function("() => document.querySelectorAll('.tile.bare').length === 0")


async def test_everybody_can_read_who_is_there(stage: Stage) -> None:
    page, line = await patient_in_call(stage, THREE)
    await page.click("#people-open")
    rows = await page.locator("#people-list li").all_inner_texts()
    assert [row.split("\n") for row in rows] == [
        ["Patient (you)"],
        ["Clinician"],
        ["Interpreter", "Invited by the clinic"],
    ]
    assert await page.evaluate("document.activeElement.id") == "people-title"
    assert await page.locator("#people button").count() == 1  # to close it
    await page.evaluate("() => document.querySelector('#chat-open').click()")  # one at a time
    assert await page.is_hidden("#people")
    await page.evaluate("() => document.querySelector('#people-open').click()")
    assert await page.is_hidden("#chat")
    await page.keyboard.press("Escape")
    assert await page.evaluate("document.activeElement.id") == "people-open"
    await line.close(4502)
    await state(page, "blocked")


async def test_what_a_guest_writes_has_their_name_on_it(stage: Stage) -> None:
    page, line = await patient_in_call(stage, THREE)
    line.send(in_visit(4, THREE, said=1))
    lines = [{"number": 1, "role": "guest1", "text": "Hej"}]
    await line.reply("hear", {"type": "said", "visit": "visit", "lines": lines, "said": 1})
    await page.click("#chat-open")
    await page.wait_for_selector("#chat-lines li")
    assert (await page.inner_text("#chat-lines li")).split("\n") == ["Interpreter", "Hej"]
