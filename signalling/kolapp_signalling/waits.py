"""Waiting ranges of one line, as people read them. Pure.

Estimated when somebody is told, and at a few hundred places at most.
"""

from __future__ import annotations

from kolapp_queue.eta import Pace, Wait, wait
from kolapp_queue.model import Line

from .parts import WaitRange

NOT_READ_YET = WaitRange(known=False, low_s=0, high_s=0, why="not_known_yet")

# Up to so many seconds a range is told in steps of so many. A range that moves by seconds would
# say more than anybody knows, and cost a frame each time.
_STEPS_S = ((600, 30), (3_600, 60), (0, 300))


class Waits:
    def __init__(self, line: Line, prior_ms: int) -> None:
        self._pace = Pace.of(line, prior_ms)
        self._told: dict[int, WaitRange] = {}

    def at(self, position: int) -> WaitRange:
        """1 is next; one more than there are is whoever joins now."""
        knot = _knot(position)
        told = self._told.get(knot)
        if told is None:
            told = self._told[knot] = _range(wait(self._pace, knot))
        return told


def _knot(position: int) -> int:
    """The next place that is estimated: each of the first 64, then 32 between two powers of two,
    so at most 3 % further back. Keeps a line of thousands from being thousands of estimates."""
    step = 1 << max(0, position.bit_length() - 6)
    return -(-position // step) * step


def _range(estimate: Wait) -> WaitRange:
    if not estimate.known:
        return WaitRange(known=False, low_s=0, high_s=0, why=estimate.why)
    step = _step_s(estimate.high_s)
    low, high = estimate.low_s // step * step, -(-estimate.high_s // step) * step
    return WaitRange(known=True, low_s=low, high_s=high)


def _step_s(high_s: int) -> int:
    return next(step for limit, step in _STEPS_S if high_s <= limit or not limit)
