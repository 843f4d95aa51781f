"""A steady tone whose pitch says who sent it, and how to hear it again."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame
from numpy.typing import NDArray

SAMPLES_PER_S = 48_000
SAMPLES = 960  # 20 ms, Opus's usual frame
AMPLITUDE = 8_000  # of 32,767
EAR_FRAMES = 25  # the pitch is that of the last half second


class Tone(MediaStreamTrack):
    kind = "audio"

    def __init__(self, hertz: int) -> None:
        super().__init__()
        self._hertz = hertz
        self._sent = 0  # samples
        self._start_s: float | None = None

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        now_s = asyncio.get_running_loop().time()
        if self._start_s is None:
            self._start_s = now_s
        await asyncio.sleep(max(0.0, self._start_s + self._sent / SAMPLES_PER_S - now_s))
        seconds = (self._sent + np.arange(SAMPLES)) / SAMPLES_PER_S
        wave = AMPLITUDE * np.sin(2 * np.pi * self._hertz * seconds)
        samples = wave.astype(np.int16).reshape(1, -1)
        frame = AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = SAMPLES_PER_S
        frame.pts = self._sent
        frame.time_base = Fraction(1, SAMPLES_PER_S)
        self._sent += SAMPLES
        return frame


@dataclass(slots=True)
class ToneMeter:
    """What was heard. `level` is the last frame's RMS, 1.0 being the loudest there is."""

    frames: int = 0
    first_ns: int = 0  # perf_counter_ns of the first frame
    level: float = 0.0
    _last: deque[NDArray[np.int16]] = field(default_factory=lambda: deque(maxlen=EAR_FRAMES))
    _rate: int = SAMPLES_PER_S

    def hear(self, frame: Any) -> None:
        samples: NDArray[np.int16] = frame.to_ndarray()[0, :: len(frame.layout.channels)]
        self.frames += 1
        self.first_ns = self.first_ns or time.perf_counter_ns()
        self.level = float(np.sqrt(np.mean(np.square(samples / 32_768))))
        self._rate = frame.sample_rate
        self._last.append(samples)

    def hertz(self) -> float:
        """Pitch of the last half second by its zero crossings; 0.0 before anything was heard."""
        if not self._last:
            return 0.0
        heard = np.concatenate(list(self._last))
        crossings = int(np.count_nonzero(np.diff(heard >= 0)))
        return crossings / 2 * self._rate / heard.size
