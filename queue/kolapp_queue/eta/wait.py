"""A waiting range, as the gate and the pages take it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wait:
    """The range a remaining wait falls into, about four times in five. Unknown: `why` says why
    in one word (`nobody_on_duty`, `not_known_yet`) and both ends are 0."""

    known: bool
    low_s: int
    high_s: int
    why: str = ""


NOBODY_ON_DUTY = Wait(False, 0, 0, "nobody_on_duty")
NOT_KNOWN_YET = Wait(False, 0, 0, "not_known_yet")
