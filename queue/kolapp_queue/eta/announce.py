"""What people are told: a range in steps that can be read, counted down, and kept.

A promise is the moment by which somebody should have been called, not a number of minutes: shown
against the clock it counts down by itself. It moves later for a named cause only. The causes of a
place (an urgent patient, a clinician who left, ...) come from outside; `FORECAST` is ours, for when
the forecaster was plainly wrong. A promise that has passed is not renewed behind anybody's back:
"any moment" is shown until the turn comes. Nobody is promised an earlier moment than somebody
ahead of them in the same eligibility class. Pure: promises are values, so whichever node computes
next goes on from those that were given.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

FORECAST = "forecast"
# Upper ends that are told: seconds up to 90, then minutes.
_STEPS_S = (60, 120, 180, 300, 420, 600, 900, 1200, 1500, 1800, 2400, 3000, 3600)
_LONG_S = 900  # between two steps beyond the last
# A promise is moved earlier when it would still hold 95 times in 100, as far as one can tell from
# its 50 and 90 % quantiles, and by a whole step at least: what is taken back is remembered.
_SAFE = 1.5
# The forecaster was plainly wrong when nine waits in ten would end so much after the promise.
_WRONG_S, _WRONG_SHARE = 40.0, 0.3


@dataclass(frozen=True, slots=True)
class Range:
    """A forecast of the remaining wait, in seconds."""

    q10: float
    q50: float
    q90: float


@dataclass(frozen=True, slots=True)
class Promise:
    """What somebody was told: called between these two moments (seconds of the caller's clock)."""

    from_s: float
    until_s: float
    cause: str = ""  # why `until_s` moved later the last time; "" if it never did
    told_s: float = 0.0  # how long the upper end was when it was given


@dataclass(frozen=True, slots=True)
class Shown:
    """In whole seconds, in steps. `high_s` 0: any moment now. `low_s` 0: less than `high_s`."""

    low_s: int
    high_s: int
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the line, in its order. `cause`: of the place, if one came up since the promise
    was last looked at; "" if not."""

    cls: int  # eligibility class
    forecast: Range
    promise: Promise | None = None
    cause: str = ""


def announce(line: Iterable[Person], now_s: float) -> list[Promise]:
    """A promise for each, in the same order."""
    people = list(line)
    ceilings = _ceilings(people)
    floors: dict[int, float] = {}
    given = []
    for person, ceiling in zip(people, ceilings, strict=True):
        floor = floors.get(person.cls, -math.inf)
        promise = _promise(person, floor, ceiling, now_s)
        floors[person.cls] = max(floor, promise.until_s)
        given.append(promise)
    return given


def shown(promise: Promise, now_s: float) -> Shown:
    """The promise at this moment. Its upper end never rises while the promise stands."""
    left_s = promise.until_s - now_s
    if left_s <= 0:
        return Shown(0, 0, promise.cause)
    high_s = step_up(left_s)
    low_s = step_down(promise.from_s - now_s)
    return Shown(low_s if low_s < high_s else step_below(high_s), high_s, promise.cause)


def step_up(wait_s: float) -> int:
    """The next upper end that people can read."""
    for step_s in _STEPS_S:
        if wait_s <= step_s:
            return step_s
    return math.ceil(wait_s / _LONG_S) * _LONG_S


def step_down(wait_s: float) -> int:
    """The last one before; 0 before the first."""
    if wait_s >= _STEPS_S[-1]:
        return int(wait_s // _LONG_S) * _LONG_S
    return max((step_s for step_s in _STEPS_S if step_s <= wait_s), default=0)


def step_below(wait_s: int) -> int:
    return step_down(wait_s - 1)


def _ceilings(people: Sequence[Person]) -> list[float]:
    """For each: the earliest promise of anybody behind them in their class. Who comes in front of
    others may be promised no later than they were, and a promise is no reason to break theirs."""
    least: dict[int, float] = {}
    found = []
    for person in reversed(people):
        found.append(least.get(person.cls, math.inf))
        if person.promise is not None and not person.cause:
            least[person.cls] = min(found[-1], person.promise.until_s)
    return found[::-1]


def _promise(person: Person, floor: float, ceiling: float, now_s: float) -> Promise:
    forecast, old = person.forecast, person.promise
    wanted_s = now_s + step_up(forecast.q90)
    from_s = now_s + forecast.q10
    if old is None:
        until_s = max(min(wanted_s, ceiling), floor)
        return Promise(from_s, until_s, "", until_s - now_s)
    if person.cause and max(wanted_s, floor) > old.until_s:
        return Promise(from_s, max(wanted_s, floor), person.cause, old.told_s)
    if floor > old.until_s:
        # Somebody ahead was given more time for a reason that is theirs alone.
        return Promise(from_s, floor, person.cause or FORECAST, old.told_s)
    if _plainly_wrong(forecast, old, now_s) and min(wanted_s, ceiling) > old.until_s:
        return Promise(from_s, min(wanted_s, ceiling), FORECAST, old.told_s)
    safe_s = now_s + step_up(forecast.q50 + _SAFE * (forecast.q90 - forecast.q50))
    if step_up(old.until_s - now_s) > step_up(safe_s - now_s):
        return replace(old, from_s=from_s, until_s=max(safe_s, floor))
    return replace(old, from_s=from_s)


def _plainly_wrong(forecast: Range, old: Promise, now_s: float) -> bool:
    late_s = now_s + forecast.q10 - old.until_s
    return late_s > max(_WRONG_S, _WRONG_SHARE * old.told_s)
