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
    line = state.columns
    return Columns(
        np.array(line.kind[:most]), np.array(line.credit_s[:most]), np.array(line.joined_s[:most])
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


def with_newcomer(line: Columns, kind: int, now_s: float) -> Columns:
    """And, behind all, somebody who joins at this moment."""
    return Columns(
        np.append(line.kind, kind), np.append(line.credit_s, 0.0), np.append(line.joined_s, now_s)
    )


MOST_KNOTS = 64
_EACH = 3 / 8  # of the knots are first places, each; from there on further and further apart
MOST_CLASSES = 8  # with knots of their own; others go by the first


def knots(count: int, most: int = MOST_KNOTS) -> Any:
    """Which indexes of a line are computed: at most `most`, the first ones each, and always the
    last. Between two of them the wait is nearly a line."""
    if count <= most:
        return np.arange(count)
    each = int(_EACH * most)
    apart = np.round(np.geomspace(each, count - 1, most - each)).astype(np.int64)
    new = np.concatenate(([True], np.diff(apart) > 0))
    return np.concatenate((np.arange(each), apart[new]))


def places_by_class(cls: Any, anybody: int) -> list[tuple[int, Any]]:
    """The classes of a line and, for each, which indexes are computed: MOST_KNOTS in all. First
    comes the class `anybody`, with the index of who joins now behind the others."""
    counts = np.bincount(cls)
    found = np.flatnonzero(counts)
    counts = counts[found]
    others = [int(one) for one in found[np.argsort(-counts)] if one != anybody]
    named = [anybody, *others[: MOST_CLASSES - 1]]
    most = MOST_KNOTS // len(named)
    chosen = []
    for one in named:
        mine = np.flatnonzero(cls == one)
        if one == anybody:
            mine = np.append(mine, len(cls))
        chosen.append((one, mine[knots(len(mine), most)]))
    return chosen
