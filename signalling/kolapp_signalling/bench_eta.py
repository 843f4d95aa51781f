"""`kolapp bench eta`: what one recomputation of a queue's waiting-time curve costs.

From the state of the queue to at most 64 knots of five figures, as it is done once with every
change. A second figure is the whole line at once, which nobody needs live."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from kolapp_queue.eta.forecaster import Kolapp
from kolapp_queue.eta.history import Event, Step
from kolapp_queue.eta.line import MOST_KNOTS, knots
from kolapp_queue.eta.replay import replay
from kolapp_queue.eta.state import QueueState
from kolapp_queue.eta.synthetic import Scenario, days

WAITING, CLINICIANS = (10, 1_000, 10_000), (3, 300)
VISIT_S = 780.0
BUDGET_MS = 5.0


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 when a figure is over its budget."""
    given = _options(argv)
    cells = [
        _cell(waiting, clinicians, given.rounds) for waiting in WAITING for clinicians in CLINICIANS
    ]
    report = {
        "cells": cells,
        "budget_ms": BUDGET_MS,
        "within_budget": all(cell["curve_ms"]["p50"] <= BUDGET_MS for cell in cells),
        "machine": {"cpus": os.cpu_count(), "kernel": platform.release()},
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }
    for cell in cells:
        sys.stdout.write(
            f"{cell['waiting']:>6} waiting, {cell['clinicians']:>3} clinicians, {cell['knots']:>2}"
            f" knots: p50 {cell['curve_ms']['p50']:.2f} ms, p99 {cell['curve_ms']['p99']:.2f} ms\n"
        )
    if given.json is not None:
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0 if report["within_budget"] else 1


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="kolapp bench eta", description="Measure the waiting-time curve of a whole queue."
    )
    parser.add_argument("--rounds", type=int, default=200, help="recomputations each (200)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    return parser.parse_args(argv)


def _cell(waiting: int, clinicians: int, rounds: int) -> dict[str, Any]:
    forecaster = Kolapp(VISIT_S)
    replay(days(Scenario(5, 1.0, visit_s=VISIT_S), 2), VISIT_S, {"kolapp": forecaster})
    state = _state(waiting, clinicians)
    which = knots(waiting)
    curve = _timed(lambda: forecaster.curve(state, which), rounds)
    return {
        "waiting": waiting,
        "clinicians": clinicians,
        "knots": len(which),
        "most_knots": MOST_KNOTS,
        "curve_ms": curve,
        "cpu_ms": curve["cpu"],
        "n": rounds,
    }


def _state(waiting: int, clinicians: int) -> QueueState:
    """Everybody serves, and so many wait, a fifth of them urgent."""
    state = QueueState(VISIT_S)
    for number in range(clinicians):
        server, at_s = f"c{number}", float(number)
        state.apply(Event(at_s, Step.STARTED, number, "visit", server=server))
    for number in range(waiting):
        credit_s = 450.0 if number % 5 == 0 else 0.0
        at_s = clinicians + number * 0.01
        state.apply(Event(at_s, Step.JOINED, clinicians + number, "visit", credit_s))
    return state


def _timed(what: Callable[[], object], rounds: int) -> dict[str, float]:
    took = []
    what()
    cpu_s = time.process_time()
    for _ in range(rounds):
        started = time.perf_counter()
        what()
        took.append(1000 * (time.perf_counter() - started))
    cpu_ms = 1000 * (time.process_time() - cpu_s) / rounds
    p50, p99 = np.percentile(took, (50, 99))
    return {"p50": round(float(p50), 3), "p99": round(float(p99), 3), "cpu": round(cpu_ms, 3)}
