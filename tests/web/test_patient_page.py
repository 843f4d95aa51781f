"""The patient's page: every state as a snapshot makes it, and what each button asks for."""

from __future__ import annotations

import pytest
from playwright.async_api import Page
from staged_pages import BLANK, TOKENS, Line, Stage, says, state
from staged_words import called, error, place, ticket, visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOBODY = {"known": False, "low_s": 0, "high_s": 0, "why": "nobody_on_duty"}


async def arrive(stage: Stage) -> tuple[Page, Line]:
    """A patient without a ticket."""
    page = await stage.page("/patient")
    line = await stage.line()
    await line.greet()
    await line.reply("find", error("no_ticket"))
    await state(page, "welcome")
    return page, line


async def waiting(stage: Stage, position: int = 3) -> tuple[Page, Line]:
    page, line = await arrive(stage)
    await page.click("#join")
    await line.reply("join", ticket(place=place(position)))
    await state(page, "waiting")
    return page, line


async def rung(stage: Stage) -> tuple[Page, Line]:
    page, line = await waiting(stage)
    line.send(called(2))
    await state(page, "called")
    return page, line


async def test_joining_shows_number_place_and_wait(stage: Stage) -> None:
    page, line = await arrive(stage)
    card = await page.locator(".queue :is(h2, .now span, button)").all_inner_texts()
    assert card == ["Drop-in", "2 people waiting", "About 5–15 minutes", "Take a number"]
    assert line.inbox.empty()  # it never joins by itself
    await page.click("#join")
    await line.reply("join", error("unknown_queue"))
    await says(page, "#toast", "This queue is not open any more.")
    await line.reply("queues", {"type": "queues", "queues": [queue(place=place(3))]})
    await page.click("#join")
    request = await line.reply("join", ticket(place=place(3)))
    assert request["queue"] == "drop-in"
    await state(page, "waiting")
    assert await page.inner_text("#number") == "14"
    assert await page.inner_text("#ahead") == "2 people"
    assert await page.inner_text("#wait") == "About 5–15 minutes"
    assert await page.title() == "2 ahead · No. 14 – Kolapp"
    await says(page, "#say", "2 people ahead of you. Waiting time: About 5 minutes to 15 minutes.")

    line.send(ticket(version=2, place=place(1, wait=NOBODY)))
    await says(page, "#ahead", "You are next")
    assert await page.inner_text("#wait") == "Not known yet"
    assert await page.inner_text("#wait-why") == "No clinician is on duty right now."


MOVED = {"queue": "nurse", "ticket": "other", "moved_from": "drop-in"}
BEHIND = "You are back in line, and the time you have waited counts."
# What the server says of the ticket, one after the other -> where, and in which words
TOLD = [
    (ticket(version=2, place=place(2)), "#ahead", "1 person"),
    (
        ticket(version=3, place=place(3, cause="urgent")),
        "#risen",
        "Somebody in urgent need goes first.",
    ),
    (ticket(version=4, place=place(2)), "#risen", ""),
    (called(5), "[data-screen=called] h1", "It is your turn"),
    (
        ticket(version=6, place=place(1), reason="given_back"),
        "#note",
        "The clinician had to step away. You are first in line again.",
    ),
    (
        ticket(version=7, place=place(2), reason="given_back"),
        "#note",
        f"The clinician had to step away. {BEHIND}",
    ),
    (
        ticket(version=8, place=place(2), reason="clinician_gone"),
        "#note",
        f"The clinician's connection was lost. {BEHIND}",
    ),
    (
        ticket("in_visit", 9, visit=visit("held", held_ms=60_000)),
        "#call-status h2",
        "The clinician's connection is gone",
    ),
    (
        ticket("completed", 10, reason="clinician_gone"),
        "#ended-title",
        "The clinician's connection was lost",
    ),
    (ticket("no_show", 11), "#ended-title", "We could not reach you"),
    (ticket("expired", 12), "#ended-title", "Your number has ended"),
    (ticket("expired", 12, reason="closed"), "#ended-title", "The queue has closed"),
    (
        ticket("left", 12, reason="erased"),
        "#ended-text",
        "The care provider has removed what it knew of you here, and your place in the queue with"
        " it. You are welcome to take a new number.",
    ),
    (
        ticket("transferring", 13, moved_to="nurse"),
        "[data-screen=moving] h1",
        "You are being moved to another queue",
    ),
    ({**ticket(version=1, place=place(1), number=3), **MOVED}, "#number", "3"),
    (
        {**ticket(version=2, place=place(1), number=3), **MOVED},
        "#note",
        "You were moved to this queue. The time you have waited counts.",
    ),
]


async def test_what_becomes_of_a_ticket_is_told(stage: Stage) -> None:
    page, line = await waiting(stage)
    for snapshot, where, words in TOLD:
        line.send(snapshot)
        await says(page, where, words)
        assert await page.locator(where).is_visible() or words == ""


async def test_waiting_time_counts_down_by_itself(timeless: Stage) -> None:
    page, _ = await waiting(timeless)
    await says(page, "#wait", "About 5–15 minutes")
    await page.clock.fast_forward("06:41")
    await says(page, "#wait", "Less than 5 minutes")
    await page.clock.fast_forward("06:00")
    await says(page, "#wait", "Any moment now")
    await says(page, "#wait-why", "It takes longer than we thought. You keep your place.")


LONGER = [
    # cause of the wait, of the place -> under the waiting time
    ("forecast", "", "It takes longer than we thought."),
    ("clinician_left", "", "It takes longer because a clinician had to leave."),
    ("returned", "urgent", "It takes longer because somebody else goes first."),
    ("urgent", "urgent", ""),  # the place says so
    ("", "", ""),
]


async def test_a_longer_wait_says_why(stage: Stage) -> None:
    page, line = await waiting(stage)
    for version, (wait, cause, words) in enumerate(LONGER, 2):
        line.send(ticket(version=version, place=place(3, wait={"cause": wait}, cause=cause)))
        await says(page, "#wait-why", words)


def queue(**fields: object) -> dict[str, object]:
    return {"name": "drop-in", "title": "Drop-in", **fields}


async def test_a_closed_queue_says_so_and_opens_by_itself(timeless: Stage) -> None:
    page = await timeless.page("/patient")
    line = await timeless.line()
    closed = queue(titles={"en": "Doctor", "sv": "Läkare"}, state="closed", opens="2035-01-01")
    await line.greet(queues=[closed])
    await line.reply("find", error("no_ticket"))
    await state(page, "welcome")
    assert await page.inner_text(".queue h2") == "Doctor"
    assert (await page.inner_text(".queue .opening")).startswith("Closed right now. Opens 1 Jan")
    assert await page.is_disabled("#join")
    await page.select_option("#language", "sv")
    await says(page, ".queue h2", "Läkare")

    await page.clock.fast_forward("00:30")
    await line.reply("queues", {"type": "queues", "queues": [queue(place=place(1))]})
    await page.wait_for_selector("#join:enabled")
    assert await page.locator(".queue .opening").count() == 0


async def test_what_is_needed_is_asked_for_in_the_card(stage: Stage) -> None:
    page = await stage.page("/patient")
    line = await stage.line()
    needs = {
        "languages": ["sv", "ar", "sign_language"],
        "professions": ["nurse"],
        "skills": ["wound_care"],
        "ages": [0, 17],
    }
    await line.greet(queues=[queue(needs=needs)])
    await line.reply("find", error("no_ticket"))
    await state(page, "welcome")
    await page.click("#join")
    assert line.inbox.empty()  # the age is missing, and the browser says so
    await page.select_option('[name="language"]', label="Sign language")
    await page.select_option('[name="language"]', label="Arabic")
    await page.check('[value="wound_care"]')
    await page.fill('[name="age"]', "4")
    await page.click("#join")
    request = await line.reply("join", error("needs_not_allowed"))
    now = [queue(needs=needs, place=place(9))]
    await line.reply("queues", {"type": "queues", "queues": now})
    await says(page, ".queue .now span", "8 people waiting")
    assert await page.input_value('[name="age"]') == "4"  # what is filled in stays
    assert request["needs"] == {"language": "ar", "skills": ["wound_care"], "age": 4}
    await says(
        page,
        "#toast",
        "This queue cannot help with that. Change what you ask for, or choose another one.",
    )


async def test_a_link_of_a_clinician_asks_for_that_one(stage: Stage) -> None:
    await stage.tab.goto("about:blank")  # from the page itself it would be no new one
    page = await stage.page("/patient#clinician=eva_1")
    line = await stage.line()
    await line.greet(queues=[queue(needs={"clinician": True})])
    await line.reply("find", error("no_ticket"))
    await state(page, "welcome")
    await page.get_by_label("Only the clinician who gave me this link").uncheck()
    await page.click("#join")
    request = await line.reply("join", error("queue_full"))
    assert "needs" not in request
    await line.reply("queues", {"type": "queues", "queues": [queue(needs={"clinician": True})]})
    await page.get_by_label("Only the clinician who gave me this link").check()
    await page.click("#join")
    assert (await line.reply("join", ticket()))["needs"] == {"clinician": "eva_1"}


async def test_nobody_is_asked_for_without_a_link(stage: Stage) -> None:
    await stage.tab.goto("about:blank")  # from the page itself it would be no new one
    page = await stage.page("/patient#clinician=<b>")
    line = await stage.line()
    await line.greet(queues=[queue(needs={"clinician": True})])
    await line.reply("find", error("no_ticket"))
    await state(page, "welcome")
    assert await page.locator("form.needs").count() == 0


async def test_what_the_staff_says_stands_before_joining_and_while_waiting(stage: Stage) -> None:
    page = await stage.page("/patient")
    line = await stage.line()
    words = "The doctor is late.\n<b>Sorry!</b>"
    await line.greet(queues=[queue(place=place(9), past_closing=True, notices=[words])])
    await line.reply("find", error("no_ticket"))
    await state(page, "welcome")
    notes = await page.locator(".queue .note").all_inner_texts()
    assert notes[0] == words  # text, never markup
    assert "before closing time" in notes[1]
    await page.click("#join")
    await line.reply("join", ticket(place=place(9), notices=[words]))
    await state(page, "waiting")
    assert await page.inner_text("#notices p") == words
    line.send(ticket(version=2, place=place(8)))
    await page.wait_for_selector("#notices", state="hidden")


async def test_a_queue_that_closed_meanwhile_refuses_and_the_card_follows(stage: Stage) -> None:
    page, line = await arrive(stage)
    await page.click("#join")
    await line.reply("join", {**error("queue_full")})
    await line.reply("queues", {"type": "queues", "queues": [queue(full=True)]})
    await says(page, "#toast", "The queue is full right now. Try again in a little while.")
    await page.wait_for_selector("#join:disabled")


async def test_reload_finds_the_ticket_and_says_that_the_ring_is_silent(stage: Stage) -> None:
    page = await stage.page("/patient")
    line = await stage.line()
    await line.greet()
    await line.reply("find", ticket(place=place(2)))
    await state(page, "waiting")
    assert await page.inner_text("#number") == "14"
    await page.click("#sound-on")
    await page.wait_for_selector("#sound-on", state="hidden")


async def test_leaving_asks_first(stage: Stage) -> None:
    page, line = await waiting(stage)
    await page.click("#leave")
    await page.click("#leave-no")
    await page.click("#leave")
    await page.click("#leave-yes")
    request = await line.reply("leave", ticket("left", 2, reason="left"))
    assert request["ticket"] == "ticket"
    await says(page, "#ended-title", "You have left the queue")
    await page.click("#again")
    await state(page, "welcome")


async def test_ring_counts_down_and_takes_the_focus(timeless: Stage) -> None:
    page, line = await rung(timeless)
    assert await page.inner_text("#seconds") == "45"
    assert await page.title() == "Your turn! – Kolapp"
    assert "Answer within 45 seconds" in await page.inner_text("#say-now")
    assert await page.evaluate("() => document.activeElement.textContent") == "It is your turn"
    await page.clock.fast_forward("00:30")
    await says(page, "#seconds", "15")
    await says(page, "#say-now", "Answer within 15 seconds.")
    line.send(called(3, ring_ms=4_000))  # the server knows better
    await says(page, "#seconds", "4")


async def test_answering_shows_the_call_at_once_and_offers_media(stage: Stage) -> None:
    page, line = await rung(stage)
    await page.click("#answer")
    await state(page, "call")  # before the server has said anything
    request = await line.reply("answer", ticket("in_visit", 3, visit=visit()))
    assert (request["ticket"], request["epoch"]) == ("ticket", 7)
    offer = await line.expect("offer")
    assert (offer["visit"], offer["epoch"], offer["generation"]) == ("visit", 7, 1)
    assert offer["sdp"].count("\r\na=sendrecv") == 2
    line.send(error("media_unavailable"), re=offer["id"])
    assert (await line.expect("offer"))["generation"] == 2
    await says(page, "#call-status h2", "Connecting…")

    await page.click("#hang-up")
    hang_up = await line.reply("hang_up", ticket("completed", 4, reason="patient_hung_up"))
    assert (hang_up["visit"], hang_up["epoch"]) == ("visit", 7)
    await says(page, "#ended-title", "The visit is over")
    assert await page.evaluate("() => document.querySelector('#self').srcObject") is None


async def test_a_call_that_was_missed_keeps_the_place_until_the_patient_is_here(
    stage: Stage,
) -> None:
    page, line = await rung(stage)
    await page.click("#answer")  # too late
    request = await line.expect("answer")
    line.send(error("wrong_state"), re=request["id"])
    line.send(ticket(version=3, place=place(1), away=True, missed=1, reason="missed_call"))
    await state(page, "missed")
    assert await page.is_hidden("#toast")  # the screen says it already
    await page.click("#here")
    await line.reply("join", ticket(version=4, place=place(1), missed=1))
    await state(page, "waiting")
    await says(page, "#ahead", "You are next")


async def test_declining_asks_first(stage: Stage) -> None:
    page, line = await rung(stage)
    await page.click("#decline")
    await page.click("#decline-yes")
    request = await line.reply("decline", ticket("left", 3, reason="declined"))
    assert request["epoch"] == 7
    await says(page, "#ended-title", "You declined the call")


async def test_what_it_is_about_is_sent_to_the_clinician(stage: Stage) -> None:
    page, line = await waiting(stage)
    await page.fill("#intake-text", "Ont i halsen")
    await page.click("#intake button")
    request = await line.reply("intake", ticket(version=2, place=place(3)))
    assert (request["ticket"], request["text"]) == ("ticket", "Ont i halsen")
    await says(page, "#toast", "Sent. You can change it while you wait.")
    assert await page.input_value("#intake-text") == "Ont i halsen"


async def test_the_signed_copy_is_offered_back_until_the_ticket_ends(stage: Stage) -> None:
    page, line = await arrive(stage)
    await page.click("#join")
    await line.reply("join", ticket(place=place(3), signed="sealed"))
    await state(page, "waiting")
    line.send(ticket(version=2, place=place(2)))
    await says(page, "#ahead", "1 person")
    await line.close(4003)
    again = await stage.line()
    await again.greet(resumed=False)
    request = await again.reply("find", ticket(version=1, place=place(2)))
    assert request["signed"] == "sealed"
    again.send(ticket("left", 2, reason="left"))
    await state(page, "ended")
    assert await page.evaluate("() => sessionStorage.getItem('kolapp.copy.drop-in')") is None


async def test_a_short_gap_raises_no_alarm_and_keeps_the_number(stage: Stage) -> None:
    page, line = await waiting(stage)
    await page.evaluate(
        """() => new MutationObserver(() => { window.alarmed = true; })
          .observe(document.querySelector("#offline"), { attributes: true })"""
    )
    await line.close(4000)
    again = await stage.line()
    await again.greet(resumed=True)
    again.send(ticket(version=2, place=place(2)))
    await says(page, "#ahead", "1 person")
    assert await page.is_hidden("#offline")


async def test_a_long_gap_is_told_and_ends_with_the_connection(timeless: Stage) -> None:
    page, line = await waiting(timeless)
    await line.close(4000)
    await page.clock.fast_forward("00:01")  # past the first pause
    silent = await timeless.line()
    await page.clock.fast_forward("00:01")
    assert await page.is_hidden("#offline")
    await page.clock.fast_forward("00:02")
    await page.wait_for_selector("#offline", state="visible")
    assert "your place is kept" in await page.inner_text("#offline")
    assert await page.inner_text("#number") == "14"
    await silent.greet(resumed=True)
    await page.wait_for_selector("#offline", state="hidden")


async def test_another_window_takes_over(stage: Stage) -> None:
    page, line = await waiting(stage)
    await line.close(4502)
    await says(page, "#blocked-title", "Kolapp is open somewhere else")
    await page.click("#unblock")
    again = await stage.line()
    await again.greet()
    await again.reply("find", ticket(place=place(3)))
    await state(page, "waiting")


async def test_nobody_signed_in(stage: Stage) -> None:
    await stage.tab.route(f"**{TOKENS}", lambda route: route.fulfill(status=404))
    page = await stage.page("/patient")
    await says(page, "#blocked-title", "Your sign-in has ended")
    # Where the provider says that they sign in; see `kolapp_signalling.pages`.
    await page.evaluate(
        "(address) => { document.querySelector('meta[name=kolapp-sign-in]').content = address; }",
        BLANK,
    )
    await page.click("#unblock")
    await page.wait_for_url(f"**{BLANK}")
    await stage.tab.unroute(f"**{TOKENS}")
    assert ["404" in words for words in stage.complaints] == [True]
    stage.complaints.clear()


async def test_the_check_opens_the_camera_and_releases_it(stage: Stage) -> None:
    page, line = await waiting(stage)
    await page.click("#preview-open")
    await page.wait_for_function("() => document.querySelector('#preview').videoWidth > 0")
    await page.evaluate("() => { window.track = preview.srcObject.getTracks()[0]; }")
    assert await page.locator("#check select option").count() >= 2
    await page.click("#preview-close")
    assert await page.evaluate("() => track.readyState") == "ended"
    line.send(ticket(version=2, place=place(2)))
    await says(page, "#ahead", "1 person")


async def test_a_missed_call_releases_the_camera_of_the_check(stage: Stage) -> None:
    page, line = await waiting(stage)
    await page.click("#preview-open")
    await page.wait_for_function("() => document.querySelector('#preview').srcObject !== null")
    await page.evaluate("() => { window.track = preview.srcObject.getTracks()[0]; }")
    line.send(called(2))
    await state(page, "called")
    assert await page.evaluate("() => track.readyState") == "live"  # the call takes it over
    line.send(ticket(version=3, place=place(1), away=True, missed=1, reason="missed_call"))
    await state(page, "missed")
    assert await page.evaluate("() => track.readyState") == "ended"


async def test_no_camera_is_explained(stage: Stage) -> None:
    page, _ = await waiting(stage)
    await page.evaluate(
        """() => { navigator.mediaDevices.getUserMedia = async ({ audio, video }) => {
          throw new DOMException("", video && audio ? "NotFoundError" : "NotAllowedError");
        }; }"""
    )
    await page.click("#preview-open")
    await says(
        page,
        ".check-panel .note",
        "The browser may not use your camera or microphone. "
        "Allow it in the address bar's settings, then try again.",
    )


async def test_language_can_be_switched_and_is_remembered(stage: Stage) -> None:
    page, _ = await waiting(stage)
    await page.select_option("#language", "sv")
    await says(page, "#ahead", "2 personer")
    assert await page.get_attribute("html", "lang") == "sv"
    await page.reload()
    again = await stage.line()
    await again.greet()
    await again.reply("find", ticket(place=place(1)))
    await says(page, "#ahead", "Du är näst på tur")
