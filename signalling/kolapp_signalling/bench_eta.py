"""`kolapp bench eta`: what one recomputation of a queue's waiting-time curve costs.

`curve` is from the state of the queue to at most 64 knots; `publish` is all that is done once with
every change: the curve, the promises of everybody who waits, and the record that nodes read. Times
are those of the wall; `cpu` is what the process itself took, on average. On a busy machine that and
the least are nearer to what it costs."""

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
from kolapp_queue.eta.facts import Facts
from kolapp_queue.eta.history import DAY_S, Event, Step
from kolapp_queue.eta.line import MOST_KNOTS, knots
from kolapp_queue.eta.live import LiveForecast
from kolapp_queue.eta.replay import replay
from kolapp_queue.eta.state import QueueState
from kolapp_queue.eta.synthetic import Scenario, days
from kolapp_queue.model import Risen
from kolapp_queue.states import Rise

WAITING, CLINICIANS = (10, 1_000, 10_000), (3, 300)
VISIT_S = 780.0
BUDGET_MS = 5.0
CAUSES = (Risen(2, Rise.URGENT, 0, 0, 1),)  # newer than the queue: looked at each time


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 when a figure is over its budget."""
    given = _options(argv)
    cells = [
        _cell(waiting, clinicians, given.rounds) for waiting in WAITING for clinicians in CLINICIANS
    ]
    report = {
        "cells": cells,
        "budget_ms": BUDGET_MS,
        "within_budget": all(cell["publish_ms"]["p50"] <= BUDGET_MS for cell in cells),
        "machine": {"cpus": os.cpu_count(), "kernel": platform.release()},
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }
    for cell in cells:
        sys.stdout.write(
            f"{cell['waiting']:>6} waiting, {cell['clinicians']:>3} clinicians, {cell['knots']:>2}"
            f" knots: curve {_told(cell['curve_ms'])}, publish {_told(cell['publish_ms'])}"
            f" ({cell['bytes']} bytes)\n"
        )
    if given.json is not None:
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0 if report["within_budget"] else 1


def _told(took: dict[str, float]) -> str:
    return " ".join(f"{name} {ms:.2f}" for name, ms in took.items()) + " ms"


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="kolapp bench eta", description="Measure the waiting-time curve of a whole queue."
    )
    parser.add_argument("--rounds", type=int, default=200, help="recomputations each (200)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    return parser.parse_args(argv)


def _cell(waiting: int, clinicians: int, rounds: int) -> dict[str, Any]:
    live = LiveForecast(VISIT_S)
    replay(days(Scenario(5, 1.0, visit_s=VISIT_S), 2), VISIT_S, {"kolapp": live.forecaster})
    _fill(live.state, waiting, clinicians)
    now_ms = 1000 * int(live.state.now_s + 4 * DAY_S)  # the history began on a Monday
    facts = Facts(now_ms, 1, list(live.state.servers), causes=CAUSES)
    which = knots(waiting)
    published = live.publish(facts)
    return {
        "waiting": waiting,
        "clinicians": clinicians,
        "knots": sum(len(curve.places) for curve in published.curves),
        "most_knots": MOST_KNOTS,
        "bytes": len(published.pack()),
        "curve_ms": _timed(lambda: live.forecaster.curve(live.state, which), rounds),
        "publish_ms": _timed(lambda: live.publish(facts).pack(), rounds),
        "n": rounds,
    }


def _fill(state: QueueState, waiting: int, clinicians: int) -> None:
    """Everybody serves, and so many wait, a fifth of them urgent."""
    for number in range(clinicians):
        server, at_s = f"c{number}", float(number)
        state.apply(Event(at_s, Step.STARTED, number, "00", server=server))
    for number in range(waiting):
        credit_s = 450.0 if number % 5 == 0 else 0.0
        at_s = clinicians + number * 0.01
        state.apply(Event(at_s, Step.JOINED, clinicians + number, "00", credit_s))


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
    figures = {"least": min(took), "p50": float(p50), "p99": float(p99), "cpu": cpu_ms}
    return {name: round(figure, 3) for name, figure in figures.items()}
