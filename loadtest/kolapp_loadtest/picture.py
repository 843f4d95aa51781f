"""A moving test picture that says who sent it and which frame it is, and how to read it back.

The top strip holds black and white blocks, coarse enough to survive a lossy codec: four bits of
the sender's mark, then sixteen bits of frame counter, highest bit first. Below, a bar moves.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame
from numpy.typing import NDArray

WIDTH, HEIGHT, FRAMES_PER_S = 320, 240, 30
BLOCK = 16
MARK_BITS, COUNTER_BITS = 4, 16
BLACK, WHITE = 32, 224
CLOCK_HZ = 90_000  # RTP clock of all video formats (RFC 3551, 5)
CHANGED_BY = 24  # a pixel that differs this much has changed; less is the codec's noise

Luma = NDArray[np.uint8]


def paint(mark: int, counter: int) -> Luma:
    """One frame in planar YUV 4:2:0, all grey, as `VideoFrame.from_ndarray` takes it."""
    picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, dtype=np.uint8)
    value = mark << COUNTER_BITS | counter % (1 << COUNTER_BITS)
    for block in range(MARK_BITS + COUNTER_BITS):
        bit = value >> (MARK_BITS + COUNTER_BITS - 1 - block) & 1
        picture[:BLOCK, block * BLOCK : (block + 1) * BLOCK] = WHITE if bit else BLACK
    left = counter * 8 % WIDTH
    picture[BLOCK:HEIGHT, left : left + 40] = WHITE
    return picture


def read(luma: Luma) -> tuple[int, int]:
    """Mark and counter of a received frame."""
    value = 0
    for block in range(MARK_BITS + COUNTER_BITS):
        middle = luma[4 : BLOCK - 4, block * BLOCK + 4 : (block + 1) * BLOCK - 4]
        value = value << 1 | int(middle.mean() > 128)
    return value >> COUNTER_BITS, value & (1 << COUNTER_BITS) - 1


class MovingPicture(MediaStreamTrack):
    kind = "video"

    def __init__(self, mark: int) -> None:
        super().__init__()
        self._mark = mark
        self._counter = 0
        self._start_s: float | None = None

    async def recv(self) -> VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        now_s = asyncio.get_running_loop().time()
        if self._start_s is None:
            self._start_s = now_s
        await asyncio.sleep(max(0.0, self._start_s + self._counter / FRAMES_PER_S - now_s))
        frame = VideoFrame.from_ndarray(paint(self._mark, self._counter), format="yuv420p")
        frame.pts = self._counter * CLOCK_HZ // FRAMES_PER_S
        frame.time_base = Fraction(1, CLOCK_HZ)
        self._counter += 1
        return frame


@dataclass(slots=True)
class PictureMeter:
    """What arrived and was decoded."""

    frames: int = 0
    first_ns: int = 0  # perf_counter_ns of the first frame
    changed: int = 0  # frames in which at least one pixel in a hundred differs from the last
    skipped: int = 0  # frames missing between the first and the last that came
    marks: set[int] = field(default_factory=set)  # who sent them
    _last: Luma | None = None
    _counter: int = 0

    def see(self, frame: Any) -> None:
        luma = np.frombuffer(frame.planes[0], np.uint8).reshape(-1, frame.planes[0].line_size)
        luma = luma[:, : frame.width]
        mark, counter = read(luma)
        self.marks.add(mark)
        if self._last is not None:
            moved = np.abs(luma.astype(np.int16) - self._last) > CHANGED_BY
            self.changed += int(moved.mean() > 0.01)
            step = (counter - self._counter) % (1 << COUNTER_BITS)
            # More than half around is a step back: an old frame shown again, none skipped.
            self.skipped += step - 1 if 0 < step < 1 << COUNTER_BITS - 1 else 0
        self.frames += 1
        self.first_ns = self.first_ns or time.perf_counter_ns()
        self._last, self._counter = luma.copy(), counter
