"""What a media node forwards of an encrypted visit: the node itself is tapped, behind its own
decryption, and a decoder tries what was found there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
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
from encrypted_people import couple
from kolapp_media.client import MediaClient
from kolapp_media.rtc import forward
from media_events import dialled
from pylibsrtp._binding import ffi
from staged_pages import BLANK, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

HERTZ = 440
OPUS = RTCRtpCodecParameters(mimeType="audio/opus", clockRate=48_000, channels=2)
VP8 = RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90_000)


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
    async with dialled("127.0.0.1") as (_, client):
        yield client


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
    async with couple([page, page], client, encrypted=False, hertz=HERTZ) as people:
        await people.see_and_hear()
    assert pictures(tap.of("vp8")) >= 20
    assert tone(tap.of("opus")[50:]) > 0.7


async def test_what_the_node_forwards_of_an_encrypted_visit_can_be_neither_seen_nor_heard(
    stage: Stage, client: MediaClient, tap: Tap
) -> None:
    page = await stage.page(BLANK)
    async with couple([page, page], client, encrypted=True, hertz=HERTZ) as people:
        figures = await people.see_and_hear()
    assert figures[0]["code"] == figures[1]["code"] != ""
    seen, heard = tap.of("vp8"), tap.of("opus")
    assert len(seen) > 30
    assert len(heard) > 60
    assert pictures(seen) == 0
    assert tone(heard[20:]) < 0.3  # noise has a little of every tone
    assert all(each.payload[-1] == 0xE1 for each in heard)  # from the very first one
    for each in figures:  # nothing that came was not what the other sent
        assert not each.keys() & {"malformed", "forged", "codec"}


async def test_nothing_leaves_a_browser_that_has_no_key(
    stage: Stage, client: MediaClient, tap: Tap
) -> None:
    page = await stage.page(BLANK)
    async with couple([page, page], client, encrypted=True, talking=False) as people:
        figures = await people.try_to_send()
    assert [each["sealed"] for each in figures] == [0, 0]
    assert tap.packets == []
