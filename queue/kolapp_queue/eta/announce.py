"""What people are told: a range in steps that can be read, counted down, and kept.

A promise is the moment by which somebody should have been called, not a number of minutes: shown
against the clock it counts down by itself. It moves later for a named cause only. The causes of a
place (an urgent patient, a clinician who left, ...) come from outside; `FORECAST` is ours, for when
the forecaster was plainly wrong. A promise that has passed is not renewed behind anybody's back:
"any moment" is shown until the turn comes. Nobody is promised an earlier moment than somebody
ahead of them in the same eligibility class. Pure: promises are values, so whichever node computes
next goes on from those that were given. Done for the whole line at once: thousands may wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .steps import LONG_S, STEPS_S, Shown, shown_at, step_below, step_down, step_up

__all__ = [
    "CAUSES", "FORECAST", "Line", "Person", "Promise", "Promises", "Range", "Shown", "announce",
    "announced", "shown", "step_below", "step_down", "step_up",
]  # fmt: skip

FORECAST = "forecast"
# By number, as columns hold them. Those of places bear their names.
CAUSES = (
    *("", FORECAST, "urgent", "given_back", "transferred_in", "returned"),
    *("clinician_came", "clinician_left"),
)
_FORECAST = CAUSES.index(FORECAST)
_STEPS = np.array(STEPS_S, dtype=float)
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
class Person:
    """Somebody in the line, in its order. `cause`: of the place, if one came up since the promise
    was last looked at; "" if not."""

    cls: int  # eligibility class
    forecast: Range
    promise: Promise | None = None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Promises:
    """A column each, in the order of a line. `until_s` is NaN for who was promised nothing yet;
    `cause` is an index of CAUSES."""

    until_s: Any
    told_s: Any
    cause: Any


@dataclass(frozen=True, slots=True)
class Line:
    """Everybody who waits, in order, a column each: see `Person`."""

    cls: Any
    q10: Any
    q50: Any
    q90: Any
    cause: Any  # index of CAUSES


def announce(line: Iterable[Person], now_s: float) -> list[Promise]:
    """A promise for each, in the same order."""
    people = list(line)
    ranges = [(one.forecast.q10, one.forecast.q50, one.forecast.q90) for one in people]
    q10, q50, q90 = np.array(ranges, dtype=float).reshape(len(people), 3).T
    cls = np.array([one.cls for one in people], dtype=np.int64)
    columns = Line(cls, q10, q50, q90, _causes(one.cause for one in people))
    given = announced(columns, _old(people), now_s)
    return [
        Promise(now_s + float(q10), float(until), CAUSES[cause], float(told))
        for q10, until, cause, told in zip(
            columns.q10, given.until_s, given.cause, given.told_s, strict=True
        )
    ]


def announced(line: Line, old: Promises, now_s: float) -> Promises:
    """The promises from now on, beside the line."""
    has = ~np.isnan(old.until_s)
    wanted_s = now_s + _steps_up(line.q90)
    classes = [np.flatnonzero(line.cls == cls) for cls in classes_in(line.cls)]
    # Who comes in front of others may be promised no later than they were, and a promise is no
    # reason to break theirs.
    capped_s = np.minimum(wanted_s, _least_behind(line, old, classes))
    until_s = np.where(has, old.until_s, capped_s)
    with np.errstate(invalid="ignore"):  # NaN is no promise: it compares as false
        named = (line.cause > 0) & (wanted_s > old.until_s)
        late_s = now_s + line.q10 - old.until_s
        wrong = ~named & (late_s > np.maximum(_WRONG_S, _WRONG_SHARE * old.told_s))
        wrong &= capped_s > old.until_s
        safe_step_s = _steps_up(line.q50 + _SAFE * (line.q90 - line.q50))
        sooner = ~named & ~wrong & (_steps_up(old.until_s - now_s) > safe_step_s)
    until_s = np.where(named, wanted_s, np.where(wrong, capped_s, until_s))
    until_s = np.where(sooner & has, now_s + safe_step_s, until_s)
    for mine in classes:
        # Also for somebody ahead who was given more time for a reason that is theirs alone.
        until_s[mine] = np.maximum.accumulate(until_s[mine])
    with np.errstate(invalid="ignore"):
        later = until_s > old.until_s
    cause = np.where(later, np.where(line.cause > 0, line.cause, _FORECAST), old.cause)
    told_s = np.where(has, old.told_s, until_s - now_s)
    return Promises(until_s, told_s, np.where(has, cause, 0))


def shown(promise: Promise, now_s: float) -> Shown:
    """The promise at this moment. Its upper end never rises while the promise stands."""
    return shown_at(promise.from_s, promise.until_s, now_s, promise.cause)


def classes_in(cls: Any) -> Any:
    """Which classes there are in a column of them, ascending; their numbers are small."""
    return np.flatnonzero(np.bincount(cls))


def _least_behind(line: Line, old: Promises, classes: Sequence[Any]) -> Any:
    """For each: the earliest promise of anybody behind them in their class that stands."""
    stands_s = np.where(np.isnan(old.until_s) | (line.cause > 0), np.inf, old.until_s)
    least_s = np.empty(len(stands_s))
    for mine in classes:
        from_here_s = np.minimum.accumulate(stands_s[mine][::-1])[::-1]
        least_s[mine] = np.append(from_here_s[1:], np.inf)
    return least_s


def _steps_up(wait_s: Any) -> Any:
    """`step_up` of each."""
    place = np.searchsorted(_STEPS, wait_s)
    within = _STEPS[np.minimum(place, len(_STEPS) - 1)]
    return np.where(place < len(_STEPS), within, np.ceil(wait_s / LONG_S) * LONG_S)


def _old(people: Sequence[Person]) -> Promises:
    return Promises(
        np.array([np.nan if one.promise is None else one.promise.until_s for one in people]),
        np.array([0.0 if one.promise is None else one.promise.told_s for one in people]),
        _causes("" if one.promise is None else one.promise.cause for one in people),
    )


def _causes(names: Iterable[str]) -> Any:
    return np.array([CAUSES.index(name) for name in names], dtype=np.int64)
