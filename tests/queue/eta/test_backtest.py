from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from kolapp_queue.eta.backtest import OURS, Backtest, BadSplit, backtest, rounded, table
from kolapp_queue.eta.history import Event
from kolapp_queue.eta.synthetic import Scenario, days, midnight

SCENARIO = Scenario(5, 1.0, visit_s=600.0)
LEARN_DAYS, DAYS = 3, 4
BASELINES = {
    "mean", "last_10", "ewma_quarter", "ewma_tenth", "last_to_enter", "last_to_enter_class",
    "head_of_line", "position_handling", "throughput", "impatient_queue", "erlang",
    "median_by_position", "ridge", "boosting", "formula",
}  # fmt: skip
KEYS = {"mae", "rmse", "pinball", "coverage80", "above80", "width80", "n"}
ANNOUNCED = {"rose_without_cause", "rose_over_60s", "late_vs_shown_upper"}


@pytest.fixture(scope="module")
def halves() -> tuple[list[Event], list[Event]]:
    events, split_s = days(SCENARIO, DAYS), midnight(LEARN_DAYS)
    return [e for e in events if e.at_s < split_s], [e for e in events if e.at_s >= split_s]


@pytest.fixture(scope="module")
def result(halves: tuple[list[Event], list[Event]]) -> Backtest:
    return backtest(*halves, SCENARIO.visit_s)


def test_every_method_has_every_figure(result: Backtest) -> None:
    methods = result.report["methods"]
    assert set(methods) == BASELINES | {OURS}
    assert not result.report["missing"]
    for name, figures in methods.items():
        assert set(figures) == (KEYS | ANNOUNCED if name == OURS else KEYS)
        assert figures["n"] == len(result.test.wait_s) > 50
        assert set(figures["pinball"]) == {"10", "50", "90"}


def test_ours_beats_the_formulas_after_three_days(result: Backtest) -> None:
    methods = result.report["methods"]
    formulas = BASELINES - {"ridge", "boosting", "median_by_position"}
    assert methods[OURS]["mae"] < min(methods[name]["mae"] for name in formulas)
    # One day's errors are one another's: a day alone holds no promise of 80 %.
    assert 0.55 < methods[OURS]["coverage80"] < 0.97


def test_the_announcer_kept_its_word(result: Backtest) -> None:
    announcer = result.report["announcer"]
    assert announcer["n"] == len(result.test.wait_s)
    assert announcer["rose_without_cause"] == 0
    assert announcer["below_ahead"] == 0
    assert announcer["late_vs_shown_upper"] < 0.2


def test_the_report_can_be_written_and_read(result: Backtest) -> None:
    text = json.dumps(rounded(result.report), allow_nan=False)
    assert set(json.loads(text)["methods"]) == BASELINES | {OURS}
    assert OURS in table(result.report)


def test_what_is_tested_comes_after_what_is_learned(
    halves: tuple[list[Event], list[Event]],
) -> None:
    with pytest.raises(BadSplit):
        backtest(halves[1], halves[0], SCENARIO.visit_s)
    with pytest.raises(BadSplit):
        backtest(halves[0], [], SCENARIO.visit_s)


def test_the_picture_is_drawn(result: Backtest, tmp_path: Path) -> None:
    # In a process of its own: matplotlib keeps its fonts open until the process ends.
    (tmp_path / "result").write_bytes(pickle.dumps(result))
    draw = (
        "import pathlib, pickle, sys; from kolapp_signalling.eta_picture import draw;"
        "draw(pickle.loads(pathlib.Path(sys.argv[1]).read_bytes()), pathlib.Path(sys.argv[2]))"
    )
    target = tmp_path / "picture.png"
    subprocess.run([sys.executable, "-c", draw, tmp_path / "result", target], check=True)
    assert target.read_bytes().startswith(b"\x89PNG")
