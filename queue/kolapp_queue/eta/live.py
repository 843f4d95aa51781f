"""One queue's forecaster as it lives: fed with the store's events by the node that holds the
forecast lease, its curve read by all.

A curve is at most 64 knots; between two of them the wait is nearly a line. It says when it was
computed, so that whoever reads it counts down by their own clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np

from .calibration import COLUMNS
from .forecaster import Kolapp
from .formula import NOBODY_ON_DUTY, Wait
from .history import Event, Step
from .line import knots
from .memory import UnknownMemory, recall, remember
from .recorded import Recorded, history_s
from .state import QueueState, Server

# Events older than this are applied to know who waits and what is usual, but nobody who waited
# then is waiting now: no forecast is made for them.
_FORECAST_AGE_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Published:
    """A queue's waiting times at one moment. `places`: 1 is next; rows of COLUMNS, in seconds."""

    at_ms: int
    why: str  # "" if the waits are known
    places: tuple[int, ...] = ()
    waits: tuple[tuple[float, ...], ...] = ()

    def pack(self) -> bytes:
        return bytes(msgpack.packb([self.at_ms, self.why, self.places, self.waits]))

    @classmethod
    def unpack(cls, packed: bytes) -> Published:
        at_ms, why, places, waits = msgpack.unpackb(packed, use_list=False)
        return cls(at_ms, why, places, waits)

    def at(self, place: int) -> dict[str, float]:
        """By name; beyond the last knot as at the last. Empty if nothing is known."""
        if self.why or not self.places:
            return {}
        table = np.array(self.waits)
        return {
            name: float(np.interp(place, self.places, table[:, number]))
            for number, name in enumerate(COLUMNS)
        }

    def range_at(self, place: int) -> Wait:
        """The 80 % range."""
        waits = self.at(place)
        if not waits:
            return Wait(False, 0, 0, self.why or "not_known_yet")
        return Wait(True, int(waits["low"]), int(-(-waits["high"] // 1)))


class LiveForecast:
    """`memory` is what a predecessor left; without one, and when it cannot be read, everything is
    learned from the events that the store still has."""

    def __init__(self, unit_s: float, memory: bytes | None = None) -> None:
        self.forecaster, self._learned_to = Kolapp(unit_s), (0, 0)
        self.state = QueueState(unit_s)
        self._recorded = Recorded()
        self._cursor = "0-0"
        if memory is not None:
            try:
                known, cursor = recall(memory)
            except UnknownMemory:
                return
            if known.unit_s == unit_s:
                self.forecaster, self._learned_to = known, _order(cursor)

    def happened(self, entry: str, told: Mapping[str, Any], now_ms: int) -> None:
        """One entry of the stream, in its order. What it says of the time before the memory was
        written is not learned a second time."""
        self._cursor = entry
        learned = _order(entry) <= self._learned_to
        for event in self._recorded.events(told):
            self._apply(event, learned, now_ms)

    def _apply(self, event: Event, learned: bool, now_ms: int) -> None:
        self.forecaster.learning = not learned
        self.forecaster.before(self.state, event)
        ended = self.state.apply(event)
        self.forecaster.happened(self.state, event, ended)
        young = history_s(now_ms) - event.at_s < _FORECAST_AGE_S
        waiting = self.state.tickets.get(event.ticket) if event.step == Step.JOINED else None
        if waiting is not None and (young or not learned):
            self.forecaster.forecast(self.state, waiting)

    def publish(self, now_ms: int, on_duty: Collection[str]) -> Published:
        """The curve now. `on_duty`: the clinicians, as the events name them."""
        if not on_duty:
            return Published(now_ms, NOBODY_ON_DUTY.why)
        self._duty(history_s(now_ms), on_duty)
        which = knots(len(self.state.waiting))
        if not len(which):
            return Published(now_ms, "")
        waits = self.forecaster.curve(self.state, which)
        # Nobody is told that somebody further back is taken sooner.
        waits = np.maximum.accumulate(waits, axis=0)
        return Published(
            now_ms,
            "",
            tuple((which + 1).tolist()),
            tuple(tuple(row) for row in np.round(waits, 1).tolist()),
        )

    def memory(self) -> bytes:
        return remember(self.forecaster, self._cursor)

    def _duty(self, now_s: float, on_duty: Collection[str]) -> None:
        self.state.now_s = max(self.state.now_s, now_s)
        for name, server in self.state.servers.items():
            server.on_duty = name in on_duty or server.busy
        for name in on_duty:
            if name not in self.state.servers:
                self.state.servers[name] = Server(free_since_s=self.state.now_s)


def _order(entry: str) -> tuple[int, int]:
    ms, _, number = entry.partition("-")
    return int(ms), int(number or 0)
