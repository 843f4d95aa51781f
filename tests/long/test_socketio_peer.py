"""The turn benchmark's peer really runs: needs Node.js, npm and its registry."""

from __future__ import annotations

import json
from pathlib import Path

from kolapp_loadtest.bench_turn import main

QUICK = ["--clients", "30", "--pulls-per-s", "5", "--duration", "2"]


def test_socketio_is_measured_in_the_same_run(tmp_path: Path) -> None:
    file = tmp_path / "turn.json"
    assert main([*QUICK, "--json", str(file)]) == 0
    report = json.loads(file.read_text())
    peer = report["socketio"]
    assert peer["turn_ms"]["n"] == report["turn_ms"]["n"] == 10
    assert peer["turns_missing"] == 0
    assert 0 < peer["turn_ms"]["p50"] <= peer["turn_ms"]["p99"]
    assert peer["front_fresh_ms_p99"] > 0
    assert peer["tail_fresh_ms_p99"] > 0
    assert {"server", "probes", "desk", "crowd 1"} == peer["cpu_s"].keys()
    assert peer["bytes_per_client"] > 0
