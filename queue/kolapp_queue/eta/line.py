"""Everybody in a line as columns, and what the forecaster needs to know of some of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .features import Places
from .state import KINDS, QueueState

OLD = 1 / 3  # of a mean visit


@dataclass(frozen=True, slots=True)
class Columns:
    """A value for each who waits, in the order of the line."""

    kind: Any  # number of the kind
    credit_s: Any
    joined_s: Any


def columns(state: QueueState, most: int | None = None) -> Columns:
    """Of everybody who waits, or of the first `most`."""
    return Columns(
        np.array(state.kind_numbers[:most], dtype=np.int64),
        np.array(state.credits_s[:most]),
        np.array(state.joined_s[:most]),
    )


def places_at(line: Columns, which: Any, now_s: float, unit_s: float) -> Places:
    """Those at the indexes `which`."""
    waited_s = np.maximum(0.0, now_s - line.joined_s)
    ascending = np.argsort(which, kind="stable")
    # For each of the line: how many of those asked about it is not ahead of.
    part = np.searchsorted(which[ascending], np.arange(len(line.kind)), side="right")

    def ahead(part: Any, weights: Any = None) -> Any:
        sums = np.cumsum(np.bincount(part, weights, minlength=len(which) + 1)[: len(which)])
        found = np.empty(len(which))
        found[ascending] = sums
        return found

    return Places(
        ahead=which.astype(float),
        ahead_of_kind=np.stack([ahead(part[line.kind == kind]) for kind in range(KINDS)], axis=1),
        urgent_ahead=ahead(part[line.credit_s > 0]),
        old_ahead=ahead(part[waited_s > OLD * unit_s]),
        ahead_waited_s=ahead(part, waited_s),
        waited_s=waited_s[which],
        credit_s=line.credit_s[which],
        kind=line.kind[which],
    )


MOST_KNOTS = 64
_EACH = 24  # of the first places; from there on further and further apart


def knots(count: int) -> Any:
    """Which indexes of a line are computed: at most MOST_KNOTS, the first ones each, and always the
    last. Between two of them the wait is nearly a line."""
    if count <= MOST_KNOTS:
        return np.arange(count)
    apart = np.geomspace(_EACH, count - 1, MOST_KNOTS - _EACH)
    return np.unique(np.concatenate((np.arange(_EACH), np.round(apart)))).astype(np.int64)
