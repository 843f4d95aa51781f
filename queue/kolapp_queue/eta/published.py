"""What the node that computes a queue's waiting times publishes, and all nodes read: a curve of at
most 64 knots, and what everybody in the line was promised.

A curve says when it was computed, so that whoever reads it counts down by their own clock. A
promise is a moment of the store's clock, by the ticket's number: it stands whichever node computes
next, and while nobody does.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgpack

FORMAT = 1
# Of a knot, in seconds.
COLUMNS = ("mean", "q10", "q50", "q80", "q90", "low", "high")


class Promised(NamedTuple):
    until_ms: int  # of the store's clock
    told_s: int  # how long it was when it was given
    cause: str  # why it moved later the last time; "" if it never did


@dataclass(frozen=True, slots=True)
class Curve:
    """Of one eligibility class. `places`: in the whole line, 1 is next; rows of COLUMNS."""

    cls: int
    places: tuple[int, ...]
    waits: tuple[tuple[float, ...], ...]

    def at(self, places: Any, name: str) -> Any:
        """Of many places; between two knots the wait is nearly a line, and beyond the last
        one as at it."""
        import numpy as np  # here, because who imports the model should not wait for it

        column = COLUMNS.index(name)
        return np.interp(places, self.places, [row[column] for row in self.waits])

    def at_place(self, place: int, name: str) -> float:
        """The same of one place, for who asks about a few."""
        column, after = COLUMNS.index(name), bisect_left(self.places, place)
        if after == len(self.places):
            return self.waits[-1][column]
        high = self.waits[after][column]
        if after == 0 or self.places[after] == place:
            return high
        low, first = self.waits[after - 1][column], self.places[after - 1]
        return low + (high - low) * (place - first) / (self.places[after] - first)


@dataclass(frozen=True, slots=True)
class Kept:
    """The promises of a line, a column each as packed numbers (little-endian), beside the tickets'
    `numbers`. Packed, because thousands are read for the sake of a few, several times a second."""

    numbers: bytes = b""  # uint32, ascending
    until_ms: bytes = b""  # int64: the store's clock
    told_s: bytes = b""  # uint16
    cause: bytes = b""  # uint8: index of the record's `causes`


@dataclass(frozen=True, slots=True)
class Published:
    """A queue's waiting times at one moment."""

    at_ms: int
    version: int = 0  # of the queue, as of which they were computed
    causes_to: int = 0  # up to this version, what put people back has been told
    why: str = ""  # "" if the waits are known
    curves: tuple[Curve, ...] = ()
    next_until_ms: int = 0  # what somebody who asks for nothing and joins now would be promised
    kept: Kept = Kept()
    causes: tuple[str, ...] = ()
    expected: tuple[int, ...] = ()  # classes that only clinicians take who mean to come back
    speed: int = 1  # of a rehearsed day: all moments here are the store's, times this

    def pack(self) -> bytes:
        record = {
            "format": FORMAT,
            "head": [self.at_ms, self.version, self.causes_to, self.why, self.next_until_ms],
            "curves": [[curve.cls, curve.places, curve.waits] for curve in self.curves],
            "kept": [self.kept.numbers, self.kept.until_ms, self.kept.told_s, self.kept.cause],
            "causes": self.causes,
            "expected": self.expected,
            "speed": self.speed,
        }
        return bytes(msgpack.packb(record))

    @classmethod
    def unpack(cls, packed: bytes) -> Published | None:
        """None for what another version wrote, or nothing of ours."""
        try:
            record = msgpack.unpackb(packed, use_list=False)
            if record["format"] != FORMAT:
                return None
            at_ms, version, causes_to, why, next_until_ms = record["head"]
            curves = tuple(Curve(*curve) for curve in record["curves"])
            kept, causes = Kept(*record["kept"]), record["causes"]
            # Not of a version before.
            expected, speed = record.get("expected", ()), record.get("speed", 1)
        except (ValueError, KeyError, TypeError, msgpack.UnpackException):
            return None
        return cls(
            at_ms, version, causes_to, why, curves, next_until_ms, kept, causes, expected, speed
        )

    def curve_of(self, cls: int) -> Curve:
        """Of a class; that of tickets that ask for nothing, if it has none of its own. Only where
        the waits are known."""
        return next((curve for curve in self.curves if curve.cls == cls), self.curves[0])

    def promises(self) -> PromiseTable:
        return PromiseTable(self.kept, self.causes)


class PromiseTable:
    """By the tickets' numbers."""

    __slots__ = ("_cause", "_causes", "_numbers", "_told_s", "_until_ms")

    def __init__(self, kept: Kept, causes: tuple[str, ...]) -> None:
        self._numbers = _column("I", kept.numbers)
        self._until_ms = _column("q", kept.until_ms)
        self._told_s = _column("H", kept.told_s)
        self._cause, self._causes = kept.cause, causes

    def get(self, number: int) -> Promised | None:
        """None for who was promised nothing yet."""
        place = bisect_left(self._numbers, number)
        found = place < len(self._numbers) and self._numbers[place] == number
        return self._at(place) if found else None

    def __iter__(self) -> Iterator[tuple[int, Promised]]:
        return ((number, self._at(place)) for place, number in enumerate(self._numbers))

    def _at(self, place: int) -> Promised:
        cause = self._causes[self._cause[place]]
        return Promised(self._until_ms[place], self._told_s[place], cause)


def _column(kind: str, packed: bytes) -> array[int]:
    column = array(kind)
    column.frombytes(packed)
    if sys.byteorder == "big":
        column.byteswap()
    return column


def keep(numbers: Any, until_s: Any, told_s: Any, cause: Any) -> Kept:
    """`until_s`: seconds since 1970. Rounded down, so that what is kept never moves later."""
    import numpy as np

    return Kept(
        np.asarray(numbers, "<u4").tobytes(),
        np.floor(np.asarray(until_s) * 1000).astype("<i8").tobytes(),
        np.clip(told_s, 0, 65_535).astype("<u2").tobytes(),
        np.asarray(cause, "u1").tobytes(),
    )
