from __future__ import annotations

import json
from pathlib import Path

import pytest
from kolapp_signalling import eta_command
from kolapp_signalling.cli import main

BASE_MS = 1_736_150_400_000


def export(path: Path, days: range) -> Path:
    """Two visits a day; the second patient of each waits for the first."""
    lines = []
    for day in days:
        for second, ticket, step, state in (
            (0, "a", "join", "waiting"), (1, "a", "pull", "called"), (5, "b", "join", "waiting"),
            (600, "a", "hang_up", "completed"), (610, "b", "pull", "called"),
            (900, "b", "hang_up", "completed"),
        ):  # fmt: skip
            ms = BASE_MS + day * 86_400_000 + second * 1000
            event = {"step": step, "state": state, "ticket": f"{day}{ticket}", "ms": ms}
            event |= {"number": 2 * day + (ticket == "b"), "class": "0", "actor": "doc"}
            lines.append(json.dumps({"kind": "event", "queue": "q", "event": event}))
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def backtest(tmp_path: Path, *more: str, queue: str = "q") -> int:
    learn = export(tmp_path / "learn.jsonl", range(60))
    test = export(tmp_path / "test.jsonl", range(60, 70))
    given = ["--format", "audit", "--queue", queue, "--prior", "600", *more]
    return main(["eta", "backtest", *given, "--learn", str(learn), "--test", str(test)])


def test_a_backtest_prints_a_table_and_writes_every_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backtest(tmp_path, "--json", str(tmp_path / "out.json")) == 0
    assert "boosting" in capsys.readouterr().out
    methods = json.loads((tmp_path / "out.json").read_text())["methods"]
    assert methods["kolapp"]["n"] == 20
    assert set(methods["kolapp"]["pinball"]) == {"10", "50", "90"}


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--learn", str(tmp_path / "no"), "--test", str(tmp_path / "no")]
    assert main(["eta", "backtest", "--format", "technion", *files]) == 1
    assert str(tmp_path / "no") in capsys.readouterr().err
    assert backtest(tmp_path, queue="other") == 1
    assert "cannot be compared" in capsys.readouterr().err


def test_an_unknown_study_lists_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert eta_command.main(["truth", "--study", "nonsense"]) == 1
    assert "load 0.95" in capsys.readouterr().err
