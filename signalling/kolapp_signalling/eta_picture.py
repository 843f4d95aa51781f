"""The picture of a backtest: error by position and by hour, calibration, and one day as it was
shown and as it happened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from kolapp_queue.eta.backtest import OURS, Backtest
from kolapp_queue.eta.history import DAY_S

from .process import StartRefused

# Few enough to tell apart; the whole table is in the JSON.
SHOWN = (OURS, "boosting", "position_handling", "throughput", "ewma_quarter", "head_of_line")
QUANTILES = ("10", "50", "90")


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
    _day(axes[1][1], result)
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


def _day(axes: Any, result: Backtest) -> None:
    """The busiest day: what was shown on joining, and the wait that followed."""
    said = result.said.get(OURS) or result.said["position_handling"]
    days = result.test.at_s // DAY_S
    names, counts = np.unique(days, return_counts=True)
    day = days == names[counts.argmax()]
    hours = result.test.at_s[day] % DAY_S / 3600
    low, high = (end[day] / 60 for end in said.range80())
    axes.fill_between(hours, low, high, alpha=0.4, step="mid", label="80 % range at joining")
    axes.plot(hours, result.test.wait_s[day] / 60, ".", color="black", ms=3, label="wait")
    axes.set(xlabel="hour of joining, the day with most waits", ylabel="minutes")
    axes.legend()


def _shown(by_method: Mapping[str, Any]) -> list[str]:
    return [name for name in SHOWN if name in by_method]


def _style(name: str) -> dict[str, Any]:
    ours = name == OURS
    return {"label": name, "linewidth": 2.5 if ours else 1.2, "marker": "o" if ours else "."}
