"""The pure modules: the waiting time in words, the grade of a connection, the languages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from kolapp_queue.eta.steps import shown_at
from playwright.async_api import Page
from staged_pages import Stage, run

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(phone: Stage) -> AsyncIterator[Page]:
    """One for all: pure modules keep nothing."""
    async with phone.another_tab() as tab:
        yield tab


async def call(page: Page, module: str, body: str, argument: Any = None) -> Any:
    """Run `body` with the module as `m` and the argument as `given`."""
    return await run(page, f"const m = await import('/static/{module}'); {body}", argument)


WAITS = [
    # low_s, high_s, elapsed_s -> English
    (0, 60, 0, "Less than 1 minute"),
    (30, 290, 0, "Less than 5 minutes"),
    (60, 180, 0, "About 1–3 minutes"),
    (300, 700, 0, "About 5–15 minutes"),
    (300, 700, 30, "About 5–15 minutes"),  # not "3–15" after a moment
    (0, 301, 0, "Up to 7 minutes"),
    (420, 421, 0, "About 7–10 minutes"),
    (1_500, 1_800, 0, "About 25–30 minutes"),
    (1_500, 1_801, 0, "About 25–40 minutes"),
    (3_000, 4_200, 0, "About 50 min – 1 h 15 min"),
    (3_600, 7_200, 0, "About 1 h – 2 h"),
    (10_800, 20_000, 0, "More than 3 hours"),
    (300, 700, 600, "Less than 2 minutes"),
    (300, 700, 699, "Less than 1 minute"),
    (300, 700, 700, "Any moment now"),
    (0, 0, 0, "Any moment now"),
]


async def test_waiting_time_leans_late_in_readable_steps(page: Page) -> None:
    said = await call(
        page,
        "wait.js",
        """const { LANGUAGES, sayWait } = await import("/static/texts.js");
        return given.map(([low_s, high_s, elapsed_s]) =>
          sayWait(LANGUAGES.en, m.waitWords({ known: true, low_s, high_s }, elapsed_s)));""",
        [wait[:3] for wait in WAITS],
    )
    assert said == [wait[3] for wait in WAITS]


async def test_the_steps_are_those_of_the_server(page: Page) -> None:
    """Else a snapshot could make a range rise that had counted down by itself."""
    seconds = [*range(1, 10_700, 7)]
    told = await call(
        page,
        "wait.js",
        """return given.map((high_s) => {
          const words = m.waitWords({ known: true, low_s: high_s / 2, high_s }, 0);
          return [words.low ?? 0, words.high];
        });""",
        seconds,
    )
    shown = [shown_at(one / 2, one, 0) for one in seconds]
    assert told == [[one.low_s / 60, one.high_s / 60] for one in shown]


NOW = "2026-01-15T12:00:00"
OPENINGS = [
    ({}, ""),
    ({"closes": "2026-01-15T22:00:00"}, "Open until 22:00."),
    (
        {"closes": "2026-01-16T00:00:00", "last_number": "2026-01-15T23:30:00"},
        "Open until Friday 00:00. Last number 23:30.",
    ),
    ({"state": "closed", "opens": "2026-01-19T07:00:00"}, "Closed right now. Opens Monday 07:00."),
    (
        {"state": "draining", "early": True, "opens": "2026-02-01T07:00:00"},
        "Closed early by the staff. Opens 1 February at 07:00.",
    ),
    ({"state": "closed"}, "Closed right now."),
    ({"full": True}, "The queue is full right now. Try again in a little while."),
]


async def test_opening_hours_are_as_short_as_can_be_understood(page: Page) -> None:
    said = await call(
        page,
        "opening.js",
        """const { LANGUAGES } = await import("/static/texts.js");
        const [now, queues] = given;
        return queues.map((queue) => m.sayOpening(queue, LANGUAGES.en, "en", new Date(now)));""",
        [NOW, [queue for queue, _ in OPENINGS]],
    )
    assert said == [words for _, words in OPENINGS]


async def test_shown_range_holds_the_real_one(page: Page) -> None:
    """The upper end is never shown lower than it is, and it never rises while time runs."""
    broken = await call(
        page,
        "wait.js",
        """const broken = [];
        for (let high_s = 60; high_s < 12000; high_s += 7) {
          for (const low_s of [0, high_s / 3, high_s - 60]) {
            let last = Infinity;
            for (let elapsed = 0; elapsed < high_s; elapsed += 97) {
              const words = m.waitWords({ known: true, low_s, high_s }, elapsed);
              if (words.kind === "more") continue;
              const high = words.high * 60;
              if (high < high_s - elapsed || high > last || words.low >= words.high) {
                broken.push([low_s, high_s, elapsed, words]);
              }
              last = high;
            }
          }
        }
        return broken.slice(0, 3);""",
    )
    assert broken == []


async def test_an_unknown_wait_says_why(page: Page) -> None:
    said = await call(
        page,
        "texts.js",
        """return Object.values(m.LANGUAGES).map((t) => {
          const words = { kind: "unknown", why: "nobody_on_duty" };
          const other = { kind: "unknown", why: "x" };
          return [m.sayWait(t, words), m.sayWhy(t, words), m.sayWhy(t, other)];
        });""",
    )
    assert said[0] == ["Not known yet", "No clinician is on duty right now.", ""]
    assert all(wait and why and not other for wait, why, other in said)


async def test_clock(page: Page) -> None:
    said = await call(page, "wait.js", "return given.map(m.clock);", [0, 59.9, 247, 3_601, -3])
    assert said == ["0:00", "0:59", "4:07", "1:00:01", "0:00"]


async def test_languages_have_the_same_texts(page: Page) -> None:
    """Every key in every language, none empty, and functions that take the same figures."""
    shapes = await call(
        page,
        "texts.js",
        """const shape = (text) => typeof text === "function" ? text.length : text.trim() ? -1 : -2;
        return Object.values(m.LANGUAGES).map((t) =>
          Object.fromEntries(Object.entries(t).map(([key, text]) => [key, shape(text)])));""",
    )
    assert shapes[0] == shapes[1] == shapes[2]
    assert -2 not in shapes[0].values()


async def test_plurals(page: Page) -> None:
    said = await call(
        page,
        "texts.js",
        "return Object.values(m.LANGUAGES).map((t) => [0, 1, 2].map((n) => t.ahead(n)));",
    )
    assert said == [
        ["You are next", "1 person", "2 people"],
        ["Du är näst på tur", "1 person", "2 personer"],
        ["Du er nestemann", "1 person", "2 personer"],
    ]


async def test_language_of_the_browser(page: Page) -> None:
    wished = [["sv-SE"], ["no"], ["nn-NO", "en"], ["fi", "nb-NO"], ["fi"], []]
    found = await call(page, "texts.js", "return given.map((w) => m.bestLanguage(w));", wished)
    assert found == ["sv", "nb", "nb", "nb", "en", "en"]


async def test_grade_of_a_connection(page: Page) -> None:
    figures = [(0.0, 50), (0.049, 299), (0.05, 50), (0.0, 300), (0.14, 790), (0.15, 0), (0, 900)]
    silence = {"loss": 0, "rtt_ms": 20, "kbps": 0, "receiving": False}
    found = await call(
        page,
        "quality.js",
        """return given.map(([loss, rtt_ms]) =>
          m.grade({ loss, rtt_ms, kbps: 0, receiving: true }));""",
        figures,
    )
    assert await call(page, "quality.js", "return m.grade(given);", silence) is None
    assert found == ["good", "good", "fair", "fair", "fair", "poor", "poor"]


OVER_THE_PICTURE = [
    # leg, the other's leg, flow, held -> title
    ("connecting", "connected", "nothing", False, "Connecting…"),
    ("connected", "none", "nothing", False, "Waiting for the other person…"),
    ("connected", "connected", "nothing", False, "Connecting…"),
    ("connected", "connected", "flowing", False, None),
    ("connected", "lost", "flowing", False, "Reconnecting…"),
    ("connected", "connected", "silent", False, "The other person's connection is interrupted"),
    ("connected", "connected", "cut", False, "Reconnecting…"),  # it may be our own
    ("connected", "several", "nothing", False, None),  # each has a tile that says it
    ("connected", "several", "silent", False, None),
    ("connected", "several", "cut", False, "Reconnecting…"),
    ("reconnecting", "connected", "silent", False, "Reconnecting…"),
    ("failed", "connected", "flowing", False, "The call could not be connected."),
    ("connected", "connected", "silent", True, "The clinician's connection is gone"),
]


async def test_what_lies_over_the_picture(page: Page) -> None:
    said = await call(
        page,
        "call-status.js",
        """const { LANGUAGES } = await import("/static/texts.js");
        return given.map(([leg, other, flow, held]) =>
          m.callStatus(LANGUAGES.en, "patient", leg, other, flow, held)?.title ?? null);""",
        [case[:4] for case in OVER_THE_PICTURE],
    )
    wanted = [case[4] for case in OVER_THE_PICTURE]
    assert [title and title.partition(" Hang up")[0] for title in said] == wanted


async def test_a_call_that_no_media_node_has_room_for_says_so(page: Page) -> None:
    said = await call(
        page,
        "call-status.js",
        """const { LANGUAGES } = await import("/static/texts.js");
        return given.map((leg) =>
          m.callStatus(LANGUAGES.en, "patient", leg, "none", "nothing", false, true)?.title);""",
        ["connecting", "connected"],
    )
    assert said == ["All lines are busy", "Waiting for the other person…"]


async def test_who_is_heard_is_there_whatever_the_node_knows(page: Page) -> None:
    """Of a direct visit it knows nothing of the legs."""
    notes = await call(
        page,
        "roster.js",
        """const { LANGUAGES } = await import("/static/texts.js");
        const participants = ["patient", "clinician"].map((role) => ({ role, media: "none" }));
        return given.map((heard) => m.peopleOf(LANGUAGES.en, { participants }, "patient", {
          shown: () => "nothing", known: new Set(heard), soundOnly: true,
          senders: { heard: new Set(heard), seen: new Set() },
        })[0].note);""",
        [[], ["clinician"]],
    )
    assert notes == ["Connecting…", ""]


async def test_figures_between_two_readings(page: Page) -> None:
    def reading(received: int, lost: int, size: int) -> list[dict[str, Any]]:
        return [
            {"type": "inbound-rtp", "packetsReceived": received, "packetsLost": lost},
            {"type": "inbound-rtp", "packetsReceived": 0, "bytesReceived": size},
            {"type": "remote-inbound-rtp", "fractionLost": 0.02},
            {
                "type": "candidate-pair",
                "nominated": True,
                "currentRoundTripTime": 0.08,
                "responsesReceived": received,
            },
            {"type": "candidate-pair", "nominated": False, "currentRoundTripTime": 9},
        ]

    found = await call(
        page,
        "quality.js",
        """const [one, two] = given.map((reports, i) => m.totals(reports, i * 2000));
        return [m.between(one, two), m.between(two, two)];""",
        [reading(100, 5, 1_000), reading(190, 15, 251_000)],
    )
    came = {"receiving": True, "answering": True}
    assert found[0] == {"rtt_ms": 80, "loss": 0.1, "kbps": 1_000, **came}
    assert [found[1]["receiving"], found[1]["answering"]] == [False, False]


SILENCES = [
    # what comes: media, other packets -> whether it is told, and whether the statistics were asked
    (True, False, (0, False)),
    (False, True, (0, True)),
    (False, False, (1, True)),
]


@pytest.mark.parametrize(("media", "packets", "wanted"), SILENCES)
async def test_a_connection_through_which_nothing_comes_is_told_once(
    page: Page, media: bool, packets: bool, wanted: tuple[int, bool]
) -> None:
    told, asked = await call(
        page,
        "silence.js",
        """let [told, asked, count] = [0, false, 0];
        const wait = (ms) => new Promise((done) => setTimeout(done, ms));
        const pc = {
          getReceivers: () => [{ getSynchronizationSources: () =>
            [{ timestamp: given.media ? performance.now() : 1 }] }],
          getStats: async () => {
            asked = true;
            if (given.packets) count += 1;
            return new Map([["t", { type: "transport", packetsReceived: count }]]);
          },
        };
        const end = m.watchSilence(pc, () => { told += 1; }, { look: 10, quiet: 30, silent: 300 });
        const until = performance.now() + (given.media || given.packets ? 900 : 20_000);
        while (performance.now() < until && !told) await wait(10);
        await wait(100);
        end();
        return [told, asked];""",
        {"media": media, "packets": packets},
    )
    assert (told, asked) == wanted


async def test_a_time_of_the_clock_is_today_or_else_tomorrow(page: Page) -> None:
    moments = await call(
        page,
        "moment.js",
        """const now = new Date(2026, 10, 22, 16, 30);
        return given.map((clock) => (m.nextAt(clock, now) - now) / 60_000);""",
        ["16:31", "23:59", "16:30", "00:00"],
    )
    assert moments == [1, 449, 1_440, 450]
    assert await call(page, "moment.js", 'return m.nextAt("", new Date());') == 0


FINE = {"up_kbps": 800, "down_kbps": 500, "rtt_ms": 40, "loss_up": 0, "loss_down": 0.01}
FOUND = [
    ("", "", {}, "good"),
    ("", "", {"up_kbps": 150}, "stutter"),
    ("", "", {"loss_up": 0.08}, "stutter"),
    ("", "", {"loss_down": 0.08}, "stutter"),
    ("", "", {"rtt_ms": 900}, "stutter"),
    ("", "", None, "blocked"),
    ("", "missing", {}, "no_camera"),
    ("busy", "", {"loss_up": 0.5}, "no_camera"),
    ("", "missing", None, "blocked"),  # a camera would not help
    ("denied", "denied", {}, "denied"),
    ("", "denied", None, "denied"),  # without it nothing can be known about the network
]


async def test_what_the_check_before_the_call_finds(page: Page) -> None:
    given = [
        [{"audio": audio, "video": video}, None if change is None else FINE | change]
        for audio, video, change, _ in FOUND
    ]
    said = await call(page, "check.js", "return given.map((each) => m.finding(...each));", given)
    assert said == [wanted for *_, wanted in FOUND]


async def test_the_check_counts_from_when_it_listens(page: Page) -> None:
    def reports(sent: int, lost: int, received: int, octets: int) -> list[dict[str, object]]:
        pair = {"type": "candidate-pair", "nominated": True, "currentRoundTripTime": 0.05}
        return [
            {"type": "outbound-rtp", "packetsSent": sent},
            {"type": "remote-inbound-rtp", "packetsLost": lost},
            {"type": "inbound-rtp", "packetsReceived": received, "bytesReceived": octets},
            pair | {"availableOutgoingBitrate": 640_000},
        ]

    body = "return m.between(m.sums(given[0]), m.sums(given[1]), 2000);"
    given = [reports(100, 50, 80, 1_000), reports(300, 60, 270, 126_000)]
    assert await call(page, "check.js", body, given) == {
        "up_kbps": 640, "down_kbps": 500, "rtt_ms": 50, "loss_up": 0.05, "loss_down": 0
    }  # fmt: skip
