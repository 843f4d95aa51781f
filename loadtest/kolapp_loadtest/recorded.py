"""Picture and sound encoded once and played again and again: what a leg of a load test sends.

Encoding for each leg would cost the load generator more than all else it does. Every picture is a
key frame, so whoever comes later waits for the next one only, and nobody need be asked for one. A
second's worth is enough to see and hear that it goes on, and from whom it comes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, Packet, VideoFrame
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext

from .picture import CLOCK_HZ, FRAMES_PER_S, HEIGHT, WIDTH, paint
from .tone import AMPLITUDE, SAMPLES, SAMPLES_PER_S

BITS_PER_S = 300_000
SOUNDS_PER_S = SAMPLES_PER_S // SAMPLES


@dataclass(frozen=True, slots=True)
class Recording:
    kind: str
    frames: tuple[bytes, ...]  # one second of them
    clock_hz: int  # of its RTP timestamps


@cache
def picture(mark: int) -> Recording:
    """The test picture (VP8) of one sender."""
    codec = VideoCodecContext.create("libvpx", "w")
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, FRAMES_PER_S), Fraction(FRAMES_PER_S)
    codec.bit_rate = BITS_PER_S
    codec.thread_count = 1  # more would only wait for each other, over pictures as small as these
    codec.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "g": "1"}
    frames: list[bytes] = []
    for number in range(FRAMES_PER_S):
        frame = VideoFrame.from_ndarray(paint(mark, number), format="yuv420p")
        frame.pts = number
        frames += [bytes(packet) for packet in codec.encode(frame)]
    return Recording("video", tuple(frames), CLOCK_HZ)


@cache
def tone(hertz: int) -> Recording:
    """A tone (Opus). A whole number of waves fits a second, so the end joins the beginning; the
    first second is thrown away, in which the encoder settles."""
    codec = AudioCodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = SAMPLES_PER_S, "stereo", "s16"
    codec.bit_rate = 32_000
    frames: list[bytes] = []
    for number in range(2 * SOUNDS_PER_S):
        at = np.arange(number * SAMPLES, (number + 1) * SAMPLES)
        wave = (AMPLITUDE * np.sin(2 * np.pi * hertz * at / SAMPLES_PER_S)).astype(np.int16)
        frame = AudioFrame.from_ndarray(
            np.repeat(wave, 2).reshape(1, -1), format="s16", layout="stereo"
        )
        frame.sample_rate, frame.pts = SAMPLES_PER_S, number * SAMPLES
        frames += [bytes(packet) for packet in codec.encode(frame)]
    return Recording("audio", tuple(frames[-SOUNDS_PER_S:]), SAMPLES_PER_S)


class Played(MediaStreamTrack):
    """Plays a recording from its beginning, in a loop. `late` hears how late each frame went out,
    in nanoseconds: what the sender's own process holds up is no fault of the receiver's."""

    def __init__(self, recording: Recording, late: Callable[[int], None]) -> None:
        self.kind = recording.kind
        super().__init__()
        self._recording, self._late = recording, late
        self._sent = 0
        self._start_ns = 0

    async def recv(self) -> Any:
        if self.readyState != "live":
            raise MediaStreamError
        frames = self._recording.frames
        now_ns = time.perf_counter_ns()
        self._start_ns = self._start_ns or now_ns
        due_ns = self._start_ns + self._sent * 1_000_000_000 // len(frames)
        if due_ns > now_ns:
            await asyncio.sleep((due_ns - now_ns) / 1e9)
        self._late(time.perf_counter_ns() - due_ns)
        packet = Packet(frames[self._sent % len(frames)])
        packet.pts = self._sent * self._recording.clock_hz // len(frames)
        packet.time_base = Fraction(1, self._recording.clock_hz)
        self._sent += 1
        return packet
