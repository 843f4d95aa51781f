"""The wait that follows from the queue's structure alone: before anything is learned about what
the structure leaves out.

Somebody is served when the clinicians have taken everybody before them who does not give up, and
everybody who passes with a greater priority:

    departures(t) = 1 + ahead x staying(t) + passing rate x min(t, time left in which they pass)

Solved for t at once for all places asked about, on the grid of the departures.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .departures import Departures, competing
from .features import Places
from .recent import Smooth
from .state import QueueState

# Between the 10, 50, 80 and 90 % quantiles of a normal distribution.
_NORMAL = np.array([-1.2816, 0.0, 0.8416, 1.2816])
# Squared spread of the logarithm: of one departure, and of what is not known of any number.
_OF_ONE, _OF_ANY = 0.5, 0.04
PATIENCE = 4.0  # prior, in mean visits


class GivingUp:
    """How fast people leave a queue: so many of all the time that people waited."""

    def __init__(self, unit_s: float) -> None:
        self._waited = Smooth(unit_s, 10.0, 2000.0)  # by those who left and who were served
        self._left = Smooth(1 / PATIENCE, 10.0, 2000.0)

    def ended(self, waited_s: float, left: bool) -> None:
        self._waited.add(waited_s)
        self._left.add(float(left))

    def remember(self) -> list[list[float]]:
        return [self._waited.remember(), self._left.remember()]

    def recall(self, known: list[list[float]]) -> None:
        self._waited.recall(known[0])
        self._left.recall(known[1])

    @property
    def rate(self) -> float:
        """Each second, of each who waits."""
        return self._left.mean / max(1.0, self._waited.mean)


def structural(places: Places, gone: Departures, leaving: float, state: QueueState) -> Any:
    """The expected remaining wait of each place. `leaving`: the rate at which each gives up."""
    rate, until_s = passing(places, state)
    if state.fits is None or len(state.kinds) < 2:
        return solve(places.ahead, gone.within_s, gone.all, leaving, rate, until_s)
    # Who needs one of a few has to wait for these, and for the others who need them too.
    wait_s, compete = np.empty(len(places.ahead)), competing(_taken_by(state))
    for kind in np.unique(places.kind):
        mine = places.kind == kind
        ahead = places.ahead_of_kind[mine, : len(compete)] @ compete[kind]
        others = leaving, rate[mine], until_s[mine]
        wait_s[mine] = np.maximum(
            solve(ahead, gone.within_s, gone.of_pool[kind], *others),
            solve(places.ahead_of_kind[mine, kind], gone.within_s, gone.of_kind[kind], *others),
        )
    return wait_s


def _taken_by(state: QueueState) -> Any:
    """Clinicians by kinds."""
    fits = state.fits or {}
    names = sorted(set().union(*fits.values()))
    return np.array([[name in fits.get(kind, ()) for kind in state.kinds] for name in names],
                    dtype=float).reshape(len(names), len(state.kinds))  # fmt: skip


def solve(ahead: Any, within_s: Any, gone: Any, leaving: float, passing: Any, until_s: Any) -> Any:
    """`gone`: departures expected by the times `within_s`; `passing`: at which rate people come who
    pass each place, for the next `until_s` seconds."""
    gives_up = np.maximum(leaving * within_s, 1e-9)
    # Those ahead are served one after the other, so they have half the time to leave, on average.
    staying = -np.expm1(-gives_up) / gives_up
    needed = ahead[:, None] * staying + passing[:, None] * np.minimum(within_s, until_s[:, None])
    over = np.maximum.accumulate(gone - needed, axis=1)
    return np.array([_reaches_one(within_s, row) for row in over])


def _reaches_one(within_s: Any, over: Any) -> float:
    place = int(np.searchsorted(over, 1.0))
    if place == len(over):
        return float(within_s[-1]) * 1.5  # not within any time that is counted
    below, above = (over[place - 1], over[place]) if place else (min(0.0, over[0]), over[0])
    start_s = within_s[place - 1] if place else 0.0
    share = (1.0 - below) / max(above - below, 1e-9)
    return float(start_s + share * (within_s[place] - start_s))


def passing(places: Places, state: QueueState) -> tuple[Any, Any]:
    """Rate of the people who pass each place, and for how long yet: they come with a credit, and
    go before whoever joined less than that earlier. Nobody comes once no number is drawn."""
    window = state.urgent_joins
    rate = window.count(state.now_s) / window.span_s
    left_s = np.maximum(0.0, state.credit_s - places.credit_s - places.waited_s)
    left_s = np.minimum(left_s, max(0.0, state.joins_until_s - state.now_s))
    return np.where(left_s > 0, rate, 0.0), left_s


def quantiles(wait: Any, ahead: Any) -> Any:
    """Rows of quantiles (10, 50, 80, 90 %) and the mean, around a mean: the more departures it
    takes, the better it is known."""
    spread = np.sqrt(_OF_ONE / (1 + ahead) + _OF_ANY)[:, None]
    around = np.exp(_NORMAL * spread - spread**2 / 2)
    return wait[:, None] * np.concatenate((around, np.ones((len(wait), 1))), axis=1)
