"""What a media node forwards of an encrypted visit: the node itself is tapped, behind its own
decryption, and a decoder tries what was found there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import av
import numpy as np
import pytest
import pytest_asyncio
from aiortc.codecs import Decoder, get_decoder
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtp import RtpPacket
from kolapp_media.client import MediaClient
from kolapp_media.node import MediaNode
from kolapp_media.rtc import forward
from kolapp_media.settings import MediaSettings
from media_events import SECRET, Events
from playwright.async_api import Page
from pylibsrtp._binding import ffi
from staged_pages import BLANK, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

HERTZ = 440
PATIENCE_S = 20.0
OPUS = RTCRtpCodecParameters(mimeType="audio/opus", clockRate=48_000, channels=2)
VP8 = RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90_000)
# Two people in one page. Their words about keys go from one to the other; their media does not.
PEOPLE = """
async ({ encrypted, hertz }) => {
  const { Encryption } = await import("/static/e2ee.js");
  const { addSections, configOf } = await import("/static/slots.js");
  const names = ["patient", "clinician"];
  const visit = { id: "visit", epoch: 1, encrypted, participants: names.map((role) => ({ role })) };
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const out = audio.createMediaStreamDestination();
  tone.frequency.value = hertz;
  tone.connect(out);
  tone.start();
  const camera = { audio: true, video: { width: 320, height: 240 } };
  window.media = await navigator.mediaDevices.getUserMedia(camera);
  await audio.resume();
  const tracks = { audio: out.stream.getAudioTracks()[0], video: media.getVideoTracks()[0] };
  window.people = names.map((name) => {
    const client = Object.assign(new EventTarget(), { state: "open" });
    client.request = async (type, { visit, data }) => {
      const detail = { visit, sender: name, data };
      const other = people.find((one) => one.name !== name);
      other.client.dispatchEvent(new CustomEvent("signal", { detail }));
    };
    const pc = new RTCPeerConnection(configOf([], encrypted));
    const encryption = new Encryption(client, name);
    addSections(pc, { slots: 1, soundOnly: false, track: (kind) => tracks[kind] });
    if (encrypted) encryption.protect(pc);
    pc.ontrack = ({ track }) => {
      const player = document.createElement(track.kind);
      Object.assign(player, { srcObject: new MediaStream([track]), autoplay: true });
      document.body.append(player);
    };
    return { name, client, pc, encryption };
  });
  for (const { encryption, name } of people) encryption.follow(visit, name);
  for (const { pc } of people) await pc.setLocalDescription();
  return people.map(({ pc }) => pc.localDescription.sdp);
}
"""
ACCEPT = """
(answers) => Promise.all(people.map(({ pc }, i) =>
  pc.setRemoteDescription({ type: "answer", sdp: answers[i] })))
"""
FIGURES = """
() => Promise.all(people.map(async ({ pc, encryption }) => {
  const found = { code: encryption.state?.code ?? "", frames: 0, energy: 0 };
  for (const entry of (await pc.getStats()).values()) {
    if (entry.type !== "inbound-rtp") continue;
    if (entry.kind === "video") found.frames = entry.framesDecoded;
    else found.energy = entry.totalAudioEnergy;
  }
  return found;
}))
"""
END = """
() => {
  for (const { pc, encryption } of people) { pc.close(); encryption.end(); }
  media.getTracks().forEach((track) => track.stop());
}
"""


@dataclass
class Tap:
    """All that the node has decrypted, in the order in which it came."""

    packets: list[RtpPacket] = field(default_factory=list)

    def of(self, codec: str) -> list[RtpPacket]:
        """Of one sender of the two. 111 and 96 are what Chromium gives Opus and VP8."""
        kind = [
            each for each in self.packets if each.payload_type == {"opus": 111, "vp8": 96}[codec]
        ]
        return sorted(
            (each for each in kind if each.ssrc == kind[0].ssrc),
            key=lambda each: each.sequence_number,
        )


@pytest.fixture
def tap(monkeypatch: pytest.MonkeyPatch) -> Tap:
    tap, unprotect = Tap(), forward.unprotect_rtp

    def tapped(context: Any, memory: Any, length: Any) -> Any:
        refused = unprotect(context, memory, length)
        if not refused:
            tap.packets.append(RtpPacket.parse(bytes(ffi.buffer(memory, length[0]))))
        return refused

    monkeypatch.setattr(forward, "unprotect_rtp", tapped)
    return tap


@pytest_asyncio.fixture(loop_scope="session")
async def client() -> AsyncIterator[MediaClient]:
    node = MediaNode(replace(MediaSettings(), hosts=("127.0.0.1",)), SECRET)
    await node.start()
    client = await MediaClient.connect(node.address, SECRET, Events())
    yield client
    await client.close()
    await node.close()


async def call(page: Page, client: MediaClient, *, encrypted: bool) -> None:
    offers = await page.evaluate(PEOPLE, {"encrypted": encrypted, "hertz": HERTZ})
    answers = [
        await client.open_leg("visit", 1, name, 1, offer, forward=True)
        for name, offer in zip(("patient", "clinician"), offers, strict=True)
    ]
    await page.evaluate(ACCEPT, answers)


async def both_see_and_hear(page: Page) -> list[dict[str, Any]]:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            figures: list[dict[str, Any]] = await page.evaluate(FIGURES)
            if all(each["frames"] >= 30 and each["energy"] > 0.1 for each in figures):
                return figures
            await asyncio.sleep(0.1)


def pictures(packets: list[RtpPacket]) -> int:
    """How many pictures of the camera a decoder finds in what it is given. The browser's pretended
    camera is green all over; what is made of noise is grey, if anything."""
    decoder, found, data = get_decoder(VP8), 0, b""
    for packet in packets:
        data += VpxPayloadDescriptor.parse(packet.payload)[1] if packet.payload else b""
        if packet.marker and data:
            for frame in _decoded(decoder, JitterFrame(data, packet.timestamp)):
                red, green, blue = np.median(frame.to_ndarray(format="rgb24"), axis=(0, 1))
                found += int(green > red + 50 and green > blue + 50)
            data = b""
    return found


def _decoded(decoder: Decoder, frame: JitterFrame) -> list[Any]:
    """A decoder that gives up has seen and heard nothing."""
    try:
        return decoder.decode(frame)
    except av.FFmpegError:
        return []


def tone(packets: list[RtpPacket]) -> float:
    """How much of the sound is our tone, from 0 to 1."""
    decoder = get_decoder(OPUS)
    frames = [JitterFrame(each.payload, each.timestamp) for each in packets]
    found = [one for frame in frames for one in _decoded(decoder, frame)]
    if not found:
        return 0.0
    sound = np.concatenate([frame.to_ndarray()[0, ::2] for frame in found]).astype(float)
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    near = np.abs(np.fft.rfftfreq(len(sound), 1 / 48_000) - HERTZ) < 10
    return float(power[near].sum() / max(power.sum(), 1e-9))


async def test_without_encryption_the_node_could_see_and_hear_everything(
    stage: Stage, client: MediaClient, tap: Tap
) -> None:
    """That the check below is one: here the same decoder finds pictures and the tone."""
    page = await stage.page(BLANK)
    await call(page, client, encrypted=False)
    await both_see_and_hear(page)
    await page.evaluate(END)
    assert pictures(tap.of("vp8")) >= 20
    assert tone(tap.of("opus")[50:]) > 0.5


async def test_what_the_node_forwards_of_an_encrypted_visit_can_be_neither_seen_nor_heard(
    stage: Stage, client: MediaClient, tap: Tap
) -> None:
    page = await stage.page(BLANK)
    await call(page, client, encrypted=True)
    figures = await both_see_and_hear(page)
    await page.evaluate(END)
    assert figures[0]["code"] == figures[1]["code"] != ""
    seen, heard = tap.of("vp8"), tap.of("opus")
    assert len(seen) > 30
    assert len(heard) > 60
    assert pictures(seen) == 0
    assert tone(heard[20:]) < 0.05
    assert all(each.payload[-1] == 0xE1 for each in heard)  # from the very first one
