"""The page of somebody who is invited, beside a server that the test plays."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route
from staged_node import answer_offer
from staged_pages import Line, Stage, says, state
from staged_words import guest, people

pytestmark = pytest.mark.asyncio(loop_scope="session")

CODE = "code-" + "x" * 40
LINK = f"/guest#{CODE}&as=interpreter"
THREE = people("patient", "clinician", "guest1:interpreter")
PASS = {"token": "pass", "provider": "p", "visit": "visit", "guest": "guest1", "valid_ms": 9}


class Door:
    """What the server says to a code: the status of each answer, then 200 for all others."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.shown: list[dict[str, Any]] = []

    async def answer(self, route: Route) -> None:
        self.shown.append(json.loads(route.request.post_data or "{}"))
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 0:
            await route.abort()
        elif status == 200:
            await route.fulfill(json=PASS)
        else:
            await route.fulfill(status=status, json={"code": "bad_code", "message": "."})


@pytest_asyncio.fixture(loop_scope="session")
async def door(stage: Stage) -> AsyncIterator[Door]:
    door = Door()
    await stage.tab.route("**/api/v1/guest", door.answer)
    yield door
    await stage.tab.unroute("**/api/v1/guest", door.answer)
    # What the browser itself says of an answer that is no good.
    stage.complaints[:] = [one for one in stage.complaints if "Failed to load" not in one]


async def invited(stage: Stage, path: str = LINK) -> Page:
    page = await stage.page(path)
    await state(page, "invited")
    return page


async def joined(stage: Stage) -> tuple[Page, Line]:
    page = await invited(stage)
    await page.click("#join")
    line = await stage.line()
    assert (await line.greet(role="guest"))["token"] == "pass"
    line.send(guest(1, participants=THREE))
    await state(page, "call")
    return page, line


async def test_the_page_says_what_it_is_before_anything_happens(stage: Stage, door: Door) -> None:
    page = await invited(stage)
    lead = "It is a conversation between a patient and a clinician. You are invited as interpreter."
    await says(page, "#guest-lead", lead)
    assert await page.evaluate("location.href") == f"{stage.site.origin}/guest"
    assert door.shown == []
    assert stage.lines.empty()
    await page.reload()  # the code is in this tab, not in its address
    await says(page, "#guest-lead", lead)
    await invited(stage, f"/guest#{CODE}-other")
    await says(
        page,
        "#guest-lead",
        "It is a conversation between a patient and a clinician. "
        "You can be there by video, or by voice alone.",
    )


async def test_one_press_and_the_guest_is_in_the_call(stage: Stage, door: Door) -> None:
    page, line = await joined(stage)
    assert [shown["code"] for shown in door.shown] == [CODE]
    offer = await answer_offer(page, line, ["patient", "clinician", "guest2"])
    assert offer.count("a=recvonly") == 4
    await page.wait_for_selector("#call-status", state="hidden")
    names = await page.locator(".tile:visible .tile-name").all_inner_texts()
    assert names == ["Patient", "Clinician"]
    await says(page, "#hang-up span:last-child", "Leave")
    await page.click("#hang-up")
    await line.reply("hang_up", guest(2, "left"))
    await says(page, "#ended-title", "You have left the call")
    assert await page.evaluate("() => document.querySelector('#self').srcObject") is None


async def test_who_comes_without_a_camera_has_none_after_a_reload_either(
    stage: Stage, door: Door
) -> None:
    page = await invited(stage)
    await page.click("#preview-open")
    await page.wait_for_function("() => document.querySelector('#preview').videoWidth > 0")
    await page.check("#no-camera")
    await page.wait_for_function("() => !document.querySelector('#preview').srcObject")
    await page.click("#join")
    for _ in range(2):
        line = await stage.line()
        assert (await line.greet(role="guest"))["token"] == "pass"
        line.send(guest(1, participants=THREE))
        await state(page, "call")
        await says(page, "#camera span:last-child", "Camera on")
        await page.wait_for_selector(".call-self .muted", state="hidden")  # is heard
        assert await page.evaluate("() => document.querySelector('#self').srcObject") is None
        await page.reload()
    assert len(door.shown) == 1


async def test_a_lost_answer_is_asked_for_again_with_the_same_key(stage: Stage, door: Door) -> None:
    door.statuses = [0, 429, 503]
    page = await invited(stage)
    unreachable = "The server did not answer. Your link is still good: please press again."
    busy = "There were too many tries. Please wait a minute, then press again."
    for said in (unreachable, busy, unreachable):
        await page.click("#join")
        await says(page, "#join-error", said)
    await page.click("#join")
    await stage.line()
    assert len({shown["key"] for shown in door.shown}) == 1
    assert len(door.shown) == 4


async def test_a_link_that_is_no_good_says_what_to_do(stage: Stage, door: Door) -> None:
    door.statuses = [400]
    page = await invited(stage)
    await page.click("#join")
    await says(page, "#ended-title", "This link is not valid any more")
    assert stage.lines.empty()
    await page.goto(f"{stage.site.origin}/guest#short")
    await says(page, "#ended-title", "This page opens with a link")


@pytest.mark.parametrize(
    ("told", "title"),
    [("removed", "You are no longer in the call"), ("over", "The visit is over")],
)
async def test_who_is_out_is_told_so(stage: Stage, door: Door, told: str, title: str) -> None:
    page, line = await joined(stage)
    line.send(guest(2, told))
    await line.close(4507)
    await says(page, "#ended-title", title)
    assert await page.evaluate("() => document.querySelector('#self').srcObject") is None


@pytest.mark.parametrize(
    ("code", "title"),
    [(4507, "You are no longer in the call"), (4501, "The visit is over")],
)
async def test_a_pass_that_has_ended_says_so(
    stage: Stage, door: Door, code: int, title: str
) -> None:
    page, line = await joined(stage)
    await line.close(code)
    await says(page, "#ended-title", title)


async def test_another_link_in_the_same_tab_is_another_invitation(stage: Stage, door: Door) -> None:
    page, line = await joined(stage)
    line.send(guest(2, "over"))
    await state(page, "ended")
    await page.evaluate("(code) => { location.hash = code; }", f"{CODE}-other")
    await state(page, "invited")
    await page.click("#join")
    await (await stage.line()).greet(role="guest")
    assert [shown["code"] for shown in door.shown] == [CODE, f"{CODE}-other"]


async def test_a_held_visit_and_a_colleague_who_goes_on_are_told(stage: Stage, door: Door) -> None:
    page, line = await joined(stage)
    await answer_offer(page, line, ["patient", "clinician", "guest2"])
    await page.wait_for_selector("#call-status", state="hidden")
    held = guest(2, participants=THREE)
    line.send(held | {"visit": held["visit"] | {"state": "held"}})
    await says(page, "#call-status h2", "The clinician's connection is gone")
    line.send(guest(3, participants=THREE, epoch=8, media_epoch=1))  # a colleague goes on
    await page.wait_for_selector("#call-status", state="hidden")


async def test_the_same_link_once_more_is_the_same_guest(stage: Stage, door: Door) -> None:
    page, _ = await joined(stage)
    await page.goto(f"{stage.site.origin}/blank")
    await page.goto(f"{stage.site.origin}{LINK}")
    assert (await (await stage.line()).greet(role="guest"))["token"] == "pass"
    assert len(door.shown) == 1
