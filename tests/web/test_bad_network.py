"""The pages over a network that goes silent, a token that runs out, a server that does not say.

A line that nobody reads is a frozen network: it is open, and nothing comes.
"""

from __future__ import annotations

import pytest
from playwright.async_api import Page
from staged_pages import Line, Stage, says, state
from staged_words import called, duty, error, place, ticket, visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

BAD_TOKEN = 4501
OFFLINE = "No connection right now. We keep trying."


async def patient(stage: Stage, snapshot: dict[str, object], wanted: str) -> tuple[Page, Line]:
    """A patient's page with this ticket, in the state that is wanted."""
    page = await stage.page("/patient")
    line = await stage.line()
    await line.greet()
    await line.reply("find", snapshot)
    await state(page, wanted)
    return page, line


async def rung(stage: Stage) -> tuple[Page, Line]:
    return await patient(stage, called(2), "called")


async def in_call(stage: Stage) -> tuple[Page, Line]:
    page, line = await patient(stage, ticket("in_visit", 3, visit=visit()), "call")
    await line.expect("offer")
    return page, line


async def devices_released(page: Page) -> None:
    """Until the camera's light is out."""
    await page.wait_for_function("() => document.querySelector('#self').srcObject === null")


async def devices_open(page: Page) -> None:
    await page.wait_for_function("() => document.querySelector('#self').srcObject !== null")


async def stop_clock(page: Page) -> None:
    """From here on time passes only when the test says so. A second has gone."""
    now_ms = await page.evaluate("() => Date.now()")
    await page.clock.pause_at((now_ms + 1_000) / 1000)


# A token that runs out


async def test_a_token_that_ran_out_costs_nobody_the_place(stage: Stage) -> None:
    page, line = await patient(stage, ticket(place=place(3)), "waiting")
    await line.close(BAD_TOKEN)
    again = await stage.line()
    hello = await again.greet(resumed=True)
    assert hello["resume"] == "private"
    again.send(ticket(version=2, place=place(2)))
    await says(page, "#ahead", "1 person")
    # A fresh token of the same person: another's would have another place.
    assert [asked["role"] for asked in stage.site.named[-2:]] == ["patient", "patient"]
    before, after = stage.site.named[-2:]
    assert before["name"] == after["name"] != ""


async def test_a_token_that_ran_out_costs_nobody_the_call(stage: Stage) -> None:
    page, line = await in_call(stage)
    await devices_open(page)
    await line.close(BAD_TOKEN)
    again = await stage.line()
    first = await again.greet(resumed=True)
    again.send(ticket("in_visit", 4, visit=visit(live_ms=61_000)))
    await says(page, "#elapsed", "1:01")
    assert await page.evaluate("() => document.querySelector('#self').srcObject !== null")
    assert (await again.expect("offer"))["generation"] == 1  # the one that had no answer
    assert first["token"].startswith("demo-")


async def test_a_second_refusal_says_what_to_do(stage: Stage) -> None:
    page, line = await patient(stage, ticket(place=place(3)), "waiting")
    await line.close(BAD_TOKEN)
    await (await stage.line()).close(BAD_TOKEN)
    await says(page, "#blocked-title", "Your sign-in has ended")
    kept = "Sign in again to go on. Your place in the queue is kept for a short while."
    assert await page.inner_text("#blocked-text") == kept
    await page.click("#unblock")
    again = await stage.line()
    await again.greet()
    await again.reply("find", ticket(version=3, place=place(3)))
    await state(page, "waiting")


async def test_a_clinicians_token_that_ran_out_is_renewed(stage: Stage) -> None:
    page = await stage.page("/clinician")
    line = await stage.line()
    await line.greet(role="clinician")
    line.send(duty(1))
    await state(page, "desk")
    await line.close(BAD_TOKEN)
    await (await stage.line()).greet(role="clinician", resumed=True)
    await page.wait_for_selector("#next:enabled")
    assert [asked["role"] for asked in stage.site.named[-2:]] == ["clinician", "clinician"]


# The ring


async def test_a_ring_ends_here_when_nobody_tells_its_end(timeless: Stage) -> None:
    """The network is frozen, not closed: nothing says so but the silence."""
    page, line = await rung(timeless)
    await page.clock.fast_forward(45_000)
    await line.expect("ping")  # is anybody there? No answer.
    await page.clock.fast_forward(2_000)
    await says(page, "#rung-lead", "When the connection is back, you see here how it goes on.")
    await state(page, "rung")
    assert await page.inner_text("[data-screen=rung] h1") == "The time to answer is over"
    await page.clock.fast_forward(3_000)
    await says(page, "#offline-text", OFFLINE)
    again = await timeless.line()
    await again.greet(resumed=True)
    again.send(ticket(version=3, place=place(1), away=True, missed=1, reason="missed_call"))
    await state(page, "missed")
    await page.wait_for_selector("#offline", state="hidden")


async def test_the_end_of_a_ring_waits_a_moment_for_the_server(timeless: Stage) -> None:
    page, line = await rung(timeless)
    await stop_clock(page)  # the answer to the ping may take its time
    await page.clock.fast_forward(45_000)
    await line.reply("ping", {"type": "pong"})
    await says(page, "#seconds", "0")
    await page.clock.fast_forward(2_000)
    await says(page, "#rung-lead", "One moment, we are looking up your place.")
    line.send(ticket(version=3, place=place(1), away=True, missed=1, reason="missed_call"))
    await state(page, "missed")


async def test_an_answer_over_a_dead_connection_is_told_and_arrives(timeless: Stage) -> None:
    page, _ = await rung(timeless)
    await stop_clock(page)
    await page.click("#answer")
    await state(page, "call")
    await says(page, "#call-status p", "You are being connected to the clinician.")
    await page.clock.fast_forward(2_000)  # nobody was there to hear it
    await says(
        page,
        "#call-status p",
        "No connection right now. Your answer is sent as soon as it is back.",
    )
    await page.clock.resume()
    again = await timeless.line()
    await again.greet(resumed=True)
    await again.reply("answer", ticket("in_visit", 3, visit=visit()))
    assert (await again.expect("offer"))["generation"] == 1


async def test_an_answer_that_came_too_late_ends_with_the_ring(timeless: Stage) -> None:
    page, _ = await rung(timeless)
    await page.clock.fast_forward(40_000)
    await page.click("#answer")
    await devices_open(page)
    await page.clock.fast_forward(2_000)
    await timeless.line()  # frozen as well
    await page.clock.fast_forward(4_000)
    await state(page, "rung")
    await devices_released(page)


async def test_hanging_up_before_the_visit_is_there(stage: Stage) -> None:
    page, line = await rung(stage)
    await page.click("#answer")
    answer = await line.expect("answer")
    await devices_open(page)
    await page.click("#hang-up")
    await says(page, "#call-status h2", "Hanging up…")
    await devices_released(page)
    line.send(ticket("in_visit", 3, visit=visit()), re=answer["id"])
    request = await line.reply("hang_up", ticket("completed", 4))
    assert (request["visit"], request["epoch"]) == ("visit", 7)
    await state(page, "ended")


async def test_hanging_up_on_a_dead_connection_is_done_here_at_once(timeless: Stage) -> None:
    page, _ = await in_call(timeless)
    await devices_open(page)
    await page.clock.fast_forward(2_000)
    await page.click("#hang-up")
    await says(page, "#call-status h2", "Hanging up…")
    await devices_released(page)
    await page.clock.fast_forward(2_000)
    again = await timeless.line()
    await says(
        page,
        "#call-status p",
        "No connection right now. Camera and microphone are off already.",
    )
    await again.greet(resumed=True)
    again.send(ticket("in_visit", 4, visit=visit()))  # it has not heard of it
    await again.expect("offer")  # of before; it was not answered
    await again.reply("hang_up", error("store_unavailable"))
    await page.clock.fast_forward(2_000)
    await again.reply("hang_up", ticket("completed", 5))
    await state(page, "ended")


async def test_a_clinician_hangs_up_on_a_dead_connection(timeless: Stage) -> None:
    page = await timeless.page("/clinician")
    line = await timeless.line()
    await line.greet(role="clinician")
    line.send(duty(1, visit=visit()))
    await state(page, "call")
    await devices_open(page)
    await page.clock.fast_forward(2_000)
    await page.click("#hang-up")
    await says(page, "#call-status h2", "Hanging up…")
    await devices_released(page)
    await page.clock.fast_forward(2_000)
    again = await timeless.line()
    await again.greet(role="clinician", resumed=True)
    await again.expect("offer")
    await again.reply("hang_up", duty(2, ended=visit("ended", reason="clinician_hung_up")))
    await state(page, "desk")


async def test_what_was_said_of_the_ring_does_not_stay(stage: Stage) -> None:
    page, line = await rung(stage)
    assert "It is your turn" in await page.inner_text("#say-now")
    line.send(ticket(version=3, place=place(1), reason="given_back"))
    await says(page, "#say-now", "")


async def test_a_call_after_a_missed_one_says_so(stage: Stage) -> None:
    page, _ = await patient(stage, {**called(2), "missed": 1}, "called")
    again = "We are calling you again. If you miss this call too, your number may end."
    assert await page.inner_text("#turn-lead") == again


async def test_a_patient_whom_the_visit_lost_is_called_again(stage: Stage) -> None:
    again = {"visit": "visit", "epoch": 7, "answer_within_ms": 45_000}
    page, _ = await patient(stage, ticket("in_visit", 3, visit=visit(), call=again), "call")
    await says(page, "#toast", "We are calling you again")
    assert "We are calling you again" in await page.inner_text("#say-now")


# Tickets that have ended


async def test_a_ticket_that_was_put_away_stays_away(stage: Stage) -> None:
    page, line = await patient(stage, ticket("no_show", 2), "ended")
    await page.click("#again")
    await line.reply("queues", {"type": "queues", "queues": [{"name": "drop-in", "title": "A"}]})
    await state(page, "welcome")
    await line.close(4000)
    again = await stage.line()
    await again.greet(resumed=True)
    again.send(ticket("no_show", 2))
    await again.reply("find", error("no_ticket"))
    await page.click("#join")  # there would be none on the old ticket's screen
    await again.reply("join", ticket(version=3, ticket="other", number=15, place=place(1)))
    await says(page, "#number", "15")
