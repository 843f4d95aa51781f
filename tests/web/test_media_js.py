"""A leg against a real answering peer in the same page: no part of WebRTC is played."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page
from staged_pages import Stage
from staged_words import visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

# `answerer` is a node of one: it answers each offer with a new connection that sends back what it
# receives, and can refuse.
START = """
async (visit) => {
  const { Leg } = await import("/static/media.js");
  const { LocalMedia } = await import("/static/devices.js");
  const { KolappError } = await import("/static/kolapp.js");
  window.offers = []; window.peers = []; window.refusals = []; window.states = [];
  window.streams = []; window.mediaEpoch = 1; window.connections = [];
  const Connection = class extends RTCPeerConnection {
    constructor(...options) { super(...options); connections.push(this); }
  };
  const answer = async ({ visit, generation, sdp }) => {
    const peer = new RTCPeerConnection();
    peers.push(peer);
    peer.ontrack = ({ track, transceiver }) => {
      transceiver.direction = "sendrecv";
      transceiver.sender.replaceTrack(track);
    };
    await peer.setRemoteDescription({ type: "offer", sdp });
    await peer.setLocalDescription();
    while (peer.iceGatheringState !== "complete") {
      await new Promise((resolve) => { peer.onicegatheringstatechange = resolve; });
    }
    return { visit, generation, media_epoch: mediaEpoch, sdp: peer.localDescription.sdp };
  };
  window.media = new LocalMedia();
  window.leg = new Leg({
    visit, role: "patient",
    offer: (fields) => {
      offers.push(fields);
      const code = refusals.shift();
      return code ? Promise.reject(new KolappError(code, "")) : answer(fields);
    },
    track: (kind) => media.outgoing(kind),
    RTCPeerConnection: Connection,
    nextGeneration: (id, atLeast) => {
      window.last = Math.max((window.last ?? 0) + 1, atLeast);
      return window.last;
    },
    timing: { repair_base_ms: 20, repair_cap_ms: 40, lost_grace_ms: 50, stats_every_ms: 100,
              disconnected_grace_ms: 100 },
  });
  leg.addEventListener("state", ({ detail }) => states.push(detail));
  leg.addEventListener("stream", ({ detail }) => streams.push(detail));
  leg.addEventListener("quality", ({ detail }) => { window.quality = detail; });
}
"""
CONNECTED = "() => until(() => leg.state === 'connected')"


async def leg(stage: Stage, *, camera: bool = True) -> Page:
    page = await stage.blank()
    await page.evaluate(START, visit())
    if camera:
        await page.evaluate("() => media.open()")
    return page


async def generations(page: Page) -> list[int]:
    found: list[int] = await page.evaluate("() => offers.map(({ generation }) => generation)")
    return found


def told(media_epoch: int = 1, media: str = "connected") -> dict[str, Any]:
    mine = {"role": "patient", "media": media}
    return visit(media_epoch=media_epoch, participants=[mine])


async def test_connects_and_gives_picture_sound_and_quality(stage: Stage) -> None:
    page = await leg(stage)
    await page.evaluate("() => leg.start()")
    await page.evaluate(CONNECTED)
    offer = (await page.evaluate("() => offers"))[0]
    assert (offer["visit"], offer["epoch"], offer["generation"]) == ("visit", 7, 1)
    assert "a=candidate" not in offer["sdp"]  # offered at once, without waiting for any
    assert offer["sdp"].count("a=sendrecv") == 2
    assert "a=group:BUNDLE 0 1" in offer["sdp"]
    kinds = await page.evaluate(
        "() => streams[0].stream.getTracks().map(({ kind }) => kind).sort()"
    )
    assert kinds == ["audio", "video"]
    await page.evaluate("() => until(() => window.quality?.figures.receiving)")
    assert await page.evaluate("() => quality.grade") == "good"


async def test_offers_before_the_camera_is_allowed(stage: Stage) -> None:
    """The prompt may stay open for long; the leg is made meanwhile and the tracks join it."""
    page = await leg(stage, camera=False)
    await page.evaluate("() => leg.start()")
    await page.evaluate(CONNECTED)
    sdp: str = (await page.evaluate("() => offers"))[0]["sdp"]
    assert sdp.count("a=ssrc:") >= 2  # the node needs to know them from the start
    await page.evaluate("() => media.open().then(() => leg.renewTracks())")
    await page.evaluate("() => until(() => window.quality?.figures.kbps > 50)")
    assert await generations(page) == [1]


async def test_a_failed_connection_is_replaced(stage: Stage) -> None:
    page = await leg(stage)
    await page.evaluate("() => leg.start()")
    await page.evaluate(CONNECTED)
    # It takes a browser long seconds to find out by itself.
    await page.evaluate(
        """() => {
          Object.defineProperty(connections[0], "connectionState", { value: "failed" });
          connections[0].dispatchEvent(new Event("connectionstatechange"));
        }"""
    )
    await page.evaluate("() => until(() => states.includes('reconnecting'))")
    await page.evaluate(CONNECTED)
    assert await generations(page) == [1, 2]
    assert await page.evaluate("() => streams.length") == 2


async def test_a_newer_media_epoch_and_a_lost_leg_make_another(stage: Stage) -> None:
    page = await leg(stage)
    await page.evaluate("() => leg.start()")
    await page.evaluate(CONNECTED)
    await page.evaluate("(visit) => leg.follow(visit)", told())
    assert await generations(page) == [1]

    await page.evaluate("(visit) => { mediaEpoch = 2; leg.follow(visit); }", told(2))
    await page.evaluate("() => until(() => offers.length === 2)")
    await page.evaluate(CONNECTED)
    await page.evaluate("(visit) => leg.follow(visit)", told(2, "lost"))
    await page.evaluate("() => until(() => offers.length === 3)")
    await page.evaluate(CONNECTED)


async def test_refusals_are_tried_again_past_older_legs(stage: Stage) -> None:
    page = await leg(stage)
    refusals = ["media_unavailable", "store_unavailable", "stale_leg", "timeout"]
    await page.evaluate("(codes) => { refusals.push(...codes); leg.start(); }", refusals)
    await page.evaluate(CONNECTED)
    assert await generations(page) == [1, 2, 3, 6, 7]


async def test_a_refusal_for_want_of_room_is_said_until_there_is_some(stage: Stage) -> None:
    page = await leg(stage)
    crowded = """async () => {
      const seen = [];
      leg.addEventListener("state", () => seen.push([leg.state, leg.crowded]));
      refusals.push("media_full", "media_unavailable", "media_full");
      leg.start();
      await until(() => leg.state === "connected");
      return seen.filter(([, now], i) => now !== seen[i - 1]?.[1]).map(([, now]) => now);
    }"""
    assert await page.evaluate(crowded) == [False, True, False, True, False]


async def test_a_final_refusal_waits_for_a_new_snapshot(stage: Stage) -> None:
    page = await leg(stage)
    await page.evaluate("() => { refusals.push('stale_epoch'); leg.start(); }")
    await page.evaluate("() => until(() => leg.state === 'failed')")
    await page.evaluate("(visit) => leg.follow(visit)", {**told(), "epoch": 8})
    await page.evaluate(CONNECTED)
    assert (await page.evaluate("() => offers"))[1]["epoch"] == 8


async def test_closing_releases_everything(stage: Stage) -> None:
    page = await leg(stage)
    await page.evaluate("() => leg.start()")
    await page.evaluate(CONNECTED)
    ended = await page.evaluate(
        """async () => {
          const tracks = [media.own("audio"), media.own("video")];
          leg.close();
          media.close();
          const ended = tracks.map(({ readyState }) => readyState);
          return [leg.state, connections[0].connectionState, ...ended];
        }"""
    )
    assert ended == ["closed", "closed", "ended", "ended"]
    assert await generations(page) == [1]


async def test_a_track_that_comes_after_closing_is_stopped(stage: Stage) -> None:
    page = await leg(stage, camera=False)
    live = await page.evaluate(
        """async () => {
          const given = [];
          const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          navigator.mediaDevices.getUserMedia = async (wanted) => {
            const stream = await ask(wanted);
            given.push(...stream.getTracks());
            return stream;
          };
          const opening = media.open();
          media.close();
          await opening;
          return given.map(({ readyState }) => readyState);
        }"""
    )
    assert live == ["ended", "ended"]


async def test_one_missing_device_does_not_cost_the_other(stage: Stage) -> None:
    page = await leg(stage, camera=False)
    found = await page.evaluate(
        """async () => {
          const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          navigator.mediaDevices.getUserMedia = (wanted) => wanted.video
            ? Promise.reject(new DOMException("", "NotFoundError")) : ask(wanted);
          await media.open();
          return [media.problems, media.own("audio")?.kind, media.own("video")];
        }"""
    )
    assert found == [{"audio": "", "video": "missing"}, "audio", None]


async def test_camera_off_sends_a_stand_in(stage: Stage) -> None:
    page = await leg(stage, camera=False)
    frames = await page.evaluate(
        """async () => {
          const { LocalMedia } = await import("/static/devices.js");
          const { StandIn, showsStandIn } = await import("/static/stand-in.js");
          const media = new LocalMedia({ standIn: new StandIn() });
          await media.open();
          await media.setCameraOff(true);
          const track = media.outgoing("video");
          const video = Object.assign(document.createElement("video"), { muted: true });
          video.srcObject = new MediaStream([track]);
          await video.play();
          await until(() => video.videoWidth === 320);
          if (!showsStandIn(video)) throw new Error("nobody would know it");
          media.close();
          return [media.own("video"), track.readyState];
        }"""
    )
    assert frames == [None, "ended"]
