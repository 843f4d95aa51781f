"""The chat of a visit as both pages show it, beside a server that says what it is told to."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page
from staged_pages import Line, Stage, says, state
from staged_words import Message, duty, error, ticket, visit, welcome

BESIDE = ("offer", "read_intake")

pytestmark = pytest.mark.asyncio(loop_scope="session")


def in_visit(version: int, said: int = 0) -> Message:
    return ticket("in_visit", version, visit=visit(said=said))


def said(*texts: str, first: int = 1, role: str = "clinician", newest: int = 0) -> Message:
    lines = [
        {"number": number, "role": role, "text": text} for number, text in enumerate(texts, first)
    ]
    return {"type": "said", "visit": "visit", "lines": lines, "said": newest or len(lines)}


async def asked(line: Line, kind: str) -> Message:
    """The next request; what else a call asks for has no answer in here."""
    while (request := await asyncio.wait_for(line.inbox.get(), 10))["type"] in BESIDE:
        pass
    assert request["type"] == kind
    return request


async def reply(line: Line, kind: str, message: Message) -> Message:
    request = await asked(line, kind)
    line.send(message, re=request["id"])
    return request


async def patient_in_call(stage: Stage, heard: int = 0) -> tuple[Page, Line]:
    page = await stage.page("/patient")
    line = await stage.line()
    await line.greet()
    await line.reply("find", in_visit(1, heard))
    await state(page, "call")
    return page, line


async def lines_of(page: Page) -> list[str]:
    return await page.locator("#chat-lines > li").evaluate_all(
        "(lines) => lines.map((line) => line.lastChild.textContent)"
    )


async def test_what_the_other_writes_is_counted_until_it_is_read(stage: Stage) -> None:
    page, line = await patient_in_call(stage)
    line.send(in_visit(2, said=2))
    request = await reply(line, "hear", said("Hej", "<b>Hör du mig?</b>"))
    assert (request["visit"], request["after"]) == ("visit", 0)
    await says(page, ".chat-label", "2 new")
    assert await page.is_hidden("#chat")
    await page.click("#chat-open")
    assert await lines_of(page) == ["Hej", "<b>Hör du mig?</b>"]  # text, never markup
    await says(page, ".chat-label", "Chat")
    assert await page.evaluate("document.activeElement.id") == "chat-text"
    await page.press("#chat-text", "Escape")
    assert await page.is_hidden("#chat")
    assert await page.evaluate("document.activeElement.id") == "chat-open"


async def test_what_i_write_stands_there_at_once_and_only_once(stage: Stage) -> None:
    page, line = await patient_in_call(stage)
    await page.click("#chat-open")
    await page.fill("#chat-text", "  Ja  ")
    await page.press("#chat-text", "Enter")
    assert await lines_of(page) == ["Ja"]
    assert await page.input_value("#chat-text") == ""
    request = await reply(line, "say", said("Ja", first=2, role="patient", newest=2))
    assert (request["visit"], request["epoch"], request["text"]) == ("visit", 7, "Ja")
    both = said("Hej", newest=2)
    both["lines"] += said("Ja", first=2, role="patient")["lines"]
    assert (await reply(line, "hear", both))["after"] == 0  # what was said meanwhile comes with it
    await page.wait_for_function("() => document.querySelectorAll('#chat-lines > li').length === 2")
    assert await lines_of(page) == ["Hej", "Ja"]
    assert await page.locator("#chat-lines .unsent").count() == 0
    await page.press("#chat-text", "Enter")  # nothing to send
    line.send(in_visit(2, said=2))
    await page.evaluate("() => new Promise((resolve) => setTimeout(resolve, 0))")
    while not line.inbox.empty():
        assert line.inbox.get_nowait()["type"] == "offer"


async def test_what_was_not_sent_waits_for_a_press_and_keeps_its_key(stage: Stage) -> None:
    page, line = await patient_in_call(stage)
    await page.click("#chat-open")
    await page.fill("#chat-text", "Ja")
    await page.press("#chat-text", "Enter")
    first = await reply(line, "say", error("store_unavailable"))
    await says(page, "#chat-again", "Not sent. Try again")
    assert await page.locator("#chat-lines .failed").count() == 1
    await page.click("#chat-again")
    second = await reply(line, "say", said("Ja", role="patient"))
    assert second["key"] == first["key"]
    await reply(line, "hear", said("Ja", role="patient"))
    await page.wait_for_selector("#chat-again", state="hidden")
    await page.fill("#chat-text", "Nej")
    await page.press("#chat-text", "Enter")
    assert (await reply(line, "say", error("chat_full")))["key"] != first["key"]
    await says(page, "#chat-again", "No more messages in this call")


async def test_after_a_reload_it_is_all_there_and_after_the_end_nothing(stage: Stage) -> None:
    page, line = await patient_in_call(stage, heard=60)
    texts = [f"Line {number}" for number in range(1, 61)]
    await reply(line, "hear", said(*texts[:50], newest=60))
    assert (await reply(line, "hear", said(*texts[50:], first=51, newest=60)))["after"] == 50
    await page.click("#chat-open")
    await page.wait_for_function(
        "() => document.querySelectorAll('#chat-lines > li').length === 60"
    )
    assert await lines_of(page) == texts
    at_end = "(list) => list.scrollHeight - list.scrollTop - list.clientHeight < 2"
    assert await page.locator("#chat-lines").evaluate(at_end)
    await page.fill("#chat-text", "half a")
    line.send(ticket("completed", 9, reason="clinician_hung_up"))
    await state(page, "ended")
    assert await page.locator("#chat-lines > li").count() == 0
    assert await page.input_value("#chat-text") == ""


async def test_the_clinician_writes_too(stage: Stage) -> None:
    page = await stage.page("/clinician")
    line = await stage.line()
    line.send(welcome(role="clinician"), re=(await line.expect("hello"))["id"])
    line.send(duty(1, visit=visit("called", ring_ms=9_000)))
    await state(page, "calling")
    assert await page.is_hidden("#chat-open")  # nobody is there yet
    line.send(duty(2, visit=visit(said=1)))
    await reply(line, "hear", said("Hej", role="patient"))
    await state(page, "call")
    await says(page, ".chat-label", "1 new")
    await page.click("#chat-open")
    await page.fill("#chat-text", "n")  # a shortcut elsewhere
    await page.press("#chat-text", "Enter")
    assert (await asked(line, "say"))["text"] == "n"
