"""Holds ranges to what they promise, from the forecaster's own past errors.

Online conformal calibration by quantile tracking (Gibbs and Candès, 2021; Angelopoulos, Candès and
Tibshirani, 2023): each end of a range is moved out by a step when a wait fell outside and in by
the fitting fraction of that step when it did not. In the long run a share of waits falls outside
that is the promised one, whatever the waits are like and however the days drift; no assumption
about them is made. Done apart for waits forecast short and long, and, faster and forgotten within
the day, for all of them together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .learner import SHARES, SOFT

EDGES = np.array([0.2, 0.45, 0.9])  # of a mean visit: forecast medians between short and long
STEP = 0.012  # of the logarithm
STEP_TODAY = 0.012
FORGET = 0.997  # of what is moved for all, with every wait
MOST = 1.5  # how far an end is moved at most, in logarithms


class Calibration:
    def __init__(self) -> None:
        self.moved = np.zeros((len(EDGES) + 1, len(SHARES)))
        self.today = np.zeros(len(SHARES))

    def apply(self, said: Any) -> Any:
        """Rows of quantiles and a mean, in mean visits, as the learner says them."""
        moved = self.moved[_group(said)] + self.today
        moved[:, 1] = 0.0  # the median is the learner's: it is nobody's end of a range
        quantiles = np.exp(moved) * (said[:, :-1] + SOFT) - SOFT
        quantiles = np.maximum.accumulate(np.maximum(quantiles, 0.0), axis=1)
        return np.concatenate((quantiles, said[:, -1:]), axis=1)

    def learn(self, said: Any, wait: float) -> None:
        """`said`: one row as the learner said it, before it was calibrated."""
        shown = self.apply(said)[0, :-1]
        off = np.where(wait > shown, SHARES, SHARES - 1.0)
        group = _group(said)[0]
        self.moved[group] = np.clip(self.moved[group] + STEP * off, -MOST, MOST)
        self.today = np.clip(FORGET * self.today + STEP_TODAY * off, -MOST, MOST)


def _group(said: Any) -> Any:
    return np.searchsorted(EDGES, said[:, 1])
