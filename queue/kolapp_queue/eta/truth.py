"""The forecaster on synthetic days, where the truth is known: is the range kept at every load and
size, and how soon is it right again after clinicians left in the rush?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .backtest import OURS, Backtest, backtest
from .history import DAY_S
from .synthetic import Scenario, days, midnight

BIN_S = 900.0  # recovery is looked at in quarters of an hour after the shock
BINS = 12
RIGHT = 0.2  # a method is right again when its mean error is at most this share of the mean wait


@dataclass(frozen=True, slots=True)
class Study:
    scenario: Scenario
    learn_days: int
    test_days: int


def _studies() -> dict[str, Study]:
    days_of = {3: (40, 40), 10: (20, 20), 40: (8, 8)}
    found = {
        f"{size} clinicians, load {load}": Study(Scenario(size, load), *days_of[size])
        for size in days_of
        for load in (0.7, 0.95, 1.2)
    }
    for size, leaving in ((3, 1), (10, 3)):
        learn, test = days_of[size]
        shocks = frozenset(range(learn, learn + test))
        base = Scenario(size, 0.85, leaving=leaving, shocks=shocks)
        found[f"{size} clinicians, {leaving} of them leave in the rush"] = Study(base, learn, test)
    short = replace(found["10 clinicians, load 0.95"].scenario, visit_s=720.0, spread=0.7)
    found["10 clinicians, load 0.95, visits of 12 minutes that vary more"] = Study(short, 20, 20)
    long = replace(short, visit_s=900.0, spread=0.4)
    found["10 clinicians, load 0.95, visits of 15 minutes that vary less"] = Study(long, 20, 20)
    return found


STUDIES = _studies()


def examine(study: Study, seed: int = 1) -> dict[str, Any]:
    """Figures of every method; after a shock also how large the error was in each quarter of an
    hour, and when it was small again."""
    scenario = replace(study.scenario, seed=seed)
    events = days(scenario, study.learn_days + study.test_days)
    split_s = midnight(study.learn_days)
    learn = [event for event in events if event.at_s < split_s]
    test = [event for event in events if event.at_s >= split_s]
    result = backtest(learn, test, scenario.visit_s)
    figures: dict[str, Any] = {"methods": result.report["methods"]}
    figures["announcer"] = result.report["announcer"]
    if scenario.leaving:
        figures["after_shock"] = _after(result, scenario)
    return figures


def _after(result: Backtest, scenario: Scenario) -> dict[str, Any]:
    since_s = result.test.at_s % DAY_S - scenario.shock_s
    quarter = np.floor(since_s / BIN_S)
    wait_s = result.test.wait_s
    found = {}
    for name, said in result.said.items():
        error_s = wait_s - said.median
        within = (quarter >= 0) & (quarter < BINS)
        right = [
            abs(error_s[quarter == one].mean()) <= RIGHT * wait_s[quarter == one].mean()
            for one in range(BINS)
        ]
        wrong = [one for one in range(BINS) if not right[one]]
        found[name] = {
            "mae": float(np.abs(error_s[within]).mean()),
            "mae_first_hour": float(np.abs(error_s[within & (quarter < 4)]).mean()),
            "right_after_s": BIN_S * (wrong[-1] + 1) if wrong else 0.0,
        }
    return found


def summary(name: str, figures: dict[str, Any]) -> str:
    ours = figures["methods"][OURS]
    best = min((one["mae"], other) for other, one in figures["methods"].items() if other != OURS)
    lines = [
        f"{name}: in range {100 * ours['coverage80']:.1f} %, MAE {ours['mae']:.0f} s"
        f" (best other: {best[1]} {best[0]:.0f} s), n {ours['n']}"
    ]
    if "after_shock" in figures:
        lines += [
            f"  {other}: MAE after the shock {one['mae']:.0f} s, in its first hour"
            f" {one['mae_first_hour']:.0f} s, right again after {one['right_after_s'] / 60:.0f} min"
            for other, one in figures["after_shock"].items()
        ]
    return "\n".join(lines) + "\n"
