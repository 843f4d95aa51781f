"""The steps in which ranges are told, so that people can read them, and a promise as it is shown
against the clock."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

# Upper ends that are told: seconds up to 120, then minutes.
STEPS_S = (60, 120, 180, 300, 420, 600, 900, 1200, 1500, 1800, 2400, 3000, 3600)
LONG_S = 900  # between two steps beyond the last


@dataclass(frozen=True, slots=True)
class Shown:
    """In whole seconds, in steps. `high_s` 0: any moment now. `low_s` 0: less than `high_s`."""

    low_s: int
    high_s: int
    cause: str = ""


def shown_at(from_s: float, until_s: float, now_s: float, cause: str = "") -> Shown:
    """A promise at this moment. Its upper end never rises while the promise stands."""
    left_s = until_s - now_s
    if left_s <= 0:
        return Shown(0, 0, cause)
    high_s = step_up(left_s)
    low_s = step_down(from_s - now_s)
    return Shown(low_s if low_s < high_s else step_below(high_s), high_s, cause)


def step_up(wait_s: float) -> int:
    """The next upper end that people can read."""
    if wait_s > STEPS_S[-1]:
        return math.ceil(wait_s / LONG_S) * LONG_S
    return STEPS_S[bisect_left(STEPS_S, wait_s)]


def step_down(wait_s: float) -> int:
    """The last one before; 0 before the first."""
    if wait_s >= STEPS_S[-1]:
        return int(wait_s // LONG_S) * LONG_S
    place = bisect_right(STEPS_S, wait_s)
    return STEPS_S[place - 1] if place else 0


def step_below(wait_s: int) -> int:
    return step_down(wait_s - 1)
