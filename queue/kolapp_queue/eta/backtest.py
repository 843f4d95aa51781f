"""All methods on one history: learned on its first part, compared on the rest, in one replay."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from .forecaster import Kolapp
from .history import Event, second_of_day
from .metrics import Said, calibration, error_by, measure
from .offline import NoBoosting, compare
from .published import COLUMNS
from .replay import Records, replay
from .watch import FirstShown, Watch

OURS = "kolapp"
# Of the announcer, beside the forecaster's figures.
ANNOUNCED = ("rose_without_cause", "rose_over_60s", "late_vs_shown_upper")
PLACES = ((0, "1"), (1, "2-3"), (3, "4-6"), (6, "7-10"), (10, "11 and more"))


class BadSplit(ValueError):
    """The months to test on must come after those to learn from."""


@dataclass(frozen=True, slots=True)
class Backtest:
    report: dict[str, Any]
    test: Records
    said: dict[str, Said]
    shown: FirstShown


def backtest(
    learn: Sequence[Event],
    test: Sequence[Event],
    handling_s: float,
    tell: Callable[[str], None] = lambda _: None,
) -> Backtest:
    """Raises BadSplit, also when there is nothing to learn from or to test on. Times are those of
    the histories; `handling_s` is the mean visit as long as nothing is known."""
    if not learn or not test or test[0].at_s < learn[-1].at_s:
        raise BadSplit("what is tested on must begin after the end of what is learned from")
    tell(f"replaying {len(learn) + len(test)} events")
    ours = Kolapp(handling_s)
    watch = Watch(ours, test[0].at_s)
    records = replay([*learn, *test], handling_s, {OURS: ours}, watch)
    after = records.at_s >= test[0].at_s
    before, asked = part(records, ~after), part(records, after)
    if not len(before.at_s) or not len(asked.at_s):
        raise BadSplit("nobody was served after a wait in one of the two parts")
    said = {name: _said(one) for name, one in asked.forecasts.items()}
    missing = {}
    for name, answer in compare(before, asked):
        tell(name)
        try:
            said[name] = answer()
        except NoBoosting as error:
            missing[name] = str(error)
    report = _report(before, asked, said, missing)
    report["announcer"] = watch.report()
    report["methods"][OURS] |= {name: report["announcer"][name] for name in ANNOUNCED}
    return Backtest(report, asked, said, watch.first_shown())


def part(records: Records, which: Any) -> Records:
    """Those rows of the records."""

    def cut(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: column[which] for name, column in value.items()}
        return value[which]

    return Records(*(cut(getattr(records, field.name)) for field in fields(Records)))


def _said(table: Any) -> Said:
    column = dict(zip(COLUMNS, table.T, strict=True))
    return Said(
        column["q50"], column["mean"], column["q10"], column["q50"], column["q90"],
        column["low"], column["high"],
    )  # fmt: skip


def _report(
    learn: Records, test: Records, said: dict[str, Said], missing: dict[str, str]
) -> dict[str, Any]:
    hours = np.array([int(second_of_day(at_s) // 3600) for at_s in test.at_s])
    places = np.array([_place(ahead) for ahead in test.ahead])
    return {
        "learned": {"n": len(learn.wait_s), "mean_wait_s": float(learn.wait_s.mean())},
        "tested": {"n": len(test.wait_s), "mean_wait_s": float(test.wait_s.mean())},
        "methods": {name: measure(test.wait_s, one) for name, one in said.items()},
        "calibration": {name: calibration(test.wait_s, one) for name, one in said.items()},
        "by_hour": {name: error_by(hours, test.wait_s, one) for name, one in said.items()},
        "by_position": {name: error_by(places, test.wait_s, one) for name, one in said.items()},
        "missing": missing,
    }


def _place(ahead: float) -> str:
    return next(name for least, name in reversed(PLACES) if ahead >= least)


SHOWN = (*ANNOUNCED, "rose_forecast", "late_vs_last_shown_upper")
HEAD = ("method", "MAE", "RMSE", "p10", "p50", "p90", "in 80 %", "later", "width")


def table(report: Mapping[str, Any]) -> str:
    """For people: seconds, and shares in per cent."""
    lines = [f"{HEAD[0]:<20}" + "".join(f"{name:>9}" for name in HEAD[1:])]
    for name, one in report["methods"].items():
        seconds = (one["mae"], one["rmse"], *one["pinball"].values())
        cells = [f"{value:.2f}" for value in seconds]
        cells += [f"{100 * one[key]:.1f}" for key in ("coverage80", "above80")]
        cells.append(f"{one['width80']:.0f}")
        lines.append(f"{name:<20}" + "".join(f"{cell:>9}" for cell in cells))
    shares = {name: value for name, value in report["announcer"].items() if name in SHOWN}
    lines.append("shown: " + ", ".join(f"{name} {100 * one:.2f} %" for name, one in shares.items()))
    lines += [f"{name}: {why}" for name, why in report["missing"].items()]
    return "\n".join(lines) + "\n"


def rounded(value: Any) -> Any:
    """A report as it is written: four digits behind the point, no figure where there is none."""
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    return value
