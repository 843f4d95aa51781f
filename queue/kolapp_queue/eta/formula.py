"""How long the people in a line still wait: a first honest estimator, pure and without learning.

Visits are taken as Erlang-2 (coefficient of variation 0.7: most visits near the mean, some much
longer), clinicians as independent and pulling as soon as they are free. The wait of place k is
then the time until the k-th clinician comes free; its first two moments are added up and read as
a Gamma distribution, widened by how little is known of the mean and by how small the team is. A
range holds about 80 % of the waits and leans to the late side: 10 % below, 10 % above, and the
mean it starts from is rather too long.

Times are milliseconds inside and whole seconds outside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

from ..model import Line

# Between two visits: notes, the next pull, the ring. A guess; nobody has measured it here.
TURNAROUND_MS = 45_000
# The time a free clinician takes to pull the next patient.
PULL_MS = 15_000
# The prior counts as this many visits when it is mixed with the queue's own mean, and that mean,
# which forgets a tenth with every visit, as at most this many.
PRIOR_VISITS = 5
MEAN_VISITS = 19
# Squared coefficient of variation of one visit (Erlang-2).
VISIT_CV2 = 0.5
# 80 %: the 10 % and the 90 % quantile of the normal distribution.
Z = 1.2816


@dataclass(frozen=True, slots=True)
class Wait:
    """The range a remaining wait falls into, about four times in five. Unknown: `why` says why
    in one word (`nobody_on_duty`) and both ends are 0."""

    known: bool
    low_s: int
    high_s: int
    why: str = ""


NOBODY_ON_DUTY = Wait(False, 0, 0, "nobody_on_duty")


@dataclass(frozen=True, slots=True)
class Pace:
    """What an estimate needs of a queue, at one moment."""

    on_duty: int  # clinicians
    elapsed_ms: tuple[int, ...]  # of each visit going on now
    visits_done: int
    visit_ms_mean: float  # of the visits done; 0.0 before the first
    prior_ms: int  # mean visit as long as nothing else is known

    @classmethod
    def of(cls, line: Line, prior_ms: int) -> Pace:
        elapsed = tuple(max(0, line.now_ms - since) for since in line.busy_since_ms)
        return cls(line.on_duty, elapsed, line.visits_done, line.visit_ms_mean, prior_ms)


def wait(pace: Pace, position: int) -> Wait:
    """The range of one place; 1 is next. Monotone in `position`."""
    if pace.on_duty < 1:
        return NOBODY_ON_DUTY
    return _wait(*_range_ms(_moments(pace), max(0, position - _idle(pace))))


class Curve(Sequence[Wait]):
    """The ranges of places 1, 2, ... at the indexes 0, 1, ...; a `Wait` is made when asked for."""

    def __init__(self, low_s: Any, high_s: Any) -> None:
        self._low_s = low_s
        self._high_s = high_s

    def __len__(self) -> int:
        return len(self._low_s)

    @overload
    def __getitem__(self, index: int) -> Wait: ...
    @overload
    def __getitem__(self, index: slice) -> Curve: ...
    def __getitem__(self, index: int | slice) -> Wait | Curve:
        if isinstance(index, slice):
            return Curve(self._low_s[index], self._high_s[index])
        return Wait(True, int(self._low_s[index]), int(self._high_s[index]))


def curve(pace: Pace, places: int) -> Sequence[Wait]:
    """The ranges of places 1 to `places`, in one go: the same figures as `wait` gives."""
    if pace.on_duty < 1:
        return [NOBODY_ON_DUTY] * places
    import numpy as np  # here, because who imports the model should not wait for it

    busy_before = np.maximum(0, np.arange(1, places + 1) - _idle(pace)).astype(float)
    low, high = _range_ms(_moments(pace), busy_before)
    return Curve(np.floor(low / 1000), np.ceil(high / 1000))


@dataclass(frozen=True, slots=True)
class _Moments:
    """Of the time until the k-th busy clinician is free: first + (k - 1) * step."""

    first_ms: float
    first_var: float
    step_ms: float
    step_var: float
    doubt2: float  # squared relative error of the means themselves


def _idle(pace: Pace) -> int:
    return max(0, pace.on_duty - len(pace.elapsed_ms))


def _moments(pace: Pace) -> _Moments:
    known = min(pace.visits_done, MEAN_VISITS)
    mean = (PRIOR_VISITS * pace.prior_ms + known * pace.visit_ms_mean) / (PRIOR_VISITS + known)
    step = (mean + TURNAROUND_MS) / pace.on_duty
    # The first of several to finish: their rates add up. Nobody busy: the next visit is yet to
    # come and lasts a whole one.
    rate = sum(1 / (_remaining_ms(mean, elapsed) + TURNAROUND_MS) for elapsed in pace.elapsed_ms)
    first = 1 / rate if rate else step
    # Nearly exponential when the visit is old or one of many, whatever the visits are like.
    return _Moments(
        first_ms=first,
        first_var=first**2,
        step_ms=step,
        step_var=VISIT_CV2 * step**2,
        # Besides: clinicians come and go, and one of few makes more of a difference.
        doubt2=VISIT_CV2 / (PRIOR_VISITS + known) + 0.01 + 0.05 / pace.on_duty,
    )


def _remaining_ms(mean: float, elapsed: float) -> float:
    """Mean rest of an Erlang-2 visit that has lasted `elapsed`: from `mean` down to half of it."""
    rate = 2 / mean
    return (2 + rate * elapsed) / (rate * (1 + rate * elapsed))


def _range_ms(moments: _Moments, busy_before: Any) -> tuple[Any, Any]:
    """Low and high end for people who need `busy_before` busy clinicians to come free first; 0:
    one is free already. Takes a number or a numpy array: only operators that both know."""
    started = busy_before > 0
    steps = (busy_before - 1) * started
    mean = started * moments.first_ms + steps * moments.step_ms + PULL_MS
    variance = started * moments.first_var + steps * moments.step_var + PULL_MS**2
    # Inverse shape of the Gamma with these moments; Wilson and Hilferty's cube (1931) for its
    # quantiles, which is within 1 % for every shape above one half.
    inverse = variance / mean**2 + moments.doubt2
    centre, spread = 1 - inverse / 9, Z * inverse**0.5 / 3
    low = centre - spread
    return mean * (low * (low > 0)) ** 3, mean * (centre + spread) ** 3


def _wait(low_ms: float, high_ms: float) -> Wait:
    return Wait(True, math.floor(low_ms / 1000), math.ceil(high_ms / 1000))
