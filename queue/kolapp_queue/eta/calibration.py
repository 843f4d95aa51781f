"""Holds quantiles and ranges to what they promise, from the forecaster's own past errors.

Online conformal calibration by quantile tracking (Gibbs and Candès, 2021; Angelopoulos, Candès and
Tibshirani, 2023): each quantile is moved out by a step when a wait was longer and back by the
fitting fraction of that step when it was not. In the long run the promised share of waits is
longer, whatever the waits are like and however the days drift; no assumption about them is made.
Done apart for waits forecast short and long and, forgotten within the day, for all of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .learner import SHARES, SOFT

# The range that holds four waits in five: 6 in 100 are shorter, 14 longer. Waits have a long tail,
# so this one is narrower than the one from 10 to 90, and holds as many. What people are shown goes
# to the 90 % quantile all the same (`announce`).
RANGE = (0.06, 0.86)
# What is tracked, and from which of the learner's quantiles.
TRACKED = np.array([*SHARES, *RANGE])
SOURCE = np.array([0, 1, 2, 3, 0, 3])
MEDIAN = 1

# Forecast medians between short and long, in mean visits.
EDGES = np.array([0.2, 0.45, 0.9, 2.0, 5.0])
# As long as few waits like this one have ended, ends of ranges are further out, in logarithms.
UNKNOWN, UNKNOWN_WAITS = 0.3, 10.0
OUTWARDS = np.array([-1.0, 0.0, 0.5, 1.0, -1.0, 1.0])
STEP = 0.005  # of the logarithm, once STEP_WAITS like it have ended; greater before
STEP_WAITS, STEP_MOST = 4_000, 0.05
STEP_TODAY = 0.006
FORGET = 0.995  # of what is moved for all, with every wait
MOST = 1.5  # how far anything is moved at most, in logarithms


class Calibration:
    def __init__(self) -> None:
        self.moved = np.zeros((len(EDGES) + 1, len(TRACKED)))
        self.today = np.zeros(len(TRACKED))
        self.seen = np.zeros(len(EDGES) + 1)

    def apply(self, said: Any) -> Any:
        """The learner's rows (quantiles, then the mean, in mean visits) to `published.COLUMNS`."""
        quantiles = self._tracked(said)
        quantiles[:, :4] = np.maximum.accumulate(quantiles[:, :4], axis=1)
        return np.concatenate((said[:, -1:], quantiles), axis=1)

    def learn(self, said: Any, shown: Any, wait: float) -> None:
        """`said`: one row as the learner said it; `shown`: what `apply` made of it then. What it
        would make of it now does not count: by now others of that hour have been learned from."""
        off = np.where(wait > shown[0, 1:], TRACKED, TRACKED - 1.0)
        off[MEDIAN] = 0.0  # the learner's own: it is the end of no range
        group = _group(said)[0]
        self.seen[group] += 1
        step = min(STEP_MOST, STEP * max(1.0, (STEP_WAITS / self.seen[group]) ** 0.5))
        self.moved[group] = np.clip(self.moved[group] + step * off, -MOST, MOST)
        self.today = np.clip(FORGET * self.today + STEP_TODAY * off, -MOST, MOST)

    def _tracked(self, said: Any) -> Any:
        group = _group(said)
        unknown = UNKNOWN / np.sqrt(1 + self.seen[group] / UNKNOWN_WAITS)
        moved = self.moved[group] + self.today + unknown[:, None] * OUTWARDS
        return np.maximum(0.0, np.exp(moved) * (said[:, SOURCE] + SOFT) - SOFT)


def _group(said: Any) -> Any:
    return np.searchsorted(EDGES, said[:, MEDIAN])
