"""What every state must keep, in both colour schemes, on a phone and on a desk: readable text,
named controls of a size that a thumb hits, nothing cut off, the emergency number in sight."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from page_looks import LOOKS, faults_of
from playwright.async_api import Page, Route
from staged_pages import Line, Stage, state
from staged_words import Message, called, duty, error, guest, people, place, ticket, visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUEUES = [
    {
        "name": "drop-in",
        "title": "Drop-in",
        "place": place(3),
        "closes": "2035-01-01T22:00:00Z",
        "last_number": "2035-01-01T21:30:00Z",
        "past_closing": True,
        "notices": ["The doctor is half an hour late."],
        "ready_from": 1,
        "needs": {
            "languages": ["sv", "ar"],
            "professions": ["nurse", "speech_therapist"],
            "skills": ["wound_care"],
            "ages": [0, 18],
        },
    },
    {"name": "full", "title": "Nurse", "place": place(90), "full": True},
    {"name": "shut", "title": "Midwife", "state": "closed", "opens": "2035-01-01T07:00:00Z"},
]
FOUR = people("patient", "clinician", "guest1:interpreter", "guest2:guardian", media="lost")
AWAITED = {"role": "guest2", "kind": "guardian", "valid_ms": 1_500_000}
LINK = "/guest#" + "Ab3-_xYz" * 18 + "&as=colleague"
OVER = visit("ended", reason="clinician_hung_up", outcome="completed")
TWO = [
    {"name": "drop-in", "title": "Drop-in", "waiting": 2, "on_duty": 1},
    {"name": "nurse", "title": "District nurse for children", "waiting": 0, "on_duty": 0},
]
LOST = [{"role": "patient", "media": "lost"}, {"role": "clinician", "media": "connected"}]
BOARD = {
    "type": "board",
    "queue": "drop-in",
    "may_pull": True,
    "tickets": [
        {"ticket": "t1", "number": 1284, "waited_s": 700, "needs": ["speech_therapist", "ar"]},
        {"ticket": "t2", "number": 15, "waited_s": 60, "away": True, "urgent": True},
    ],
    "more": 2,
    "held": [{"visit": "v9", "number": 9, "live_ms": 60_000}],
}


async def patient_states(stage: Stage) -> AsyncIterator[tuple[str, Page]]:
    page = await stage.page("/patient")
    line = await stage.line()
    await line.greet(queues=QUEUES)
    for _ in QUEUES:
        await line.reply("find", error("no_ticket"))
    await state(page, "welcome")
    yield "welcome", page
    await page.fill('[name="age"]', "4")
    await page.click("#join")
    words = ["The doctor is half an hour late, and the nurse can see you in the meantime."]
    await line.reply(
        "join",
        ticket(place=place(4, 3_700, 7_300, cause="clinician_came"), number=1284, notices=words),
    )
    await state(page, "waiting")
    yield "waiting", page
    await page.click("#preview-open")
    await page.wait_for_function("() => document.querySelector('#preview').videoWidth > 0")
    yield "preview", page
    await page.click("#leave")
    yield "leaving", page
    await page.click("#leave-no")
    await page.click("#preview-close")
    line.send(ticket(place=place(1), number=1284))
    await page.wait_for_selector("#ready-open", state="visible")
    yield "invited to get ready", page
    line.send(ticket(place=place(4, 3_700, 7_300), number=1284))
    await page.wait_for_selector("#get-ready", state="hidden")
    await page.fill("#intake-text", "A cough")
    await page.click("#intake button")  # what is said about it lasts into the ring
    await line.reply("intake", ticket(place=place(4, 3_700, 7_300), number=1284))
    await page.wait_for_selector("#toast", state="visible")
    missed = ticket(version=2, away=True, missed=1, reason="missed_call", place=place(1))
    line.send(called(2))
    await state(page, "called")
    yield "called with a toast", page
    for name, snapshot in (
        ("moving", ticket("transferring", 2, moved_to="nurse")),
        ("missed", missed),
        ("called", {**called(3), "missed": 1}),
        ("call", ticket("in_visit", 4, visit=visit(live_ms=4_000_000))),
        ("ended", ticket("no_show", 5)),
    ):
        line.send(snapshot)
        await state(page, name)
        yield name, page
        if name == "call":
            await page.click("#chat-open")
            yield "chat", page
            await page.click("#chat-close")
            line.send(ticket("in_visit", 4, visit=visit(participants=FOUR, slots=3)))
            await page.click("#people-open")
            yield "several", page
            await page.click("#people-close")
        if name in ("called", "call"):
            line = await gone(stage, line)
            yield f"{name}, offline", page
            if line.closed.is_set():  # given up: looking at it took long
                line = await stage.line()
            await line.greet(resumed=True)
            await page.wait_for_selector("#offline", state="hidden")
    await line.close(4502)
    await state(page, "blocked")
    yield "blocked", page


async def gone(stage: Stage, line: Line) -> Line:
    """The connection breaks for so long that the page says so; the next one, still silent."""
    await line.close(4000)
    silent = await stage.line()
    await stage.tab.clock.fast_forward(3_000)
    await stage.tab.wait_for_selector("#offline", state="visible")
    return silent


async def clinician_states(stage: Stage) -> AsyncIterator[tuple[str, Page]]:
    page = await stage.page("/clinician")
    line = await stage.line()
    await line.greet(
        role="clinician",
        person="eva",
        queues=[{"name": "drop-in", "title": "Drop-in", "needs": {"clinician": True}}],
    )
    async for shown in _desk_states(page, line):
        yield shown


async def _desk_states(page: Page, line: Line) -> AsyncIterator[tuple[str, Page]]:
    for name, snapshot in (
        ("paused", duty(1, on_duty=False)),
        ("empty", duty(2, waiting=0, ended=visit("ended", reason="missed_call"))),
        ("wrap-up", duty(2, ended=OVER, wrap_up_ms=90_000)),
        ("ready", duty(3)),
        ("two queues", duty(3, queues=TWO, weights={"drop-in": 2})),
        ("calling", duty(4, queues=TWO, visit=visit("called", ring_ms=30_000, undo_ms=9_000))),
        ("call", duty(5, queues=TWO, visit=visit("live", participants=LOST))),
    ):
        line.send(snapshot)
        screen = name if name in ("calling", "call") else "desk"
        await state(page, screen)
        await page.wait_for_function(
            "(on) => document.querySelector('#ready').getAttribute('aria-checked') === on",
            arg=str(snapshot["on_duty"]).lower(),
        )
        if name == "ready":
            await line.reply("board", BOARD)
            await page.wait_for_selector("#board", state="visible")
            yield "board", page
            await page.click("#board li:nth-child(2) button")
            yield "reason", page
            await page.click("#board-cancel")
        yield name, page
    guests = {"slots": 3, "participants": FOUR[:3]}
    line.send(duty(6, queues=TWO, visit=visit("live", **guests)))
    await page.click("#people-open")
    await page.click("[data-kind=guardian]")
    made = {"visit": "visit", "guest": "guest2", "code": "x" * 150, "valid_ms": 1_500_000}
    await reply(line, "invite", {"type": "invited", **made})
    line.send(duty(7, queues=TWO, visit=visit("live", **guests, invited=[AWAITED])))
    await page.wait_for_selector("#invited li")
    yield "inviting", page
    await page.click("#people-list [data-remove]")
    yield "removing", page


async def reply(line: Line, kind: str, message: Message) -> None:
    """Whatever else a call asks for is not answered."""
    while (request := await asyncio.wait_for(line.inbox.get(), 10))["type"] != kind:
        pass
    line.send(message, re=request["id"])


async def redeem(route: Route) -> None:
    await route.fulfill(json={"token": "pass"})


async def guest_states(stage: Stage) -> AsyncIterator[tuple[str, Page]]:
    page = await stage.page("/guest")
    await state(page, "ended")
    yield "no link", page
    await page.goto(f"{stage.site.origin}{LINK}")
    await state(page, "invited")
    yield "invited", page
    await page.click("#preview-open")
    await page.wait_for_function("() => document.querySelector('#preview').videoWidth > 0")
    yield "check", page
    await page.click("#join")
    line = await stage.line()
    await line.greet(role="guest")
    line.send(guest(1, participants=FOUR))
    await state(page, "call")
    yield "call", page
    line.send(guest(2, "removed"))
    await state(page, "ended")
    yield "removed", page


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def in_daylight(phone: Stage, timeless_phone: Stage) -> AsyncIterator[None]:
    yield
    for stage in (phone, timeless_phone):
        await stage.tab.emulate_media(color_scheme="null")


async def test_patient_looks_right(timeless: Stage) -> None:
    faults = {}
    with timeless.overheard():
        async for name, page in patient_states(timeless):
            if found := await faults_of(page, *LOOKS):
                faults[name] = found
    assert faults == {}


async def test_clinician_looks_right(stage: Stage) -> None:
    faults = {}
    with stage.overheard():
        async for name, page in clinician_states(stage):
            if found := await faults_of(page, *LOOKS):
                faults[name] = found
    assert faults == {}


async def test_guest_looks_right(stage: Stage) -> None:
    await stage.tab.route("**/api/v1/guest", redeem)
    faults = {}
    with stage.overheard():
        async for name, page in guest_states(stage):
            if found := await faults_of(page, *LOOKS):
                faults[name] = found
    await stage.tab.unroute("**/api/v1/guest", redeem)
    assert faults == {}


async def test_start_page_leads_to_both(stage: Stage) -> None:
    page = await stage.page("/")
    links = await page.locator("main a").all()
    assert [await link.get_attribute("href") for link in links] == ["/patient", "/clinician"]
    found = await faults_of(page, *LOOKS)
    assert [fault for fault in found if "112" not in fault] == []


async def test_whole_story_by_keyboard(stage: Stage) -> None:
    """Every step of a patient is reached with Tab and Enter, and the focus can be seen."""
    page = await stage.page("/patient")
    line = await stage.line()
    await line.greet()
    await line.reply("find", error("no_ticket"))
    await state(page, "welcome")
    await press(page, "join")
    await line.reply("join", ticket(place=place(3)))
    await state(page, "waiting")
    line.send(called(2))
    await state(page, "called")
    await press(page, "answer")
    await line.reply("answer", ticket("in_visit", 3, visit=visit()))
    await line.expect("offer")
    await state(page, "call")
    await press(page, "hang-up")
    await line.reply("hang_up", ticket("completed", 4))
    await state(page, "ended")


async def test_a_guests_story_by_keyboard(stage: Stage) -> None:
    await stage.tab.route("**/api/v1/guest", redeem)
    page = await stage.page(LINK)
    await state(page, "invited")
    await press(page, "join")
    line = await stage.line()
    await line.greet(role="guest")
    line.send(guest(1, participants=FOUR))
    await state(page, "call")
    await press(page, "people-open")
    await page.keyboard.press("Escape")
    await press(page, "hang-up")
    await reply(line, "hang_up", guest(2, "left"))
    await state(page, "ended")
    await stage.tab.unroute("**/api/v1/guest", redeem)


async def press(page: Page, wanted: str) -> None:
    """Tab to the control of that id, see the ring around it, press Enter."""
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await page.evaluate("() => document.activeElement.id") == wanted:
            ring = "() => getComputedStyle(document.activeElement).outlineStyle"
            assert await page.evaluate(ring) == "solid"
            await page.keyboard.press("Enter")
            return
    raise AssertionError(f"Tab never reaches #{wanted}")
