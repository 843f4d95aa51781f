"""`kolapp bench queue` for real, but short: what the report holds, and what becomes of a peer
that cannot be had. How fast anything is depends on the machine and is no test."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from kolapp_signalling.bench_queue import peers
from kolapp_signalling.bench_queue.command import main
from kolapp_signalling.bench_queue.report import cell, ratios, system

QUICK = ["--waiting", "10", "20", "--rounds", "1", "--seconds", "0.01"]
BENCH = [sys.executable, "-P", "-m", "kolapp_signalling", "bench", "queue"]
DEADLINE_S = 30.0


@pytest.fixture
def no_npm_no_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing is fetched from the network by this test; only our own driver is measured."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    return tmp_path / "cache"


def test_a_short_run_writes_every_figure_and_says_who_is_missing(
    no_npm_no_pip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "queue.json"
    assert main([*QUICK, "--cache", str(no_npm_no_pip), "--json", str(file)]) == 0
    report = json.loads(file.read_text())
    cells = report["kolapp"]["cells"]
    assert {(one["in_flight"], one["waiting"], one["verb"]) for one in cells} == {
        (in_flight, waiting, verb)
        for in_flight in (1, 32)
        for waiting in (10, 20)
        for verb in ("join", "pull", "end")
    }
    assert all(one["per_s"] > 0 and 0 < one["p50_ms"] <= one["p99_ms"] for one in cells)
    assert all(one["store_us"] > 0 and one["driver_us"] > 0 for one in cells)
    [deep] = [
        one for one in cells if (one["in_flight"], one["waiting"], one["verb"]) == (32, 20, "pull")
    ]
    assert report["kolapp"]["pull_per_s"] == deep["per_s"]
    assert {one["in_flight"] for one in report["floor"]["cells"]} == {1, 32}
    assert 0 < report["rare_skill"]["p50_ms"] <= report["rare_skill_pull_ms_p99"]
    assert report["bullmq"] is report["saq"] is None
    assert "Node.js" in report["missing"]["bullmq"]
    assert "pip" in report["missing"]["saq"]
    assert report["ratios"]["join_to_bullmq"] is None
    shown = capsys.readouterr()
    assert "not measured: BullMQ needs Node.js and npm" in shown.out
    assert "SAQ is installed with pip" in shown.err


def test_a_peer_whose_packages_cannot_be_had_is_missing_with_the_reason(tmp_path: Path) -> None:
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    for name in ("npm", "node"):
        program = npm.with_name(name)
        program.write_text("#!/bin/sh\necho no such registry >&2\nexit 1\n")
        program.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{npm.parent}{os.pathsep}{os.environ['PATH']}")
        with pytest.raises(peers.PeerMissing, match="BullMQ could not be installed: no such reg"):
            peers.bullmq(tmp_path / "cache", "unix:///nowhere")


def test_the_report_compares_medians_with_most_waiting() -> None:
    def one(per_s: float) -> dict[str, float]:
        figures = {"p50_ms": 1.0, "p99_ms": 2.0, "store_us": 30.0, "driver_us": 20.0}
        return figures | {"n": 256, "per_s": per_s}

    def measured(factor: float) -> dict[str, object]:
        return system(
            [
                cell(32, waiting, verb, [one(factor * 10), one(factor * 30), one(factor * 20)])
                for waiting in (100, 100_000)
                for verb in ("join", "pull")
            ]
        )

    report = {"kolapp": measured(3), "bullmq": measured(1), "saq": None}
    assert report["kolapp"]["cells"][0]["n"] == 768  # type: ignore[index]  # loosely typed JSON
    assert ratios(report) == {
        "join_to_bullmq": 3.0,
        "pull_to_bullmq": 3.0,
        "join_to_saq": None,
        "pull_to_saq": None,
    }


async def test_an_interrupted_run_stops_everything(tmp_path: Path) -> None:
    """The leak check of every test finds what would stay: processes and data directories."""
    bench = await asyncio.create_subprocess_exec(
        *BENCH, "--waiting", "100000", "--cache", str(tmp_path),
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"PATH": "/nowhere", "PIP_NO_INDEX": "1"},
    )  # fmt: skip
    assert bench.stderr is not None
    async with asyncio.timeout(DEADLINE_S):
        while b"join" not in await bench.stderr.readline():
            pass
        bench.send_signal(signal.SIGTERM)
        assert await bench.wait() == 130
        assert (await bench.stderr.read()).endswith(b"interrupted\n")


@pytest.mark.parametrize("wrong", ["--waiting 0", "--rounds 0", "--seconds -1"])
def test_what_makes_no_sense_is_refused(wrong: str) -> None:
    with pytest.raises(SystemExit) as refused:
        main(wrong.split())
    assert refused.value.code == 2
