"""What the node that computes a queue's waiting times publishes, and all nodes read: a curve of at
most 64 knots, and what everybody in the line was promised.

A curve says when it was computed, so that whoever reads it counts down by their own clock. A
promise is a moment of the store's clock, by the ticket's number: it stands whichever node computes
next, and while nobody does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgpack

FORMAT = 1
# Of a knot, in seconds.
COLUMNS = ("mean", "q10", "q50", "q80", "q90", "low", "high")


@dataclass(frozen=True, slots=True)
class Curve:
    """Of one eligibility class. `places`: in the whole line, 1 is next; rows of COLUMNS."""

    cls: int
    places: tuple[int, ...]
    waits: tuple[tuple[float, ...], ...]

    def at(self, places: Any, name: str) -> Any:
        """Of one place or of many; between two knots the wait is nearly a line, and beyond the last
        one as at it."""
        import numpy as np  # here, because who imports the model should not wait for it

        column = COLUMNS.index(name)
        return np.interp(places, self.places, [row[column] for row in self.waits])


@dataclass(frozen=True, slots=True)
class Kept:
    """The promises of a line, a column each as packed numbers, beside the tickets' `numbers`."""

    numbers: bytes = b""  # uint32
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

    def pack(self) -> bytes:
        record = {
            "format": FORMAT,
            "head": [self.at_ms, self.version, self.causes_to, self.why, self.next_until_ms],
            "curves": [[curve.cls, curve.places, curve.waits] for curve in self.curves],
            "kept": [self.kept.numbers, self.kept.until_ms, self.kept.told_s, self.kept.cause],
            "causes": self.causes,
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
        except (ValueError, KeyError, TypeError, msgpack.UnpackException):
            return None
        return cls(at_ms, version, causes_to, why, curves, next_until_ms, kept, causes)

    def curve_of(self, cls: int) -> Curve | None:
        """Of a class; of anybody, if that one has none of its own. None: nothing is known."""
        for curve in self.curves:
            if curve.cls == cls:
                return curve
        return self.curves[0] if self.curves else None

    def promises(self) -> Iterator[tuple[int, tuple[int, int, str]]]:
        """By number: until when (ms of the store's clock), how long it was when it was given (s),
        and why it moved later."""
        import numpy as np

        numbers = np.frombuffer(self.kept.numbers, "<u4").tolist()
        until_ms = np.frombuffer(self.kept.until_ms, "<i8").tolist()
        told_s = np.frombuffer(self.kept.told_s, "<u2").tolist()
        cause = [self.causes[index] for index in self.kept.cause]
        return zip(numbers, zip(until_ms, told_s, cause, strict=True), strict=True)


def keep(numbers: Any, until_s: Any, told_s: Any, cause: Any) -> Kept:
    """`until_s`: seconds since 1970. Rounded down, so that what is kept never moves later."""
    import numpy as np

    return Kept(
        np.asarray(numbers, "<u4").tobytes(),
        np.floor(np.asarray(until_s) * 1000).astype("<i8").tobytes(),
        np.clip(told_s, 0, 65_535).astype("<u2").tobytes(),
        np.asarray(cause, "u1").tobytes(),
    )
