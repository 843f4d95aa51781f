"""Waiting ranges of one line, as people read them: the promise of each who waits, against the
clock, and what somebody who joins now would be told. Pure.

The promises come from the node that computes them (`kolapp_queue.forecasting`). Whoever has none
yet is told one in a moment; nothing is made up here in the meantime.
"""

from __future__ import annotations

from kolapp_queue.eta import NOBODY_ON_DUTY, NOT_KNOWN_YET, Wait
from kolapp_queue.eta.published import Curve, Published
from kolapp_queue.eta.steps import shown_at
from kolapp_queue.model import Line
from kolapp_queue.places import everybody

from .parts import ForecastRange, WaitRange


def _unknown(wait: Wait) -> WaitRange:
    return WaitRange(known=False, low_s=0, high_s=0, why=wait.why)


NOT_READ_YET = _unknown(NOT_KNOWN_YET)
_NOBODY = _unknown(NOBODY_ON_DUTY)


class Waits:
    """`published` is None before anything was."""

    def __init__(self, line: Line, published: Published | None) -> None:
        self._line = line
        self._published = published if published is not None and not published.why else None
        self._promises = self._published.promises() if self._published is not None else None

    def of(self, index: int, now_ms: int) -> WaitRange:
        """Of somebody in the line."""
        line = self._line
        cls = line.classes[index]
        if not line.masks.get(cls, 0) and not self._is_expected(cls):
            return _NOBODY
        published, promises = self._published, self._promises
        promise = promises.get(line.orders[index][1]) if promises is not None else None
        if published is None or promise is None:
            return NOT_READ_YET
        curve = published.curve_of(cls)
        from_ms = _at_ms(published, curve, index + 1, "q10")
        return _told(from_ms, promise.until_ms, now_ms * published.speed, promise.cause)

    def forecast(self, index: int, now_ms: int) -> ForecastRange | None:
        """Of somebody in the line whose wait is known: what the promise was made from."""
        published = self._published
        if published is None:
            return None
        curve = published.curve_of(self._line.classes[index])
        ends_s = (
            (_at_ms(published, curve, index + 1, end) - now_ms * published.speed) / 1000
            for end in ("low", "high")
        )
        return ForecastRange(*(max(0, round(end_s)) for end_s in ends_s))

    def _is_expected(self, cls: int) -> bool:
        """Whether somebody who takes this class has said when they come back."""
        return self._published is not None and cls in self._published.expected

    def next(self, now_ms: int) -> WaitRange:
        """Of somebody who asks for nothing and joins now."""
        published = self._published
        anybody = published.curves[0].cls if published is not None else 0
        if not everybody(self._line) and not self._is_expected(anybody):
            return _NOBODY
        if published is None:
            return NOT_READ_YET
        from_ms = _at_ms(published, published.curves[0], len(self._line.waiting) + 1, "q10")
        return _told(from_ms, published.next_until_ms, now_ms * published.speed, "")


def _at_ms(published: Published, curve: Curve, place: int, name: str) -> float:
    return published.at_ms + 1000 * curve.at_place(place, name)


def _told(from_ms: float, until_ms: int, now_ms: int, cause: str) -> WaitRange:
    shown = shown_at(from_ms / 1000, until_ms / 1000, now_ms / 1000, cause)
    return WaitRange(known=True, low_s=shown.low_s, high_s=shown.high_s, cause=shown.cause)
