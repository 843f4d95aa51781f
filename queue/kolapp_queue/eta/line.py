"""Everybody in a line as columns, and what the forecaster needs to know of some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .features import KINDS, Places, kind_number
from .state import Waiting

OLD = 1 / 3  # of a mean visit


@dataclass(frozen=True, slots=True)
class Columns:
    """A value for each who waits, in the order of the line."""

    kind: Any  # number of the kind
    credit_s: Any
    joined_s: Any


def columns(line: Sequence[Waiting], kinds: list[str]) -> Columns:
    return Columns(
        np.array([kind_number(kinds, one.kind) for one in line], dtype=np.int64),
        np.array([one.credit_s for one in line]),
        np.array([one.joined_s for one in line]),
    )


def places_at(line: Columns, which: Any, now_s: float, unit_s: float) -> Places:
    """Those at the indexes `which`."""
    waited_s = np.maximum(0.0, now_s - line.joined_s)
    of_kind = np.eye(KINDS)[line.kind]
    table = np.column_stack((of_kind, line.credit_s > 0, waited_s > OLD * unit_s, waited_s))
    before = (np.cumsum(table, axis=0) - table)[which]
    return Places(
        ahead=which.astype(float),
        ahead_of_kind=before[:, :KINDS],
        urgent_ahead=before[:, KINDS],
        old_ahead=before[:, KINDS + 1],
        ahead_waited_s=before[:, KINDS + 2],
        waited_s=waited_s[which],
        credit_s=line.credit_s[which],
        kind=line.kind[which],
    )
