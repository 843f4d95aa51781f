"""Waiting ranges of one line, as people read them. Pure.

The front is estimated ticket by ticket; the whole curve only once somebody behind the front is
to be told.
"""

from __future__ import annotations

from functools import cached_property

from kolapp_queue.eta import Pace, Wait, curve, wait
from kolapp_queue.model import Line

from .messages import WaitRange

NOT_READ_YET = WaitRange(known=False, low_s=0, high_s=0, why="not_known_yet")

# Up to so many seconds a range is told in steps of so many. A range that moves by seconds would
# say more than anybody knows, and cost a frame each time.
_STEPS_S = ((600, 30), (3_600, 60), (0, 300))


class Waits:
    def __init__(self, line: Line, prior_ms: int, front: int) -> None:
        self._pace = Pace.of(line, prior_ms)
        self._length = len(line.waiting)
        self._front = front
        self._told: dict[int, WaitRange] = {}

    def at(self, position: int) -> WaitRange:
        """1 is next; one more than there are is whoever joins now."""
        told = self._told.get(position)
        if told is None:
            told = self._told[position] = _range(self._wait(position))
        return told

    def _wait(self, position: int) -> Wait:
        if position <= self._front or position > self._length:
            return wait(self._pace, position)
        return self._curve[position - 1]

    @cached_property
    def _curve(self) -> list[Wait]:
        return curve(self._pace, self._length)


def _range(estimate: Wait) -> WaitRange:
    if not estimate.known:
        return WaitRange(known=False, low_s=0, high_s=0, why=estimate.why)
    step = _step_s(estimate.high_s)
    low, high = estimate.low_s // step * step, -(-estimate.high_s // step) * step
    return WaitRange(known=True, low_s=low, high_s=high)


def _step_s(high_s: int) -> int:
    return next(step for limit, step in _STEPS_S if high_s <= limit or not limit)
