from __future__ import annotations

import json
from pathlib import Path

import pytest
from kolapp_queue.eta.line import MOST_KNOTS
from kolapp_signalling import bench_eta
from kolapp_signalling.cli import main


def test_every_cell_is_measured_and_held_to_the_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_eta, "WAITING", (200,))
    monkeypatch.setattr(bench_eta, "CLINICIANS", (3,))
    monkeypatch.setattr(bench_eta, "BUDGET_MS", 60_000.0)
    given = ["bench", "eta", "--rounds", "2", "--json", str(tmp_path / "out.json")]
    assert main(given) == 0
    assert "200 waiting,   3 clinicians" in capsys.readouterr().out
    report = json.loads((tmp_path / "out.json").read_text())
    [cell] = report["cells"]
    assert report["within_budget"]
    assert (cell["waiting"], cell["clinicians"], cell["n"]) == (200, 3, 2)
    assert 20 < cell["knots"] <= MOST_KNOTS
    assert cell["publish_ms"]["p99"] >= cell["publish_ms"]["p50"] > 0
    monkeypatch.setattr(bench_eta, "BUDGET_MS", 0.0)
    assert main(given) == 1
