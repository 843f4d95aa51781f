"""The benchmark of attacks really attacks, and every turn comes meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kolapp_loadtest.bench_attacks import main


@pytest.mark.parametrize("kind", ["slow_heads", "flood"])
def test_attacks_leave_your_turn_as_fast(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A short run: every turn comes while somebody attacks, and the attack is one."""
    file = tmp_path / "attacks.json"
    few = ["--clients", "10", "--pulls-per-s", "5", "--duration", "1", "--only", kind]
    code = main([*few, "--json", str(file)])
    report = json.loads(file.read_text())
    assert code == (0 if report["within"] else 1)
    for figures in report["runs"].values():
        assert figures["turns_missing"] == 0
        assert figures["turn_ms"]["n"] == 5
        assert figures["rss_mb"] > 0
    attack = report["runs"][kind]["attack"]
    assert attack["opened"] > 0
    assert attack["sent"] > 100
    assert kind in capsys.readouterr().out
