"""The picture of a backtest: error by position and by hour, calibration, and one day as it was
shown and as it happened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from kolapp_queue.eta.backtest import OURS, Backtest
from kolapp_queue.eta.history import DAY_S
from kolapp_queue.eta.watch import FirstShown

from .process import StartRefused

# Few enough to tell apart; the whole table is in the JSON.
SHOWN = (OURS, "boosting", "position_handling", "throughput", "ewma_quarter", "head_of_line")
QUANTILES = ("10", "50", "90")
WINDOW_S = 3 * 3600.0  # of the busiest day: a whole one has too many waits to be told apart


def draw(result: Backtest, target: Path) -> None:
    """Write a PNG. Raises StartRefused without matplotlib (the development extra has it)."""
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise StartRefused("--plot needs matplotlib: pip install 'kolapp[dev]'.") from error
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(13, 9), layout="constrained")
    _errors(axes[0][0], result.report["by_position"], "people ahead and oneself")
    _errors(axes[0][1], result.report["by_hour"], "hour of joining")
    _calibration(axes[1][0], result.report["calibration"])
    _day(axes[1][1], result.shown)
    figure.savefig(target, dpi=100)
    plt.close(figure)


def _errors(axes: Any, groups: Mapping[str, Mapping[str, Any]], label: str) -> None:
    for name in _shown(groups):
        by_group = groups[name]
        ordered = sorted(by_group, key=lambda group: int(group.split("-")[0].split()[0]))
        axes.plot(ordered, [by_group[one]["mae"] for one in ordered], **_style(name))
    axes.set(xlabel=label, ylabel="mean absolute error, s")
    axes.legend()


def _calibration(axes: Any, by_method: Mapping[str, Mapping[str, float]]) -> None:
    promised = [int(one) / 100 for one in QUANTILES]
    for name in (*_shown(by_method), "erlang"):
        axes.plot(promised, [by_method[name][one] for one in QUANTILES], **_style(name))
    axes.plot((0, 1), (0, 1), color="black", linewidth=0.8, linestyle=":")
    axes.set(xlabel="promised share of waits", ylabel="share of waits that were not longer")
    axes.legend()


def _day(axes: Any, shown: FirstShown) -> None:
    """The busiest hours of the busiest day: what people were shown first, and how long they then
    waited."""
    busy = _busiest(shown.at_s)
    hours = shown.at_s[busy] % DAY_S / 3600
    low, high, wait = (one[busy] / 60 for one in (shown.low_s, shown.high_s, shown.wait_s))
    axes.vlines(hours, low, high, alpha=0.35, linewidth=2.5, label="range shown on joining")
    for which, color, label in (
        (wait <= high, "black", "wait"), (wait > high, "red", "longer than was shown"),
    ):  # fmt: skip
        axes.plot(hours[which], wait[which], ".", color=color, ms=5, label=label)
    axes.set(xlabel="hour of joining, the busiest of the busiest day", ylabel="minutes")
    axes.legend()


def _busiest(at_s: Any) -> Any:
    """Which of these times are in the fullest window of the fullest day."""
    days, counts = np.unique(at_s // DAY_S, return_counts=True)
    day = np.sort(at_s[at_s // DAY_S == days[counts.argmax()]])
    within = np.searchsorted(day, day + WINDOW_S) - np.arange(len(day))
    since_s = day[within.argmax()]
    return (at_s >= since_s) & (at_s < since_s + WINDOW_S) & (at_s // DAY_S == since_s // DAY_S)


def _shown(by_method: Mapping[str, Any]) -> list[str]:
    return [name for name in SHOWN if name in by_method]


def _style(name: str) -> dict[str, Any]:
    ours = name == OURS
    return {"label": name, "linewidth": 2.5 if ours else 1.2, "marker": "o" if ours else "."}
