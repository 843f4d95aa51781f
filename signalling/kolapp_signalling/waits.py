"""Waiting ranges of one line, as people read them: the promise of each who waits, against the
clock, and what somebody who joins now would be told. Pure.

The promises come from the node that computes them (`kolapp_queue.forecasting`). Whoever has none
yet is told one in a moment; nothing is made up here in the meantime.
"""

from __future__ import annotations

from typing import Any

from kolapp_queue.eta import NOBODY_ON_DUTY, NOT_KNOWN_YET, Wait
from kolapp_queue.eta.published import Published
from kolapp_queue.eta.steps import Shown, shown_at
from kolapp_queue.model import Line
from kolapp_queue.places import everybody

from .parts import WaitRange


def _unknown(wait: Wait) -> WaitRange:
    return WaitRange(known=False, low_s=0, high_s=0, why=wait.why)


NOT_READ_YET = _unknown(NOT_KNOWN_YET)
_NOBODY = _unknown(NOBODY_ON_DUTY)


class Waits:
    """`published` is None before anything was."""

    def __init__(self, line: Line, published: Published | None) -> None:
        self._line = line
        self._published = published
        self._promises = dict(published.promises()) if published is not None else {}
        self._lows: dict[int, Any] = {}  # by class: earliest seconds of each place

    def of(self, index: int, now_ms: int) -> WaitRange:
        """Of somebody in the line."""
        line = self._line
        if not line.masks.get(line.classes[index], 0):
            return _NOBODY
        promise = self._promises.get(line.orders[index][1])
        if promise is None or self._published is None or self._published.why:
            return NOT_READ_YET
        until_ms, _, cause = promise
        return self._range(line.classes[index], index + 1, until_ms, now_ms, cause)

    def next(self, now_ms: int) -> WaitRange:
        """Of somebody who asks for nothing and joins now."""
        if not everybody(self._line):
            return _NOBODY
        if self._published is None or self._published.why:
            return NOT_READ_YET
        until_ms, place = self._published.next_until_ms, len(self._line.waiting) + 1
        return self._range(self._published.curves[0].cls, place, until_ms, now_ms, "")

    def _range(self, cls: int, place: int, until_ms: int, now_ms: int, cause: str) -> WaitRange:
        assert self._published is not None
        lows = self._lows.get(cls)
        if lows is None:
            curve = self._published.curve_of(cls)
            assert curve is not None
            lows = self._lows[cls] = curve.at(range(1, len(self._line.waiting) + 2), "q10")
        from_s = self._published.at_ms / 1000 + float(lows[place - 1])
        return _told(shown_at(from_s, until_ms / 1000, now_ms / 1000, cause))


def _told(shown: Shown) -> WaitRange:
    return WaitRange(known=True, low_s=shown.low_s, high_s=shown.high_s, cause=shown.cause)
