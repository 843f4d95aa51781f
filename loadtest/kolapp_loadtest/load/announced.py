"""What waiting ranges people were told first, and whether they held. Pure.

Two ranges are told: one in steps that people can read, which leans to the late side, and beside it
the forecast's own 80 % range that it was made from. The second is what can be held to its word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Announced:
    """Of one who waited undisturbed and was called: the range as first told, the forecast beside
    it, and the wait from then on. Seconds of the clock that the server tells them in."""

    low_s: float
    high_s: float
    forecast: tuple[float, float] | None  # None: the server told none
    wait_s: float
    speed: int  # of that clock, against the wire's

    @property
    def shown_held(self) -> bool:
        return self.low_s <= self.wait_s <= self.high_s

    @property
    def held(self) -> bool:
        return self.forecast is not None and self.forecast[0] <= self.wait_s <= self.forecast[1]


class FirstTold:
    """Of one ticket, as its snapshots come."""

    def __init__(self) -> None:
        self.record: dict[str, Any] | None = None
        self._speeds: dict[str, int] = {}

    def welcomed(self, queues: Iterable[Mapping[str, Any]]) -> None:
        self._speeds = {queue["name"]: queue.get("rehearsal", 1) for queue in queues}

    def shown(self, ticket: Mapping[str, Any], at_ns: int) -> None:
        wait, forecast = ticket["place"]["wait"], ticket.get("forecast")
        if self.record is not None or not wait["known"]:
            return
        self.record = {
            "at_ns": at_ns,
            "shown": (wait["low_s"], wait["high_s"]),
            "forecast": (forecast["low_s"], forecast["high_s"]) if forecast else None,
            "speed": self._speeds.get(ticket["queue"], 1),
        }


def announced(tickets: Iterable[Mapping[str, Any]]) -> list[Announced]:
    return [
        _announced(ticket["announced"], ticket["visits"][0][3])
        for ticket in tickets
        if ticket["visits"] and ticket["announced"] and not ticket["disturbed"]
    ]


def _announced(told: Mapping[str, Any], called_ns: int) -> Announced:
    (low_s, high_s), forecast, speed = told["shown"], told["forecast"], told["speed"]
    wait_s = (called_ns - told["at_ns"]) / 1e9 * speed
    return Announced(low_s, high_s, tuple(forecast) if forecast else None, wait_s, speed)


def held_share(ranges: Sequence[Announced], speed: int) -> tuple[float | None, str]:
    """Share of the forecasts that held; None and the reason if that would say nothing. `speed` is
    what the scenario is compressed by."""
    if not ranges:
        return None, "nobody was told a range"
    if any(one.speed != speed for one in ranges):
        return None, f"the server's clock for waits is another: it wants `rehearsal = {speed}`"
    if any(one.forecast is None for one in ranges):
        return None, "the server tells no forecast beside its ranges"
    held = sum(one.held for one in ranges) / len(ranges)
    shown = sum(one.shown_held for one in ranges) / len(ranges)
    return held, f"of {len(ranges)} forecasts of 80 %; of the ranges as shown, {shown:.1%}"
