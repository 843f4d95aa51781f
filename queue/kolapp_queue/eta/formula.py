"""A formula without learning, which the pages once showed: a baseline of the backtest.

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
from dataclasses import dataclass

from .state import QueueState
from .wait import NOBODY_ON_DUTY, Wait

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
class Pace:
    """What an estimate needs of a queue, at one moment."""

    on_duty: int  # clinicians
    elapsed_ms: tuple[int, ...]  # of each visit going on now
    visits_done: int
    visit_ms_mean: float  # of the visits done; 0.0 before the first
    prior_ms: int  # mean visit as long as nothing else is known

    @classmethod
    def of(cls, state: QueueState) -> Pace:
        elapsed = tuple(int(1000 * (state.now_s - one.since_s)) for one in state.visits.values())
        done, mean_ms = state.ends[-1].count(state.now_s), 1000 * state.handling_lately.mean
        return cls(max(1, state.active()), elapsed, done, mean_ms, int(1000 * state.unit_s))


def wait(pace: Pace, position: int) -> Wait:
    """The range of one place; 1 is next. Monotone in `position`."""
    if pace.on_duty < 1:
        return NOBODY_ON_DUTY
    return _wait(*_range_ms(_moments(pace), max(0, position - _idle(pace))))


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


def _range_ms(moments: _Moments, busy_before: int) -> tuple[float, float]:
    """Low and high end for somebody who needs `busy_before` busy clinicians to come free first; 0:
    one is free already."""
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
