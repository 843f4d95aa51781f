"""The clinician's page: every state as a snapshot makes it, and what each button asks for."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page
from staged_pages import DESKTOP, Line, Stage, says, state, viewport
from staged_words import duty, error, visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

IN_AN_HOUR = "new Date(Date.now() + 3_600_000).toTimeString().slice(0, 5)"
OUTCOMES = {
    "missed_call": "No. 14 did not answer.",
    "declined": "No. 14 declined the call.",
    "left": "No. 14 left the queue.",
    "clinician_hung_up": "The visit with no. 14 is over.",
    "patient_hung_up": "The visit with no. 14 is over.",
    "unheard_of": "The call to no. 14 has ended.",
}


DROP_IN = {"name": "drop-in", "title": "Drop-in"}


async def desk(
    stage: Stage, *, on_duty: bool = True, waiting: int = 2, **offered: object
) -> tuple[Page, Line]:
    page = await stage.page("/clinician")
    line = await stage.line()
    await line.greet(role="clinician", **({"queues": [{**DROP_IN, **offered}]} if offered else {}))
    line.send(duty(1, on_duty=on_duty, waiting=waiting))
    await state(page, "desk")
    return page, line


async def test_ready_and_pause_and_who_waits(stage: Stage) -> None:
    page, line = await desk(stage, on_duty=False, waiting=3)
    assert await page.get_attribute("#ready", "aria-checked") == "false"
    assert await page.is_disabled("#next")
    assert await page.inner_text("#next-why") == "You are paused."

    await page.click("#ready")
    assert (await line.reply("ready", duty(2, waiting=3)))["queues"] == ["drop-in"]
    await page.wait_for_selector("#ready[aria-checked=true]")
    assert await page.is_enabled("#next")
    assert await page.inner_text("#next-why") == ""
    row = page.locator("#queues [data-queue=drop-in]")
    assert await row.locator(".waiting").inner_text() == "3"
    assert await row.locator(".on-duty").inner_text() == "1 clinician on duty"
    assert await page.inner_text("#waiting") == "3"
    assert await page.title() == "3 waiting – Kolapp"

    line.send(duty(3, waiting=0))
    await says(page, "#next-why", "Possible as soon as somebody joins.")
    assert await page.is_disabled("#next")
    await page.click("#ready")
    await line.reply("pause", duty(4, on_duty=False))
    await page.wait_for_selector("#ready[aria-checked=false]")


async def test_next_patient_is_pulled_and_rung(stage: Stage) -> None:
    page, line = await desk(stage)
    await page.click("#next")
    calling = visit("called", ring_ms=45_000)
    await line.reply("pull", duty(2, visit=calling))
    await state(page, "calling")
    assert await page.inner_text("#calling-number") == "No. 14"
    assert await page.inner_text("#seconds") in ("45", "44")
    # The clinician's leg is made while the patient is still being rung.
    assert (await line.expect("offer"))["generation"] == 1

    await page.click("#give-back")
    request = await line.expect("give_back")
    assert (request["visit"], request["epoch"]) == ("visit", 7)
    line.send(duty(3, ended=visit("ended", reason="given_back")), re=request["id"])
    await state(page, "desk")
    await says(page, "#outcome", "No. 14 was put back to the front of the line.")


async def test_a_pull_without_an_answer_is_repeated_with_its_key(stage: Stage) -> None:
    page, line = await desk(stage)
    await page.click("#next")
    first = await line.reply("pull", error("store_unavailable"))
    await says(page, "#toast", "The server did not answer. Please try again.")
    await page.click("#next")
    second = await line.reply("pull", error("nobody_waiting"))
    assert second["key"] == first["key"]
    await page.wait_for_selector("#next:enabled")
    await page.click("#next")
    assert (await line.expect("pull"))["key"] != first["key"]


async def test_nobody_is_said_beside_those_who_wait_but_are_away(stage: Stage) -> None:
    page, line = await desk(stage)
    await page.click("#next")
    await line.reply("pull", error("nobody_waiting"))
    words = "Nobody could be called: those who wait are away right now, or need somebody else."
    await says(page, "#next-why", words)
    assert await page.is_hidden("#toast")
    assert await page.is_enabled("#next")  # they may be back at any moment
    line.send(duty(2, waiting=1))
    await says(page, "#next-why", "")
    await page.click("#next")
    line.send(duty(3, waiting=0))
    await line.reply("pull", error("nobody_waiting"))
    await says(page, "#toast", "Nobody is waiting any more.")


async def test_a_double_click_pulls_once(stage: Stage) -> None:
    page, line = await desk(stage)
    await page.dblclick("#next", force=True)
    await line.expect("pull")
    await page.evaluate("() => new Promise((resolve) => setTimeout(resolve, 0))")
    while not line.inbox.empty():
        assert line.inbox.get_nowait()["type"] == "board"


async def test_how_the_last_call_ended(stage: Stage) -> None:
    page, line = await desk(stage)
    for version, (reason, words) in enumerate(OUTCOMES.items(), start=2):
        line.send(duty(version, ended=visit("ended", reason=reason)))
        await says(page, "#outcome", words)


async def test_the_call_and_hanging_up(stage: Stage) -> None:
    page, line = await desk(stage)
    line.send(duty(2, visit=visit("called", ring_ms=9_000)))
    await state(page, "calling")
    line.send(duty(3, visit=visit("live", live_ms=61_000)))
    await state(page, "call")
    await says(page, ".call-who", "Patient · No. 14")
    await says(page, "#elapsed", "1:01")
    assert (await line.expect("offer"))["generation"] == 1

    await page.click("#hang-up")
    request = await line.expect("hang_up")
    assert (request["visit"], request["epoch"]) == ("visit", 7)
    line.send(duty(4, ended=visit("ended", reason="patient_hung_up")), re=request["id"])
    await state(page, "desk")
    assert await page.is_enabled("#next")  # ready again without another touch
    assert await page.evaluate("() => document.querySelector('#self').srcObject") is None


async def test_keys_do_what_the_buttons_do(stage: Stage) -> None:
    await stage.tab.set_viewport_size(viewport(DESKTOP))
    page, line = await desk(stage, on_duty=False)
    await page.keyboard.press("n")  # not possible now, so nothing happens
    await page.keyboard.press("r")
    await line.reply("ready", duty(2))
    await page.wait_for_selector("#next:enabled")
    await page.focus("#shortcuts-on")  # a box to tick takes no letters
    await page.keyboard.press("n")
    await line.reply("pull", duty(3, visit=visit("called", ring_ms=9_000)))
    await state(page, "calling")
    await line.expect("offer")
    await page.keyboard.press("b")
    await line.reply("give_back", duty(4))
    await state(page, "desk")

    await page.click(".shortcuts-switch")  # people must be able to switch them off
    await page.keyboard.press("Tab")
    await page.keyboard.press("r")
    assert await pressed_nothing(page, line)


async def pressed_nothing(page: Page, line: Line) -> bool:
    """Nothing but the board is asked for, which needs no key."""
    await page.evaluate("() => new Promise((resolve) => setTimeout(resolve, 0))")
    asked = [line.inbox.get_nowait()["type"] for _ in range(line.inbox.qsize())]
    return {*asked} <= {"board"}


async def test_mute_and_camera_off_release_what_they_say(stage: Stage) -> None:
    page, line = await desk(stage)
    line.send(duty(2, visit=visit("live")))
    await state(page, "call")
    await page.wait_for_function("() => document.querySelector('#self').videoWidth > 0")
    await page.evaluate("() => { window.own = document.querySelector('#self').srcObject; }")
    await page.click("#camera")
    await says(page, "#camera span:last-child", "Camera on")
    assert await page.evaluate("() => own.getTracks()[0].readyState") == "ended"
    await page.click("#mute")
    await says(page, "#mute span:last-child", "Unmute")
    await page.click("#camera")
    await page.wait_for_function("() => document.querySelector('#self').srcObject !== null")
    await says(page, "#camera span:last-child", "Camera off")


async def test_devices_can_be_chosen_in_the_call(stage: Stage) -> None:
    page, line = await desk(stage)
    line.send(duty(2, visit=visit("live")))
    await state(page, "call")
    await page.wait_for_function("() => document.querySelector('#self').videoWidth > 0")
    await page.click("#settings")
    choice = page.locator("#devices-dialog select[data-kind=audio]")
    await choice.locator("option").first.wait_for(state="attached")
    options: list[Any] = await choice.locator("option").all()
    other = await options[-1].get_attribute("value")
    await choice.select_option(other)
    await page.wait_for_function(
        """(id) => {
          return document.querySelector("#devices-dialog select[data-kind=audio]").value === id;
        }""",
        arg=other,
    )


async def test_offline_says_why_next_cannot_be_pressed(stage: Stage) -> None:
    page, line = await desk(stage)
    await line.close(4000)
    await says(page, "#next-why", "No connection right now.")
    await (await stage.line()).greet(role="clinician", resumed=True)
    await page.wait_for_selector("#next:enabled")


TWO = [
    {"name": "drop-in", "title": "Drop-in", "waiting": 2, "on_duty": 1},
    {"name": "nurse", "title": "Nurse", "waiting": 0, "on_duty": 0},
]


async def test_a_pull_is_undone_while_it_can_be(stage: Stage) -> None:
    page, line = await desk(stage)
    line.send(duty(2, visit=visit("called", ring_ms=45_000, undo_ms=60_000)))
    await state(page, "calling")
    await line.expect("offer")
    await page.click("#undo")
    request = await line.expect("undo")
    assert (request["visit"], request["epoch"]) == ("visit", 7)
    line.send(error("too_late"), re=request["id"])
    line.send(duty(3, visit=visit("called", ring_ms=30_000)))
    await page.wait_for_selector("#undo", state="hidden")
    assert await page.is_visible("#give-back")
    assert await page.is_hidden("#toast")  # the screen says it already


async def test_a_patient_is_moved_to_another_queue(stage: Stage) -> None:
    page, line = await desk(stage)
    line.send(duty(2, queues=TWO, visit=visit("called", ring_ms=45_000)))
    await state(page, "calling")
    await line.expect("offer")
    assert await page.locator("#move-to option").all_inner_texts() == ["Nurse"]
    await page.click("#move button")
    assert await page.inner_text("#move-ask") == "Move no. 14 to Nurse?"
    await page.click("#move-no")
    await page.click("#move button")
    assert line.inbox.empty()
    await page.click("#move-yes")
    over = visit("ended", reason="transferred")
    request = await line.reply("transfer", duty(3, queues=TWO, ended=over))
    assert (request["visit"], request["epoch"], request["queue"]) == ("visit", 7, "nurse")
    await says(page, "#outcome", "No. 14 was moved to another queue.")
    assert await page.is_hidden("#visit-tools")


async def test_a_dropped_patient_is_rung_again(stage: Stage) -> None:
    page, line = await desk(stage)
    lost = [{"role": "patient", "media": "lost"}, {"role": "clinician", "media": "connected"}]
    line.send(duty(2, visit=visit("live", participants=lost)))
    await state(page, "call")
    await line.expect("offer")
    await page.click("#ring-again")
    await line.reply("ring_again", duty(3, visit=visit("live", participants=lost)))
    await says(page, "#toast", "We are trying to reach the patient.")
    line.send(duty(4, visit=visit("live")))
    await page.wait_for_selector("#ring-again", state="hidden")


async def test_a_patient_whom_a_direct_call_does_not_find_is_rung_again(stage: Stage) -> None:
    """No media node tells that they are lost: the page itself finds nobody."""
    page, line = await desk(stage)
    line.send(duty(2, visit=visit("live", mode="direct")))
    await state(page, "call")
    assert (await line.expect("signal"))["data"]["sdp_type"] == "offer"
    assert await page.is_hidden("#ring-again")
    line.send(duty(3, visit=visit("live", mode="direct", live_ms=60_000)))
    await page.click("#ring-again")
    await line.expect("ring_again")


async def test_outcome_and_time_for_notes(stage: Stage) -> None:
    page, line = await desk(stage)
    over = visit("ended", reason="clinician_hung_up", outcome="completed")
    line.send(duty(2, ended=over, wrap_up_ms=90_500))
    await page.wait_for_selector("#wrap-up", state="visible")
    assert await page.inner_text("#wrap-up-left") in (
        "Time for notes: 1:31",
        "Time for notes: 1:30",
    )
    assert await page.is_enabled("#next")
    await page.select_option("#outcome-is", "technical_failure")
    corrected = {**over, "outcome": "technical_failure"}
    request = await line.reply("outcome", duty(3, ended=corrected, wrap_up_ms=80_000))
    assert (request["epoch"], request["outcome"]) == (7, "technical_failure")
    await page.click("#wrap-up-done")
    await line.reply("end_wrap_up", duty(4, ended=corrected))
    await page.wait_for_selector("#wrap-up", state="hidden")
    assert await page.input_value("#outcome-is") == "technical_failure"


SPOKEN = ["ar", "sign_language"]
BOARD = {
    "type": "board",
    "queue": "drop-in",
    "may_pull": True,
    "tickets": [
        {"ticket": "t1", "number": 14, "waited_s": 700, "needs": [*SPOKEN, "wound_care"]},
        {"ticket": "t2", "number": 15, "waited_s": 60, "away": True, "urgent": True},
    ],
    "more": 2,
    "held": [{"visit": "v9", "number": 9, "live_ms": 60_000}],
}


async def board(stage: Stage, **offered: object) -> tuple[Page, Line]:
    page, line = await desk(stage, on_duty=False, **offered)
    line.send(duty(2))
    await line.reply("board", BOARD)
    await page.wait_for_selector("#board", state="visible")
    return page, line


async def test_a_very_patient_is_called_for_a_reason(stage: Stage) -> None:
    page, line = await board(stage, needs={"languages": SPOKEN})
    rows = await page.locator("#board-rows li > .quiet, #board-rows li.quiet").all_inner_texts()
    assert rows == [
        "The clinician is gone",
        "11 min · Arabic · Sign language · Wound care",
        "Urgent · 1 min · Away right now",
        "and 2 more",
    ]
    await page.get_by_role("button", name="Call: No. 15").click()
    assert await page.inner_text("#board-dialog-title") == "Call no. 15 before the others?"
    await page.click("#board-cancel")
    await page.get_by_role("button", name="Call: No. 15").click()
    await page.fill("#board-why", "Fell off the chair")
    await page.keyboard.press("Enter")
    calling = duty(3, visit=visit("called", ring_ms=45_000, number=15))
    request = await line.reply("pull_ticket", calling)
    assert (request["ticket"], request["reason"]) == ("t2", "Fell off the chair")
    await state(page, "calling")
    await page.wait_for_selector("#board", state="hidden")


async def test_with_several_queues_the_board_says_whose_number_it_is(stage: Stage) -> None:
    page, line = await desk(stage, on_duty=False)
    line.send(duty(2, queues=TWO, serves=["nurse"]))
    await line.reply("board", {**BOARD, "queue": "nurse", "tickets": BOARD["tickets"][1:]})
    await says(page, "#board-rows li:first-child .quiet", "Nurse · The clinician is gone")
    await says(
        page, "#board-rows li:nth-child(2) .quiet", "Urgent · Nurse · 1 min · Away right now"
    )


async def test_a_visit_without_its_clinician_is_taken_over(stage: Stage) -> None:
    page, line = await board(stage)
    await page.get_by_role("button", name="Take over: No. 9").click()
    request = await line.reply("take_over", duty(3, visit=visit("live", id="v9")))
    assert (request["queue"], request["visit"]) == ("drop-in", "v9")
    await state(page, "call")


async def test_who_may_see_nothing_has_no_board(stage: Stage) -> None:
    page, line = await desk(stage, on_duty=False)
    line.send(duty(2))
    await line.reply("board", {"type": "board", "queue": "drop-in", "may_pull": False})
    await says(page, "#duty-title", "Ready")
    assert await page.is_hidden("#board")


async def test_what_the_patient_wrote_is_read_once_and_shown_as_text(stage: Stage) -> None:
    page, line = await desk(stage)
    line.send(duty(2, visit=visit("called", ring_ms=45_000)))
    await state(page, "calling")
    await line.expect("offer")
    line.send(duty(3, visit=visit("live")))
    text = "Ont i halsen\\n<b>sedan i måndags</b>"
    request = await line.reply("read_intake", {"type": "intake", "visit": "visit", "text": text})
    assert (request["visit"], request["epoch"]) == ("visit", 7)
    await says(page, "#intake-text", text)
    line.send(duty(4, ended=visit("ended", reason="patient_hung_up")))
    await state(page, "desk")
    assert await page.inner_text("#intake-text") == ""


async def test_queues_to_serve_are_chosen_weighed_and_remembered(stage: Stage) -> None:
    page, line = await desk(stage, on_duty=False)
    line.send(duty(2, on_duty=False, queues=TWO))
    await page.select_option("#weight-nurse", "3")
    await page.click("#ready")
    serves = ["drop-in", "nurse"]
    wanted = {"queues": serves, "weights": {"nurse": 3}}
    assert asked(await line.reply("ready", duty(3, queues=TWO, **served(wanted)))) == wanted

    await page.uncheck("#serve-drop-in")
    wanted = {"queues": ["nurse"], "weights": {"nurse": 3}}
    assert asked(await line.reply("ready", duty(4, queues=TWO, **served(wanted)))) == wanted
    await page.wait_for_selector("#serve-nurse:disabled")  # one is served at least
    assert await page.is_hidden("#weight-drop-in")
    await says(page, "#waiting-words", "Nobody is waiting")

    line.send(duty(5, queues=TWO, serves=serves, weights={"drop-in": 7}))  # from another tab
    await page.wait_for_selector("#serve-drop-in:checked")
    assert await page.input_value("#weight-drop-in") == "7"
    assert await page.input_value("#weight-nurse") == "1"

    await page.reload()
    line = await stage.line()
    await line.greet(role="clinician")
    line.send(duty(6, on_duty=False, queues=TWO))
    await page.click("#ready")
    assert asked(await line.reply("ready", duty(7, queues=TWO))) == wanted


async def test_the_link_for_a_revisit_names_the_clinician(stage: Stage) -> None:
    page = await stage.page("/clinician")
    line = await stage.line()
    named = {"name": "drop-in", "title": "Drop-in", "needs": {"clinician": True}}
    await line.greet(role="clinician", person="eva_1", queues=[named])
    line.send(duty(1))
    await state(page, "desk")
    link = f"{stage.site.origin}/patient#clinician=eva_1"
    assert await page.input_value("#revisit-link") == link
    await stage.tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.click("#revisit-copy")
    await says(page, "#toast", "The link is copied.")
    assert await page.evaluate("navigator.clipboard.readText()") == link
    await stage.tab.context.clear_permissions()


async def test_the_end_of_the_shift_is_told_with_ready_and_forgotten_when_it_is_over(
    timeless: Stage,
) -> None:
    page = await timeless.page("/clinician")
    line = await timeless.line()
    await line.greet(role="clinician")
    line.send(duty(1, on_duty=False))
    await state(page, "desk")
    await page.click("#ready")
    assert (await line.reply("ready", duty(2)))["leaves_in_s"] == 0
    await page.wait_for_selector("#ready[aria-checked=true]")
    await page.fill("#shift-end", await page.evaluate(IN_AN_HOUR))
    told = await line.reply("ready", duty(3))
    assert 3_540 <= told["leaves_in_s"] <= 3_600
    await page.fill("#shift-end", "")
    assert (await line.reply("ready", duty(4)))["leaves_in_s"] == 0
    await page.fill("#shift-end", await page.evaluate(IN_AN_HOUR))
    await line.reply("ready", duty(5))
    await page.clock.fast_forward(3_601_000)
    await page.wait_for_function("() => document.querySelector('#shift-end').value === ''")


async def test_who_pauses_says_when_they_are_back(timeless: Stage) -> None:
    page = await timeless.page("/clinician")
    line = await timeless.line()
    await line.greet(role="clinician")
    line.send(duty(1))
    await page.wait_for_selector("#ready[aria-checked=true]")
    assert not await page.is_visible("#back-at")
    await page.click("#ready")
    assert "back_in_s" not in await line.reply("pause", duty(2, on_duty=False))
    assert not await page.is_visible("#shift-end")
    await page.fill("#back-at", await page.evaluate(IN_AN_HOUR))
    told = await line.reply("pause", duty(3, on_duty=False))
    assert 3_540 <= told["back_in_s"] <= 3_600
    assert told["queues"]
    await page.click("#ready")
    await line.reply("ready", duty(4))
    await page.click("#ready")
    await line.reply("pause", duty(5, on_duty=False))
    assert await page.input_value("#back-at") == ""


async def test_who_serves_one_queue_has_nothing_to_choose(stage: Stage) -> None:
    page, _ = await desk(stage)
    assert await page.locator("#queues input, #queues select").count() == 0
    assert await page.is_hidden("#revisit")


def asked(request: dict[str, Any]) -> dict[str, Any]:
    return {name: request[name] for name in ("queues", "weights")}


def served(wanted: dict[str, Any]) -> dict[str, Any]:
    return {"serves": wanted["queues"], "weights": wanted["weights"]}


async def test_a_desk_with_many_queues_scrolls_at_its_side_alone(stage: Stage) -> None:
    page, line = await desk(stage)
    await page.set_viewport_size(viewport(DESKTOP))
    line.send(duty(2, queues=[{**TWO[0], "name": f"queue-{n}"} for n in range(12)]))
    await page.wait_for_selector("[data-queue=queue-11]")
    assert await page.evaluate("document.querySelector('.side').scrollHeight > innerHeight")
    assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight")


LAPTOP = (1366, 620)
STANDS_OUT = """
() => {
  const stage = [...document.querySelectorAll(".stage")].find((one) => one.checkVisibility());
  const whole = stage.getBoundingClientRect();
  return [...stage.children].filter((child) => child.checkVisibility())
    .map((child) => [child.id || child.className, child.getBoundingClientRect()])
    .filter(([, box]) => box.top < whole.top || box.bottom > whole.bottom).map(([name]) => name);
}
"""


async def test_a_laptops_window_shows_the_whole_stage(stage: Stage) -> None:
    page, line = await desk(stage)
    await page.set_viewport_size(viewport(LAPTOP))
    over = visit("ended", reason="clinician_hung_up", outcome="completed")
    line.send(duty(2, ended=over, wrap_up_ms=90_000))
    await page.wait_for_selector("#wrap-up", state="visible")
    assert await page.evaluate(STANDS_OUT) == []
    line.send(duty(3, visit=visit("called", ring_ms=30_000, undo_ms=9_000)))
    await page.wait_for_selector("#undo", state="visible")
    assert await page.evaluate(STANDS_OUT) == []
