"""How good a forecast was: the figures every method is compared by, in seconds and shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Said:
    """What a method said, a value for each wait. Of a formula that says one number only, `median`
    and `mean` are that number, and the quantiles are its own past errors put around it."""

    median: Any
    mean: Any
    q10: Any
    q50: Any
    q90: Any
    low: Any = None  # ends of the 80 % range; q10 and q90 if it is not said apart
    high: Any = None

    def range80(self) -> tuple[Any, Any]:
        if self.low is None:
            return self.q10, self.q90
        return self.low, self.high

    def some(self, which: Any) -> Said:
        """Of those waits only."""
        columns = (getattr(self, name) for name in Said.__slots__)
        return Said(*(None if column is None else column[which] for column in columns))


def measure(wait_s: Any, said: Said) -> dict[str, Any]:
    """`coverage80`: share within the 80 % range; `above80`: later than its upper end; `width80`:
    its mean width."""
    low, high = said.range80()
    inside = (wait_s >= low) & (wait_s <= high)
    return {
        "mae": _mean(np.abs(wait_s - said.median)),
        "rmse": float(np.sqrt(_mean((wait_s - said.mean) ** 2))),
        "pinball": {
            "10": pinball(0.1, wait_s, said.q10),
            "50": pinball(0.5, wait_s, said.q50),
            "90": pinball(0.9, wait_s, said.q90),
        },
        "coverage80": _mean(inside),
        "above80": _mean(wait_s > high),
        "width80": _mean(high - low),
        "n": len(wait_s),
    }


def pinball(share: float, wait_s: Any, quantile: Any) -> float:
    """The loss that the quantile of `share` minimises."""
    short = wait_s - quantile
    return _mean(np.maximum(share * short, (share - 1) * short))


def error_by(groups: Any, wait_s: Any, said: Said) -> dict[str, dict[str, Any]]:
    """The same figures for each group apart, by its name."""
    return {
        str(group): measure(wait_s[groups == group], said.some(groups == group))
        for group in sorted(set(groups.tolist()))
    }


def calibration(wait_s: Any, said: Said) -> dict[str, float]:
    """Share of waits not longer than each quantile: 0.1, 0.5 and 0.9 if all is well."""
    quantiles = {"10": said.q10, "50": said.q50, "90": said.q90}
    return {name: _mean(wait_s <= quantile) for name, quantile in quantiles.items()}


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
