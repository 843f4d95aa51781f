"""The two legs of a direct visit in one page: real connections, and words that may get lost."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page
from staged_pages import Stage
from staged_words import visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

# `one(role)` is a person: a client whose words reach the other's, unless `lost` says otherwise.
START = """
async (visit) => {
  const { DirectLeg, handOver } = await import("/static/direct.js");
  const { LocalMedia } = await import("/static/devices.js");
  const { KolappError } = await import("/static/kolapp.js");
  Object.assign(window, { handOver, words: [], lost: () => false, visit, people: {} });
  window.media = new LocalMedia();
  await media.open();
  const client = (role) => Object.assign(new EventTarget(), {
    request: async (type, { to, data, ...rest }) => {
      if (people[role].refusal) throw new KolappError(people[role].refusal, "");
      words.push({ type, sender: role, to, ...data, ...rest });
      const there = people[to]?.client;
      if (!there || lost(data, role)) return;
      const detail = { type: "signal", visit: rest.visit, sender: role, data };
      setTimeout(() => there.dispatchEvent(new CustomEvent("signal", { detail })), 1);
    },
  });
  window.one = (role, more = {}) => {
    const person = people[role] ??= { client: client(role), connections: [] };
    person.leg?.close();
    const Connection = class extends RTCPeerConnection {
      constructor(...options) { super(...options); person.connections.push(this); }
    };
    Object.assign(person, { states: [], streams: [], quality: null });
    person.leg = new DirectLeg({
      visit: window.visit, role, client: person.client,
      track: (kind) => media.outgoing(kind),
      nextGeneration: (id, atLeast) => {
        person.generation = Math.max((person.generation ?? 0) + 1, atLeast);
        return person.generation;
      },
      RTCPeerConnection: Connection,
      ...more,
      timing: { repair_base_ms: 40, repair_cap_ms: 80, stats_every_ms: 100,
                disconnected_grace_ms: 100, ...more.timing },
    });
    person.leg.addEventListener("state", ({ detail }) => person.states.push(detail));
    person.leg.addEventListener("stream", ({ detail }) => person.streams.push(detail));
    person.leg.addEventListener("quality", ({ detail }) => { person.quality = detail; });
    return person.leg;
  };
  window.each = (holds) => ["patient", "clinician"].every((role) => holds(people[role]));
  window.both = (state) => each((person) => person?.leg.state === state);
  window.said = (kind, sender) =>
    words.filter((word) => word.kind === kind && word.sender === sender);
}
"""
CONNECTED = "() => until(() => both('connected'))"
FLOWING = "() => until(() => each(({ quality }) => quality?.figures.receiving))"


async def staged(stage: Stage, **fields: Any) -> Page:
    page = await stage.blank()
    await page.evaluate(START, visit(mode="direct", **fields))
    return page


async def connected(stage: Stage, **fields: Any) -> Page:
    page = await staged(stage, **fields)
    await page.evaluate("() => { one('clinician').start(); one('patient').start(); }")
    await page.evaluate(CONNECTED)
    return page


async def test_the_clinician_offers_and_both_see_and_hear(stage: Stage) -> None:
    page = await connected(stage)
    await page.evaluate(FLOWING)
    told = await page.evaluate("() => words.filter(({ kind }) => kind === 'description')")
    assert {(word["sender"], word["sdp_type"]) for word in told} == {
        ("clinician", "offer"),
        ("patient", "answer"),
    }
    assert {(word["visit"], word["epoch"], word["to"]) for word in told} == {
        ("visit", 7, "patient"),
        ("visit", 7, "clinician"),
    }
    for role, other in (("patient", "clinician"), ("clinician", "patient")):
        [slot] = await page.evaluate(
            "(role) => people[role].streams.map(({ who, stream }) =>"
            " ({ who, kinds: stream.getTracks().map(({ kind }) => kind) }))",
            role,
        )
        assert slot == {"who": other, "kinds": ["audio", "video"]}
        rates = await page.evaluate(
            "(role) => people[role].connections.at(-1).getSenders()"
            ".map((sender) => sender.getParameters().encodings[0]?.maxBitrate ?? 0)",
            role,
        )
        assert rates == [0, 1_200_000]


@pytest.mark.parametrize("first", ["patient", "clinician"])
async def test_who_comes_later_is_waited_for(stage: Stage, first: str) -> None:
    """What the first one said went nowhere; with the second one they find each other."""
    page = await staged(stage)
    second = {"patient": "clinician", "clinician": "patient"}[first]
    await page.evaluate("(role) => one(role).start()", first)
    await page.evaluate("() => until(() => words.length > 0)")
    await page.evaluate("(role) => one(role).start()", second)
    await page.evaluate(CONNECTED)


@pytest.mark.parametrize(
    ("kind", "sender"),
    [
        ("description", "clinician"),
        ("description", "patient"),
        ("candidate", "clinician"),
        ("candidate", "patient"),
        ("renew", "patient"),
    ],
)
async def test_words_that_are_lost_are_made_good(stage: Stage, kind: str, sender: str) -> None:
    page = await staged(stage)
    await page.evaluate(
        """([kind, sender]) => {
          let left = 3;
          window.lost = (data, role) => data.kind === kind && role === sender && left-- > 0;
          for (const role of ["patient", "clinician"]) {
            one(role, { timing: { connect_within_ms: 700 } }).start();
          }
        }""",
        [kind, sender],
    )
    await page.evaluate(CONNECTED)


async def test_what_comes_twice_does_nothing_twice(stage: Stage) -> None:
    page = await connected(stage)
    await page.evaluate(
        """() => {
          for (const { type, sender, to, ...word } of [...words]) {
            if (word.kind === "renew") continue;
            const detail = { visit: "visit", sender, data: word };
            people[to].client.dispatchEvent(new CustomEvent("signal", { detail }));
          }
        }"""
    )
    await page.evaluate("() => { people.patient.quality = people.clinician.quality = null; }")
    await page.evaluate(FLOWING)
    counts = "() => [people.patient.connections.length, people.clinician.connections.length]"
    assert await page.evaluate(counts) == [1, 1]
    assert await page.evaluate("() => both('connected')")


@pytest.mark.parametrize("who", ["patient", "clinician"])
async def test_a_page_that_begins_anew_is_back(stage: Stage, who: str) -> None:
    """On another device, too: there the generations begin at 1 again."""
    page = await connected(stage)
    await page.evaluate("() => { people.clinician.leg.setSoundOnly(false); }")  # another generation
    await page.evaluate("() => until(() => people.patient.connections.length === 2)")
    await page.evaluate(CONNECTED)
    await page.evaluate(
        "(who) => { people[who].generation = 0; one(who).start(); }",
        who,
    )
    await page.evaluate("(who) => until(() => people[who].leg.state === 'connected')", who)
    await page.evaluate(CONNECTED)
    await page.evaluate(FLOWING)
    newest = await page.evaluate("() => said('description', 'patient').at(-1).generation")
    assert newest > 2


@pytest.mark.parametrize("who", ["patient", "clinician"])
async def test_a_connection_that_fails_is_replaced(stage: Stage, who: str) -> None:
    page = await connected(stage)
    await page.evaluate(
        """(who) => {
          const pc = people[who].connections.at(-1);
          Object.defineProperty(pc, "connectionState", { value: "failed" });
          pc.onconnectionstatechange();
        }""",
        who,
    )
    await page.evaluate("() => until(() => each(({ connections }) => connections.length === 2))")
    await page.evaluate(CONNECTED)
    await page.evaluate(FLOWING)
    for role in ("patient", "clinician"):
        states = await page.evaluate("(role) => people[role].states", role)
        assert states[:2] == ["connecting", "connected"]
        assert states[-1] == "connected"
        closed = "(role) => people[role].connections[0].signalingState"
        assert await page.evaluate(closed, role) == "closed"


@pytest.mark.parametrize(
    "quiet", [{"state": "called"}, {"state": "live", "mode": "bridge"}, {"state": "ended"}]
)
async def test_nothing_is_said_before_the_answer_or_of_a_bridge(
    stage: Stage, quiet: dict[str, str]
) -> None:
    page = await staged(stage)
    await page.evaluate(
        """async (quiet) => {
          const live = window.visit;
          window.visit = { ...live, ...quiet };
          one("patient").start(); one("clinician").start();
          people.patient.leg.setSoundOnly(false);
          people.clinician.leg.setSoundOnly(false);
          for (const role of ["patient", "clinician"]) {
            people[role].client.dispatchEvent(new CustomEvent("signal", { detail: {
              visit: "visit", sender: role === "patient" ? "clinician" : "patient",
              data: { kind: "renew", generation: 0 },
            } }));
          }
          // Silence: longer than the longest pause before another try.
          await new Promise((resolve) => setTimeout(resolve, 200));
          window.before = words.length;
          for (const role of ["patient", "clinician"]) people[role].leg.follow(live);
        }""",
        quiet,
    )
    assert await page.evaluate("() => before") == 0
    await page.evaluate(CONNECTED)


async def test_without_pictures_none_is_sent(stage: Stage) -> None:
    for who in ("patient", "clinician"):
        page = await connected(stage)
        await page.evaluate("(who) => people[who].leg.setSoundOnly(true)", who)
        await page.evaluate("() => until(() => people.patient.connections.length === 2)")
        await page.evaluate(CONNECTED)
        directions = await page.evaluate(
            "(who) => people[who].connections.at(-1).getTransceivers()"
            ".map(({ currentDirection }) => currentDirection)",
            who,
        )
        assert directions == ["sendrecv", "sendonly"]


async def test_a_track_that_comes_later_needs_no_words(stage: Stage) -> None:
    page = await staged(stage)
    await page.evaluate(
        """() => {
          window.sends = false;
          const track = (kind) => (sends ? media.outgoing(kind) : null);
          one("clinician", { track }).start(); one("patient", { track }).start();
        }"""
    )
    await page.evaluate(CONNECTED)
    count = await page.evaluate("() => said('description', 'clinician').length")
    await page.evaluate("() => { window.sends = true; each(({ leg }) => leg.renewTracks()); }")
    await page.evaluate(FLOWING)
    assert await page.evaluate("() => said('description', 'clinician').length") == count


async def test_over_relays_alone_only_they_are_used(stage: Stage) -> None:
    page = await staged(stage, relay_only=True)
    await page.evaluate(
        """() => {
          const server = { urls: "turn:127.0.0.1:9", username: "u", credential: "c" };
          one("clinician", { iceServers: async () => [server] }).start();
        }"""
    )
    await page.evaluate("() => until(() => said('description', 'clinician').length > 0)")
    config = await page.evaluate("() => people.clinician.connections[0].getConfiguration()")
    assert config["iceTransportPolicy"] == "relay"
    assert config["iceServers"][0]["urls"] in ("turn:127.0.0.1:9", ["turn:127.0.0.1:9"])


async def test_a_refusal_for_good_is_shown_and_a_new_snapshot_tries_again(stage: Stage) -> None:
    page = await staged(stage)
    await page.evaluate(
        """() => {
          one("clinician"); one("patient");
          people.clinician.refusal = "wrong_state";
          people.clinician.leg.start();
        }"""
    )
    await page.evaluate("() => until(() => people.clinician.leg.state === 'failed')")
    await page.evaluate(
        """() => {
          people.clinician.refusal = "";
          people.patient.leg.start();
          people.clinician.leg.follow(window.visit);
        }"""
    )
    await page.evaluate(CONNECTED)


async def test_an_offer_older_than_mine_is_told_so(stage: Stage) -> None:
    """The clinician's new page counts from 1 again."""
    page = await connected(stage)
    await page.evaluate(
        """() => {
          const [{ sdp }] = said("description", "clinician");
          const data = { kind: "description", generation: 0, sdp_type: "offer", sdp };
          const detail = { visit: "visit", sender: "clinician", data };
          people.patient.client.dispatchEvent(new CustomEvent("signal", { detail }));
        }"""
    )
    await page.evaluate("() => until(() => said('renew', 'patient').at(-1)?.generation === 1)")
    await page.evaluate("() => until(() => people.clinician.connections.length === 2)")
    await page.evaluate(CONNECTED)


async def test_strangers_and_other_visits_are_not_heard(stage: Stage) -> None:
    page = await connected(stage)
    await page.evaluate(
        """() => {
          const tell = (detail) =>
            people.clinician.client.dispatchEvent(new CustomEvent("signal", { detail }));
          const data = { kind: "renew", generation: 1 };
          tell({ visit: "other", sender: "patient", data });
          tell({ visit: "visit", sender: "guest1", data });
          tell({ visit: "visit", sender: "patient", data: { kind: "key", payload: "A" } });
        }"""
    )
    await page.evaluate(FLOWING)
    assert await page.evaluate("() => people.clinician.connections.length") == 1


async def test_a_call_without_pictures_stays_so_when_its_leg_changes(stage: Stage) -> None:
    page = await staged(stage)
    found = await page.evaluate(
        """async () => {
          const { SoundOnly } = await import("/static/sound-only.js");
          const only = new SoundOnly({ cameraOff: false, setCameraOff: async () => {} });
          const legs = [0, 1, 2].map(() => ({ soundOnly: false, setSoundOnly() {} }));
          only.use(legs[0]);
          await only.set(true);
          only.use(legs[1], true);
          const during = only.on;
          only.use(legs[2]);
          return [during, legs[1].soundOnly, only.on, legs[2].soundOnly];
        }"""
    )
    assert found == [True, True, False, False]


async def test_the_leg_before_goes_when_the_one_after_it_is_there(stage: Stage) -> None:
    page = await staged(stage)
    found = await page.evaluate(
        """() => {
          const found = [];
          for (const state of ["connecting", "connected", "closed"]) {
            let closed = 0;
            const after = Object.assign(new EventTarget(), { state: "idle" });
            handOver({ close: () => { closed += 1; } }, after, 60_000);
            after.state = state;
            after.dispatchEvent(new Event("state"));
            after.dispatchEvent(new Event("state"));
            found.push(closed);
          }
          handOver(null, new EventTarget());
          return found;
        }"""
    )
    assert found == [0, 1, 1]
