"""A clinician invites people into a visit and removes them, beside a server that the test plays."""

from __future__ import annotations

import pytest
from playwright.async_api import Page
from staged_pages import Line, Stage, says, state
from staged_words import Message, duty, error, people, visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

CODE = "code-" + "x" * 40
AWAITED = {"role": "guest1", "kind": "interpreter", "valid_ms": 1_800_000}
TWO = people("patient", "clinician")


def desk(version: int, participants: list[Message] = TWO, **fields: object) -> Message:
    return duty(version, visit=visit(participants=participants, **{"slots": 3, **fields}))


def invited(guest: str = "guest1", code: str = CODE) -> Message:
    made = {"visit": "visit", "guest": guest, "code": code, "valid_ms": 1_800_000}
    return {"type": "invited", **made}


async def clinician_in_call(stage: Stage, **fields: object) -> tuple[Page, Line]:
    page = await stage.page("/clinician")
    line = await stage.line()
    await line.greet(role="clinician")
    line.send(desk(1, **fields))
    await state(page, "call")
    await line.expect("offer")
    return page, line


async def test_a_link_is_made_shown_and_gone_when_it_is_used(stage: Stage) -> None:
    page, line = await clinician_in_call(stage)
    await says(page, "#people-open span", "Invite someone")
    await page.click("#people-open")
    await page.click('#invite-kinds [data-kind="interpreter"]')
    asked = await line.reply("invite", invited())
    assert (asked["visit"], asked["epoch"], asked["kind"]) == ("visit", 7, "interpreter")
    await page.wait_for_selector("#invite-new", state="visible")
    link = await page.input_value("#invite-link")
    assert link == f"{stage.site.origin}/guest#{CODE}&as=interpreter"
    lead = "Link for: Interpreter. It works once, within 30 minutes. Send it to this person only."
    await says(page, "#invite-new .people-lead", lead)
    assert await page.is_visible(".invite-code svg")
    line.send(desk(2))  # from before the invitation
    line.send(desk(3, invited=[AWAITED]))
    await page.wait_for_selector('#invited [data-who="guest1"]')
    assert await page.is_visible("#invite-new")
    note = await page.inner_text("#invited .people-note")
    assert note == "Invited. The link holds 30 min more."

    line.send(desk(4, people("patient", "clinician", "guest1:interpreter:i")))
    await page.wait_for_selector("#invite-new", state="hidden")
    assert await page.locator("#invited li").count() == 0
    await says(page, "#people-open span", "Participants")


async def test_the_link_can_be_copied(stage: Stage) -> None:
    page, line = await clinician_in_call(stage)
    await page.context.grant_permissions(["camera", "microphone", "clipboard-write"])
    await page.click("#people-open")
    await page.click('#invite-kinds [data-kind="guardian"]')
    await line.reply("invite", invited())
    await page.click("#invite-copy")
    await says(page, "#invite-new .people-lead", "The link is copied.")


async def test_a_guest_is_removed_after_being_asked_once(stage: Stage) -> None:
    three = people("patient", "clinician", "guest1:interpreter:i")
    page, line = await clinician_in_call(stage, participants=three)
    await page.click("#people-open")
    await page.click('[data-remove="guest1"]')
    await says(page, "#remove-title", "Remove from the call: Interpreter?")
    await page.click("#remove-no")
    await page.click('[data-remove="guest1"]')
    await page.click("#remove-yes")
    request = await line.reply("remove_guest", desk(2))
    assert (request["visit"], request["epoch"], request["guest"]) == ("visit", 7, "guest1")
    await page.wait_for_selector('[data-remove="guest1"]', state="detached")


async def test_an_invitation_can_be_taken_back(stage: Stage) -> None:
    page, line = await clinician_in_call(stage, invited=[AWAITED])
    await page.click("#people-open")
    await page.click('#invited [data-remove="guest1"]')
    await page.click("#remove-yes")
    await line.reply("remove_guest", desk(2))
    await page.wait_for_selector("#invited li", state="detached")


async def test_what_was_not_answered_is_asked_again_with_the_same_key(stage: Stage) -> None:
    page, line = await clinician_in_call(stage)
    await page.click("#people-open")
    button = '#invite-kinds [data-kind="guardian"]'
    await page.click(button)
    first = await line.reply("invite", error("store_unavailable"))
    await says(page, "#invite-error", "The server did not answer. Please try again.")
    await page.click(button)
    second = await line.reply("invite", error("guests_full"))
    assert second["key"] == first["key"]
    await says(page, "#invite-error", "No more people fit into this call.")
    await page.click(button)
    third = await line.reply("invite", invited("guest2"))
    assert third["key"] != first["key"]
    await says(page, "#invite-error", "")


async def test_nobody_is_invited_where_there_is_no_room(stage: Stage) -> None:
    page, line = await clinician_in_call(stage, slots=1)
    assert await page.is_hidden("#people-open")
    line.send(desk(2, slots=2, invited=[AWAITED]))
    await page.click("#people-open")
    assert await page.is_hidden("#invite-kinds")
    await says(page, ".people-more > .people-lead", "No more people fit into this call.")
