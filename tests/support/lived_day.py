"""A small day as a load test leaves it behind, and its report."""

from __future__ import annotations

import json
from typing import Any

from kolapp_loadtest.load.lives import make_plan
from kolapp_loadtest.load.measures import Measures
from kolapp_loadtest.load.model import expected
from kolapp_loadtest.load.report import make_report
from kolapp_loadtest.load.run_record import FaultDone, Result, Tick
from kolapp_loadtest.load.scenario import Fault
from kolapp_loadtest.load.shipped import load

S = 1_000_000_000
SCENARIO = load("night")
ABOUT = {
    "machine": {"cpus": 2},
    "versions": {"python": "3"},
    "own_server": True,
    "workers": 2,
    "replay": "",
    "media": 1,
}
LEG = {
    "picture_ns": 200_000_000, "sound_ns": 250_000_000, "pictures": 90, "sounds": 150,
    "right_picture": True, "right_sound": True, "received": 240, "lost": 0, "late_ms": 1.0,
}  # fmt: skip
PROCESSES = (
    "store", "signalling", "media", "patients 1", "patients 2", "clinicians", "media of patients",
    "media of clinicians",
)  # fmt: skip


def lived(slow: int = 1) -> Result:
    """A small day of three; `slow` times as slow as usual."""
    result, measures = Result(start_ns=0, lasted_s=60.0), Measures()
    for n in range(SCENARIO.patients):
        measures.latencies.record("join", 0, slow * (n + 1) * 1_000_000)
        measures.turns.append({"visit": f"v{n}", "at_ns": n * S + slow * 5_000_000})
        measures.pulls.append({"visit": f"v{n}", "due_ns": n * S})
        measures.tickets.append(
            {
                "number": n, "kind": "drop-in///", "queue": "drop-in", "ticket": f"t{n}",
                "drawn": n + 1, "joined_ns": 0, "ended_ns": 90 * S, "outcome": "completed",
                "visits": [(f"v{n}", 1, n, (n + 1) * S // 10)], "disturbed": False,
                "announced": {"at_ns": 0, "shown": (0, 120), "forecast": (1, 90), "speed": 1},
            }
        )  # fmt: skip
    measures.media = [
        {"visit": "v0", "side": side, "put_off": False, "begun_ns": 1, "connected_ns": 2,
         "ended_ns": 4 * S, "failed": "", "legs": [LEG]}
        for side in ("patient", "clinician")
    ]  # fmt: skip
    measures.counts.update({"asked:join": 60, "visits": 60})
    result.total.take("a", measures.drain())
    result.ticks = [
        Tick(
            float(n), 9, 3, 2, n, 0,
            {name: 0.1 * (at + n % 3) for at, name in enumerate(PROCESSES)},
            {name: 80.0 + 5 * at for at, name in enumerate(PROCESSES)},
        )
        for n in range(60)
    ]  # fmt: skip
    result.faults = [
        FaultDone(Fault(600.0, "kill", target="store"), 5 * S, 1, 0.4),
        FaultDone(Fault(720.0, "drop", share=0.3), 7 * S, 18),
    ]
    return result


def report_of(result: Result) -> dict[str, Any]:
    report = make_report(SCENARIO, result, expected(SCENARIO, make_plan(SCENARIO)), ABOUT)
    whole: dict[str, Any] = json.loads(json.dumps(report))
    return whole
