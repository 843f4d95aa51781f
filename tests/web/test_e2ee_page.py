"""An encrypted call as a page shows it. The other person's side is a real machine of keys in a tab
of its own; the test is the server between the two, honest or not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from page_looks import LOOKS, faults_of
from playwright.async_api import Page
from staged_pages import PATIENCE_S, Line, Stage, says, state
from staged_words import Message, called, duty, ticket, visit, welcome

pytestmark = pytest.mark.asyncio(loop_scope="session")

# The other person: what its machine says is taken by `said()`.
OTHER = """
async () => {
  const { Keys } = await import("/static/e2ee-keys.js");
  window.machine = (me, visit = "visit") => {
    const words = [];
    const ways = { use() {}, give() {}, forget() {}, changed() {} };
    ways.say = (payload) => words.push(payload);
    const keys = new Keys({ visit, me, ways });
    return {
      follow: (...names) => keys.follow(names, performance.now()),
      hear: (from, payload) => keys.hear(from, payload, performance.now()),
      get code() { return keys.state.phase === "agreed" ? keys.state.code : ""; },
      take: () => words.splice(0),
    };
  };
}
"""
Relay = Callable[[str, str], str]


@dataclass
class Between:
    """The server: passes what the page says on to the others' machines, and back."""

    line: Line
    others: Page
    me: str = "patient"  # whose page it is
    relayed: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            request = await asyncio.wait_for(self.line.inbox.get(), 30)
            if request["type"] == "signal":
                self.relayed.append(request["data"]["payload"])
                self.line.send({"type": "signalled", "visit": request["visit"]}, request["id"])
                await self.tell(request["data"]["payload"])
            elif request["type"] == "ping":
                self.line.send({"type": "pong"}, request["id"])

    async def tell(self, payload: str = "") -> None:
        """One word to all machines, then all that they have to say to the page."""
        found = await self.others.evaluate(
            """async ([me, payload]) => {
              const said = [];
              if (payload) for (const one of others) await one.hear(me, payload);
              for (let quiet = false; !quiet;) {
                quiet = true;
                for (const one of others) for (const word of one.take()) {
                  quiet = false;
                  said.push([one.name, one.lie?.(word) ?? word]);
                  for (const two of others) if (two !== one) await two.hear(one.name, word);
                }
              }
              return said;
            }""",
            [self.me, payload],
        )
        for sender, word in found:
            data = {"kind": "key", "payload": word}
            self.line.send({"type": "signal", "visit": "visit", "sender": sender, "data": data})

    async def code(self) -> str:
        return str(await self.others.evaluate("() => others[0].code"))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def others(phone: Stage) -> AsyncIterator[Page]:
    async with phone.another_tab() as tab:
        await tab.evaluate(OTHER)
        await phone.tab.bring_to_front()  # a page behind another one draws once a second
        yield tab


async def enter(stage: Stage, **fields: Any) -> tuple[Page, Line]:
    page = await stage.page("/patient")
    line = await stage.line()
    queues = [queue | {"encrypted": True} for queue in welcome()["queues"]]
    await line.greet(queues=queues)
    await line.reply("find", ticket("in_visit", 3, visit=visit(encrypted=True, **fields)))
    return page, line


@asynccontextmanager
async def in_visit(
    stage: Stage, others: Page, names: tuple[str, ...] = ("clinician",)
) -> AsyncIterator[tuple[Page, Between]]:
    """The patient's page in an encrypted visit with these, who follow it."""
    await others.evaluate(
        """async (names) => {
          window.others = names.map((name) => Object.assign(machine(name), { name }));
          for (const one of others) await one.follow("patient", ...names);
        }""",
        list(names),
    )
    participants = [{"role": name, "media": "none"} for name in ("patient", *names)]
    page, line = await enter(stage, participants=participants)
    between = Between(line, others)
    await between.tell()
    running = asyncio.create_task(between.run())
    try:
        yield page, between
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def face(page: Page, wanted: str) -> None:
    """Until the lock shows that."""
    await page.wait_for_selector(f'#e2ee[data-face="{wanted}"]', timeout=PATIENCE_S * 1000)


async def shown_code(page: Page) -> str:
    return (await page.inner_text("#e2ee-code")).replace(" ", "")


async def test_both_are_shown_the_same_numbers_and_told_what_to_do(
    stage: Stage, others: Page
) -> None:
    async with in_visit(stage, others) as (page, between):
        await face(page, "new")
        assert await shown_code(page) == await between.code() != ""
        await says(page, "#e2ee-title", "Read these numbers to each other")
        await says(page, "#e2ee-text", "If they differ, somebody may be listening: hang up.")
        await page.click("#e2ee-same")
        await face(page, "same")
        assert await page.is_hidden("#e2ee-card")
        assert (await page.inner_text("#e2ee")).replace(" ", "") == await between.code()


async def test_the_numbers_look_right(stage: Stage, others: Page) -> None:
    faults = {}
    async with in_visit(stage, others) as (page, _):
        for name, press in (("new", ""), ("differ", "#e2ee-differ"), ("new", "#e2ee-compare")):
            if press:
                await page.click(press)
            await face(page, name)
            if found := await faults_of(page, *LOOKS):
                faults[name] = found
    assert faults == {}


async def signalled(line: Line) -> Message:
    """The next word of keys; what else a call asks for is not answered."""
    while (request := await asyncio.wait_for(line.inbox.get(), 30))["type"] != "signal":
        pass
    return request


async def test_nothing_is_said_of_keys_before_the_answer_and_nothing_heard_is_forgotten(
    stage: Stage, others: Page
) -> None:
    """The server refuses such words while it rings; and the other's first one may come before the
    snapshot that says that they have answered."""
    await others.evaluate(
        """async () => {
          window.others = [Object.assign(machine("patient"), { name: "patient" })];
          await others[0].follow("patient", "clinician");
        }"""
    )
    page = await stage.page("/clinician")
    line = await stage.line()
    await line.greet(role="clinician")
    line.send(duty(1, visit=visit("called", encrypted=True, ring_ms=30_000)))
    await state(page, "calling")
    between = Between(line, others, "clinician")
    await between.tell()  # the patient's commitment
    # As long as it would take to make a key and say so.
    await page.evaluate(
        """async () => {
          const { newPair } = await import("/static/e2ee-crypto.js");
          for (let i = 0; i < 10; i += 1) await newPair();
        }"""
    )
    while not line.inbox.empty():
        assert line.inbox.get_nowait()["type"] != "signal"
    line.send(duty(2, visit=visit(encrypted=True)))
    said = [await signalled(line) for _ in range(2)]
    kinds = await others.evaluate(
        """async (payloads) => {
          const { decode } = await import("/static/e2ee-words.js");
          return payloads.map((payload) => decode(payload).kind);
        }""",
        [word["data"]["payload"] for word in said],
    )
    assert kinds == ["commit", "reveal"]


async def test_numbers_wait_while_somebody_writes(stage: Stage, others: Page) -> None:
    async with in_visit(stage, others) as (page, _):
        await face(page, "new")
        await page.click("#chat-open")
        await page.wait_for_selector("#e2ee-card", state="hidden")
        await page.click("#chat-close")
        await page.wait_for_selector("#e2ee-card", state="visible")
        await page.click("#e2ee-close")
        await page.wait_for_selector("#e2ee-card", state="hidden")
        await page.click("#e2ee")
        await page.wait_for_selector("#e2ee-card", state="visible")


async def test_numbers_that_differ_are_said_plainly_and_the_call_can_be_ended(
    stage: Stage, others: Page
) -> None:
    async with in_visit(stage, others) as (page, _):
        await face(page, "new")
        await page.click("#e2ee-differ")
        await face(page, "differ")
        await says(page, "#e2ee-title", "Somebody may be listening")
        await page.click("#e2ee-hang-up")
        await says(page, "#call-status h2", "Hanging up…")
        assert await page.is_hidden("#e2ee")
        assert await page.is_hidden("#e2ee-card")


async def test_a_server_that_swaps_keys_shows_each_side_other_numbers(
    stage: Stage, others: Page
) -> None:
    """It plays the clinician to the page and the patient to the clinician, whole and well; it has
    the keys of both, and only the numbers tell."""
    async with in_visit(stage, others) as (page, between):
        await face(page, "new")
        to_patient = await shown_code(page)
        to_clinician = await others.evaluate(
            """async () => {
              const [clinician, liar] = [machine("clinician"), machine("patient")];
              for (const one of [clinician, liar]) await one.follow("patient", "clinician");
              for (let i = 0; i < 10; i += 1) {
                for (const word of clinician.take()) await liar.hear("clinician", word);
                for (const word of liar.take()) await clinician.hear("patient", word);
              }
              return clinician.code;
            }"""
        )
        assert to_patient == await between.code()  # what the liar in the middle has
        assert len(to_clinician) == 6
        assert to_clinician != to_patient


async def test_a_key_that_was_swapped_too_late_stops_everything_loudly(
    stage: Stage, others: Page
) -> None:
    """A server that waits for the page's key before it chooses its own."""
    await others.evaluate(
        """async () => {
          const { decode, encode } = await import("/static/e2ee-words.js");
          const { newPair } = await import("/static/e2ee-crypto.js");
          const { open } = await newPair();
          window.swapped = (payload) => {
            const word = decode(payload);
            return word.kind === "reveal" ? encode({ ...word, open }) : payload;
          };
        }"""
    )
    async with in_visit(stage, others) as (page, between):
        await others.evaluate("() => { others[0].lie = swapped; }")
        await face(page, "failed")
        await says(page, "#e2ee-title", "The call is not safe")
        await page.wait_for_selector("#e2ee-card", state="visible")
        said = await page.inner_text("#say-now")
        assert said.startswith("The call is not safe")
        await others.evaluate("() => { others[0].lie = null; }")
        await page.click("#e2ee-again")
        await face(page, "new")
        assert await shown_code(page) == await between.code()


async def test_who_comes_makes_new_numbers_and_the_page_says_so(stage: Stage, others: Page) -> None:
    async with in_visit(stage, others) as (page, between):
        await face(page, "new")
        before = await shown_code(page)
        await page.click("#e2ee-same")
        await others.evaluate(
            """async () => {
              const everybody = ["patient", "clinician", "guest1"];
              others.push(Object.assign(machine("guest1"), { name: "guest1" }));
              for (const one of others) await one.follow(...everybody);
            }"""
        )
        people = [{"role": name, "media": "none"} for name in ("patient", "clinician", "guest1")]
        now = visit(encrypted=True, slots=3, participants=people)
        between.line.send(ticket("in_visit", 4, visit=now))
        await between.tell()
        await face(page, "new")
        await says(
            page, "#e2ee-note", "The numbers are new: somebody came, left or opened the page again."
        )
        assert await shown_code(page) == await between.code() != before


async def test_a_browser_that_cannot_encrypt_says_so_before_the_call_and_sends_nothing(
    stage: Stage,
) -> None:
    cannot = "delete window.RTCRtpScriptTransform;"
    context = stage.tab.context
    tab = await context.new_page()
    await tab.add_init_script(cannot)
    other = Stage(tab, stage.site)
    await other.set_up()
    try:
        page = await other.page("/patient")
        line = await other.line()
        queues = [queue | {"encrypted": True} for queue in welcome()["queues"]]
        await line.greet(queues=queues)
        await line.reply("find", ticket("waiting", 1, place=queues[0]["place"]))
        await page.wait_for_selector("#e2ee-unable", state="visible")
        assert "cannot encrypt" in await page.inner_text("#e2ee-unable")
        await page.evaluate("() => { window.RTCPeerConnection = () => { throw new Error(); }; }")
        line.send(called(2) | {"call": called(2)["call"] | {"encrypted": True}})
        line.send(ticket("in_visit", 3, visit=visit(encrypted=True)))
        await says(page, "#call-status h2", "This browser cannot encrypt calls.")
        word = await line.expect("signal")
        assert await page.evaluate("() => document.querySelector('#self').srcObject") is None
        told = await page.evaluate(
            """async (payload) => {
              const { decode } = await import("/static/e2ee-words.js");
              return decode(payload).kind;
            }""",
            word["data"]["payload"],
        )
        assert told == "unable"
        assert other.complaints == []
    finally:
        await tab.close()
        await stage.tab.bring_to_front()
