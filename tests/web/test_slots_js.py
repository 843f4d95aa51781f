"""A leg with room for three others, against an answering peer in the same page, and the tiles that
show whom it receives."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page
from staged_node import NODE
from staged_pages import Stage
from staged_words import visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

OTHERS = ["clinician", "guest1", "guest2"]
START = f"""
async ({{ visit, slots, names }}) => {{
  const {{ Leg }} = await import("/static/media.js");
  const {{ Tiles }} = await import("/static/tiles.js");
  const answering = {NODE};
  window.offers = [];
  window.tiles = new Tiles(() => {{}}, () => {{}});
  document.body.append(tiles.root);
  tiles.seat("patient");
  window.person = (role, id = "") => ({{ role, id, name: role, guest: false, note: "", icon: "" }});
  window.leg = new Leg({{
    visit: {{ ...visit, slots }}, role: "patient",
    offer: async (fields) => {{
      offers.push(fields);
      const {{ visit, generation }} = fields;
      const answer = {{ visit, generation, media_epoch: 1, sdp: await answering(fields.sdp) }};
      return names ? {{ ...answer, slots: names }} : answer;
    }},
    track: () => null,
    nextGeneration: () => offers.length + 1,
    timing: {{ stats_every_ms: 100 }},
  }});
  leg.addEventListener("stream", ({{ detail }}) => tiles.give(detail));
  leg.addEventListener("quality", ({{ detail }}) => {{ window.senders = detail.senders; }});
  leg.start();
  await until(() => leg.state === "connected");
}}
"""
SECTIONS = """
() => offers.map(({ sdp }) => sdp.split("m=").slice(1).map((section) =>
  `${section.split(" ")[0]} ${/a=(sendrecv|sendonly|recvonly|inactive)/.exec(section)[1]}`))
"""
VIDEOS = "[...document.querySelectorAll('.tile:not([hidden]) video')]"
ALL_SEEN = f"() => until(() => {VIDEOS}.every((video) => video.videoWidth > 0))"
BESIDE = ["audio sendrecv", "video sendrecv"]
MORE = ["audio recvonly", "video recvonly"] * 2


async def leg(stage: Stage, *, slots: int = 3, names: list[str] | None = OTHERS) -> Page:
    page = await stage.blank()
    await page.evaluate(START, {"visit": visit(), "slots": slots, "names": names})
    return page


async def test_each_of_three_others_has_a_place_and_a_picture(stage: Stage) -> None:
    page = await leg(stage)
    assert await page.evaluate(SECTIONS) == [[*BESIDE, *MORE]]
    await page.evaluate("() => tiles.draw([person('clinician'), person('guest2')])")
    assert await page.evaluate(f"() => {VIDEOS}.map(({{ id }}) => id)") == ["remote", "remote-3"]
    await page.evaluate(ALL_SEEN)
    await page.evaluate("() => until(() => window.senders?.seen.size === 3)")
    await page.evaluate("() => people[1].blind()")
    await page.evaluate("() => until(() => !senders.seen.has('guest1'))")
    assert await page.evaluate("() => [...senders.heard].sort()") == sorted(OTHERS)


async def test_a_server_without_guests_names_nobody(stage: Stage) -> None:
    page = await leg(stage, slots=1, names=None)
    assert await page.evaluate(SECTIONS) == [BESIDE]
    assert await page.evaluate("() => leg.slots.map(({ who }) => who)") == ["clinician"]


async def test_a_leg_that_is_too_small_for_who_came_is_made_anew_once(stage: Stage) -> None:
    page = await leg(stage, slots=1, names=["clinician"])
    people = [{"role": role, "media": "none"} for role in ("patient", "clinician", "guest1")]
    now = visit(participants=people, media_epoch=1)
    await page.evaluate("(visit) => leg.follow(visit)", now)  # there is no room for more
    await page.evaluate("(visit) => leg.follow(visit)", now | {"slots": 3})
    await page.evaluate("() => until(() => offers.length === 2 && leg.state === 'connected')")
    assert (await page.evaluate(SECTIONS))[1] == [*BESIDE, *MORE]
    await page.evaluate("(visit) => leg.follow(visit)", now | {"slots": 3})
    assert await page.evaluate("() => [offers.length, leg.state]") == [2, "connected"]


async def test_sound_only_keeps_every_section_in_its_place(stage: Stage) -> None:
    page = await leg(stage)
    await page.evaluate("() => { leg.setSoundOnly(true); }")
    await page.evaluate("() => until(() => offers.length === 2)")
    unseen = ["audio recvonly", "video inactive"] * 2
    assert (await page.evaluate(SECTIONS))[1] == ["audio sendrecv", "video sendonly", *unseen]


# How bright the first tile is in each frame of the screen, while the leg is replaced.
WATCHED = """
async () => {
  const video = tiles.first;
  const seen = { emptied: 0, dark: 0, frames: 0 };
  video.addEventListener("emptied", () => { seen.emptied += 1; });
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  let going = true;
  const look = () => {
    pen.clearRect(0, 0, 8, 8);
    pen.drawImage(video, 0, 0, 8, 8);
    const [red, , , alpha] = pen.getImageData(0, 4, 1, 1).data;
    seen.frames += 1;
    if (red < 60 || alpha < 255) seen.dark += 1;
    if (going) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  const stream = video.srcObject;
  const [before] = stream.getVideoTracks();
  leg.setSoundOnly(false);
  await until(() => offers.length === 2 && leg.state === "connected");
  await until(() => !stream.getTracks().includes(before));
  const at = video.currentTime;
  await until(() => video.currentTime > at);
  going = false;
  return { ...seen, same: video.srcObject === stream, tracks: stream.getTracks().length };
}
"""


async def test_another_leg_makes_nobodys_picture_blink(stage: Stage) -> None:
    page = await leg(stage)
    await page.evaluate("() => tiles.draw(['clinician', 'guest1'].map((role) => person(role)))")
    await page.evaluate(ALL_SEEN)
    found: dict[str, Any] = await page.evaluate(WATCHED)
    assert found["frames"] > 0
    assert (found["same"], found["tracks"]) == (True, 2)
    assert (found["emptied"], found["dark"]) == (0, 0)


async def test_the_next_one_in_a_seat_never_shows_the_one_before(stage: Stage) -> None:
    page = await leg(stage)
    seen = "(who) => { tiles.draw([person('clinician'), ...who]); }"
    await page.evaluate("() => tiles.draw([person('clinician'), person('guest1', 'first')])")
    await page.evaluate(ALL_SEEN)
    shown = await page.evaluate(
        """() => {
          tiles.draw([person("clinician"), person("guest1", "second")]);
          return tiles.shown("guest1");
        }"""
    )
    assert shown == "nothing"
    await page.evaluate(ALL_SEEN)  # until there is a picture of the second
    await page.evaluate(seen, [])
    assert await page.evaluate("() => document.querySelector('#remote-2').srcObject") is None
