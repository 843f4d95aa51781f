"""The client: one reply a request, newest snapshot wins, and it comes back by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from kolapp_signalling import codes, messages
from playwright.async_api import Page
from staged_pages import BLANK, Stage
from staged_words import duty, error, ticket

pytestmark = pytest.mark.asyncio(loop_scope="session")

# `seen` is everything the client told; `until` waits for the page without a clock.
START = """
async (options) => {
  const { KolappClient } = await import("/static/kolapp.js");
  window.wakes = new EventTarget();
  window.seen = [];
  window.asked = [];  // with what each token of `tokens` was asked for; null never comes
  const next = (refused) => {
    asked.push(refused);
    return options.tokens.shift() ?? new Promise(() => {});
  };
  window.client = new KolappClient({
    url: `ws://${location.host}/ws`, token: options.tokens ? next : "token",
    random: () => 1, wakes: [[wakes, "wake"]],
    ...options, timing: { backoff_base_ms: 20, backoff_cap_ms: 80, ...options.timing },
  });
  for (const name of ["welcome", "ticket", "duty", "state"]) {
    client.addEventListener(name, ({ detail }) => seen.push([name, detail]));
  }
  client.connect();
}
"""
REQUEST = """
([type, fields]) => {
  client.request(type, fields).then(
    (reply) => seen.push(["reply", reply]),
    (error) => seen.push(["refused", error.code]),
  );
}
"""
SEEN = """
async (name) => {
  const limit = performance.now() + 5000;
  while (performance.now() < limit) {
    const at = seen.findIndex(([seenName]) => seenName === name);
    if (at >= 0) return seen.splice(at, 1)[0][1];
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`no ${name} in ${JSON.stringify(seen)}`);
}
"""


async def start(stage: Stage, **options: Any) -> Page:
    page = await stage.page(BLANK)
    await page.evaluate(START, options)
    return page


async def ask(page: Page, kind: str, **fields: Any) -> None:
    await page.evaluate(REQUEST, [kind, fields])


async def seen(page: Page, name: str) -> Any:
    """The next event of that name, or `reply` / `refused` of a request."""
    return await page.evaluate(SEEN, name)


async def test_lists_of_types_are_those_of_the_server(stage: Stage) -> None:
    page = await start(stage)
    lists: Sequence[list[str]] = await page.evaluate(
        """async () => {
          const { CLIENT_TYPES, SERVER_TYPES } = await import("/static/kolapp.js");
          return [CLIENT_TYPES, SERVER_TYPES];
        }"""
    )
    unions = (messages.AnyClientMessage, messages.AnyServerMessage)
    for mine, union in zip(lists, unions, strict=True):
        assert sorted(mine) == sorted(kind.__struct_config__.tag for kind in union.__args__)


async def test_every_terminal_close_code_has_a_word(stage: Stage) -> None:
    page = await start(stage)
    terminal = [code for code in codes.CloseCode if 4500 <= code <= 4999]
    words = await page.evaluate(
        """async (codes) => {
          const { terminalReason } = await import("/static/protocol.js");
          return codes.map(terminalReason);
        }""",
        terminal,
    )
    assert words == [code.name.lower() for code in terminal]


async def test_hello_carries_the_token_and_requests_get_their_reply(stage: Stage) -> None:
    page = await start(stage)
    line = await stage.line()
    hello = await line.greet()
    assert hello["token"] == "token"
    assert "resume" not in hello
    assert (await seen(page, "welcome"))["role"] == "patient"

    await ask(page, "join", queue="drop-in")
    await line.reply("join", ticket(version=3))
    assert (await seen(page, "reply"))["number"] == 14
    assert (await seen(page, "ticket"))["version"] == 3

    await ask(page, "find", queue="other")
    await line.reply("find", error("no_ticket"))
    assert await seen(page, "refused") == "no_ticket"


async def test_an_older_snapshot_is_ignored(stage: Stage) -> None:
    page = await start(stage)
    line = await stage.line()
    await line.greet()
    for version in (5, 4, 5, 6):
        line.send(ticket(version=version, number=version))
        line.send(duty(version))
    versions = [(await seen(page, "ticket"))["version"] for _ in range(3)]
    assert versions == [5, 5, 6]
    assert [(await seen(page, "duty"))["version"] for _ in range(3)] == [5, 5, 6]


async def test_what_it_does_not_know_is_ignored(stage: Stage) -> None:
    page = await start(stage)
    line = await stage.line()
    await line.greet(fashion="new", queues=[])
    line.socket.send("not JSON")
    line.socket.send("null")
    line.send({"type": "horoscope", "version": 9})
    line.send(ticket(horoscope="good"))
    assert (await seen(page, "ticket"))["horoscope"] == "good"


async def test_a_lost_connection_is_resumed_and_requests_are_sent_again(stage: Stage) -> None:
    page = await start(stage)
    first = await stage.line()
    await first.greet()
    await ask(page, "pull", key="once")
    request = await first.expect("pull")
    await first.close(4000)

    second = await stage.line()
    hello = await second.greet(resumed=True)
    assert hello["resume"] == "private"
    again = await second.reply("pull", duty(2))
    assert again == request
    assert (await seen(page, "reply"))["version"] == 2


async def test_what_is_asked_between_two_connections_is_sent_once(stage: Stage) -> None:
    page = await start(stage)
    first = await stage.line()
    await first.greet()
    await first.close(4000)
    await ask(page, "join", queue="drop-in")
    second = await stage.line()
    await second.greet(resumed=True)
    await second.reply("join", ticket())
    assert (await seen(page, "reply"))["type"] == "ticket"
    assert second.inbox.empty()


async def test_a_ping_dies_with_its_connection(stage: Stage) -> None:
    page = await start(stage)
    first = await stage.line()
    await first.greet()
    await ask(page, "ping")
    await first.close(4000)
    assert await seen(page, "refused") == "lost"


async def test_a_new_session_forgets_old_versions(stage: Stage) -> None:
    """After a store that lost its last writes the versions begin lower."""
    page = await start(stage)
    first = await stage.line()
    await first.greet()
    first.send(ticket(version=50))
    assert (await seen(page, "ticket"))["version"] == 50
    await first.close(4003)
    second = await stage.line()
    await second.greet(resumed=False)
    second.send(ticket(version=2))
    assert (await seen(page, "ticket"))["version"] == 2


async def test_pauses_grow_to_the_cap_with_full_jitter(stage: Stage) -> None:
    page = await start(stage, timing={"backoff_base_ms": 10, "backoff_cap_ms": 40})
    pauses = await page.evaluate(
        """async () => {
          const { KolappClient } = await import("/static/kolapp.js");
          const pauses = [];
          const native = window.setTimeout;
          window.setTimeout = (act, ms) => { pauses.push(ms); return native(act, 0); };
          const shares = [1, 1, 0.5, 1, 0];
          const closed = class { constructor() { native(() => this.onclose({ code: 1006 }), 0); }
                                 close() {} };
          const other = new KolappClient({
            url: "", token: "", WebSocket: closed, random: () => shares.shift() ?? 1,
            timing: { backoff_base_ms: 10, backoff_cap_ms: 40, open_within_ms: 12345 },
          });
          await new Promise((resolve) => {
            other.addEventListener("state", () => { if (shares.length === 0) resolve(); });
            other.connect();
          });
          other.close();
          window.setTimeout = native;
          return pauses.filter((ms) => ms !== 12345);
        }"""
    )
    assert pauses[:5] == [10, 20, 20, 40, 0]


async def test_silence_after_a_ping_means_dead(stage: Stage) -> None:
    await start(stage, timing={"pong_within_ms": 50})
    first = await stage.line()
    await first.greet(ping_every_ms=30)
    assert (await first.inbox.get())["type"] == "ping"  # and it is not answered
    second = await stage.line()
    assert (await second.greet(resumed=True))["resume"] == "private"


async def test_any_frame_counts_as_a_sign_of_life(stage: Stage) -> None:
    page = await start(stage, timing={"pong_within_ms": 2_000})
    line = await stage.line()
    await line.greet(ping_every_ms=30)
    for version in range(1, 4):
        assert (await line.inbox.get())["type"] == "ping"
        line.send(ticket(version=version))
        await seen(page, "ticket")
    assert stage.lines.empty()


async def test_a_server_that_never_greets_is_given_up(stage: Stage) -> None:
    page = await start(stage, timing={"open_within_ms": 500})
    await (await stage.line()).expect("hello")
    await (await stage.line()).greet()
    await seen(page, "welcome")


async def test_a_refused_hello_is_tried_again(stage: Stage) -> None:
    await start(stage)
    await (await stage.line()).reply("hello", error("store_unavailable"))
    await (await stage.line()).greet()


async def test_a_terminal_close_ends_it_and_fails_what_is_under_way(stage: Stage) -> None:
    page = await start(stage)
    line = await stage.line()
    await line.greet()
    await ask(page, "join", queue="drop-in")
    await line.expect("join")
    await line.close(4502)
    assert await seen(page, "refused") == "closed"
    assert await page.evaluate("() => seen.at(-1)[1]") == {
        "state": "closed",
        "reason": "taken_over",
    }
    await ask(page, "ping")
    assert await seen(page, "refused") == "closed"


async def test_a_token_that_ran_out_is_replaced_once(stage: Stage) -> None:
    page = await start(stage, tokens=["first", "second"])
    line = await stage.line()
    assert (await line.greet())["token"] == "first"
    await ask(page, "join", queue="drop-in")
    await line.expect("join")
    await line.close(4501)
    again = await stage.line()
    hello = await again.greet(resumed=True)
    assert (hello["token"], hello["resume"]) == ("second", "private")
    await again.reply("join", ticket())
    await seen(page, "reply")
    await again.close(4501)  # so soon: it is no better
    await page.wait_for_function("() => client.state === 'closed'")
    assert await page.evaluate("() => [asked, seen.at(-1)[1].reason]") == [
        ["", "first"],
        "bad_token",
    ]


async def test_a_token_is_renewed_before_it_ends(stage: Stage) -> None:
    page = await start(stage, tokens=["first", "second", "third"])
    line = await stage.line()
    await line.greet()
    line.send({"type": "token", "valid_ms": 60_000})
    request = await line.reply("renew", {"type": "token", "valid_ms": 3_600_000})
    assert request["token"] == "second"
    line.send({"type": "token", "valid_ms": 60_000})
    assert (await line.expect("renew"))["token"] == "third"
    assert await page.evaluate("() => [asked, client.state]") == [["", "first", "second"], "open"]


async def test_without_a_fresh_token_the_old_one_goes_on_to_its_end(stage: Stage) -> None:
    page = await start(stage)
    line = await stage.line()
    await line.greet()
    line.send({"type": "token", "valid_ms": 60_000})
    await ask(page, "ping")
    await line.expect("ping")  # and no `renew` with the same token
    assert await page.evaluate("() => client.state") == "open"


async def test_a_node_that_stops_says_how_soon_to_come_back(stage: Stage) -> None:
    page = await start(stage, timing={"backoff_base_ms": 600_000, "backoff_cap_ms": 600_000})
    line = await stage.line()
    await line.greet()
    line.send({"type": "reconnect", "after_ms": 20})
    await line.close(4000)
    again = await stage.line()
    await again.greet(resumed=True)
    await page.wait_for_function("() => client.state === 'open'")
    await again.close(4003)  # the hint was for once
    await page.wait_for_function("() => client.state === 'waiting'")
    assert stage.lines.empty()


async def test_a_clock_that_jumped_means_that_we_slept(stage: Stage) -> None:
    page = await start(stage, timing={"tick_ms": 10})
    line = await stage.line()
    await line.greet()
    await page.wait_for_function("() => client.state === 'open'")
    await page.evaluate("() => { const now = Date.now; Date.now = () => now() + 3_600_000; }")
    assert (await line.inbox.get())["type"] == "ping"
    await page.evaluate("() => client.close()")


async def test_a_token_that_never_changes_is_not_tried_again(stage: Stage) -> None:
    page = await start(stage)
    await (await stage.line()).close(4501)
    await page.wait_for_function("() => client.state === 'closed'")
    assert stage.lines.empty()


async def test_a_token_that_never_comes_is_asked_for_again(stage: Stage) -> None:
    page = await start(stage, tokens=[None, "late"], timing={"token_within_ms": 50})
    assert (await (await stage.line()).greet())["token"] == "late"
    await page.wait_for_function("() => client.state === 'open'")


async def test_a_request_finds_out_that_the_network_is_silent(stage: Stage) -> None:
    """It would wait for its time-out, or for the next ping, before anything is done."""
    timing = {"quiet_ms": 0, "check_within_ms": 50}
    page = await start(stage, timing=timing)
    line = await stage.line()
    await line.greet()
    await ask(page, "join", queue="drop-in")
    assert [(await line.inbox.get())["type"] for _ in range(2)] == ["ping", "join"]
    again = await stage.line()
    await again.greet(resumed=True)
    await again.reply("join", ticket())
    await seen(page, "reply")


async def test_an_answer_that_tarries_is_asked_after(stage: Stage) -> None:
    """Somebody was heard just before the request, and never again."""
    timing = {"quiet_ms": 200, "pong_within_ms": 50}
    page = await start(stage, timing=timing)
    line = await stage.line()
    await line.greet()
    await ask(page, "join", queue="drop-in")
    assert [(await line.inbox.get())["type"] for _ in range(2)] == ["join", "ping"]
    await (await stage.line()).greet(resumed=True)


async def test_asking_again_and_again_does_not_put_off_the_end(stage: Stage) -> None:
    timing = {"quiet_ms": 0, "check_within_ms": 300}
    page = await start(stage, timing=timing)
    await (await stage.line()).greet()
    await page.evaluate(
        """() => { window.asking = setInterval(() => {
          client.request("ping", {}).catch(() => {});
        }, 40); }"""
    )
    await (await stage.line()).expect("hello")
    await page.evaluate("() => clearInterval(asking)")


async def test_a_person_may_connect_again_after_a_terminal_close(stage: Stage) -> None:
    page = await start(stage)
    await (await stage.line()).close(4999)
    await page.wait_for_function("() => client.state === 'closed'")
    await page.evaluate("() => client.connect()")
    await (await stage.line()).greet()


async def test_without_a_token_it_ends_and_with_a_bad_network_it_waits(stage: Stage) -> None:
    page = await stage.page(BLANK)
    states = await page.evaluate(
        """async () => {
          const { KolappClient, KolappError } = await import("/static/kolapp.js");
          const states = [];
          for (const error of [new KolappError("bad_token", ""), new TypeError()]) {
            const client = new KolappClient({ url: "", token: () => Promise.reject(error) });
            states.push(await new Promise((resolve) => {
              client.addEventListener("state", ({ detail: { state, reason } }) => {
                if (state !== "connecting") resolve([state, reason]);
              });
              client.connect();
            }));
            client.close();
          }
          return states;
        }"""
    )
    assert states == [["closed", "bad_token"], ["waiting", ""]]


async def test_waking_connects_at_once_or_checks(stage: Stage) -> None:
    timing = {"backoff_base_ms": 600_000, "backoff_cap_ms": 600_000, "check_within_ms": 50}
    page = await start(stage, timing=timing)
    first = await stage.line()
    await first.greet()
    await first.close(4000)
    await page.wait_for_function("() => client.state === 'waiting'")
    await page.evaluate("() => wakes.dispatchEvent(new Event('wake'))")
    second = await stage.line()
    await second.greet(resumed=True)
    await page.wait_for_function("() => client.state === 'open'")

    await page.evaluate("() => wakes.dispatchEvent(new Event('wake'))")
    await second.expect("ping")  # answered by `expect` only if something else was expected
    await page.wait_for_function("() => client.state === 'waiting'")


async def test_a_reply_that_does_not_come_is_a_timeout(stage: Stage) -> None:
    page = await start(stage, timing={"request_within_ms": 50})
    line = await stage.line()
    await line.greet()
    await ask(page, "leave", ticket="ticket")
    assert await seen(page, "refused") == "timeout"
    await line.expect("leave")
    await line.expect("ping")  # is anybody there?


async def test_too_many_requests_are_refused_here(stage: Stage) -> None:
    page = await start(stage)
    await page.evaluate(
        """() => { for (let n = 0; n < 33; n += 1)
          client.request("ping", {}).catch((error) => seen.push(["refused", error.code])); }"""
    )
    assert await seen(page, "refused") == "busy"


async def test_closing_is_quiet(stage: Stage) -> None:
    page = await start(stage)
    line = await stage.line()
    await line.greet()
    await page.evaluate("() => client.close()")
    await line.closed.wait()
    assert await page.evaluate("() => client.state") == "closed"
    assert stage.lines.empty()
