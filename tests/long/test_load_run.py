"""A small day against a whole server: visits with real sound and picture, and a process killed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kolapp_loadtest.load.command import main

DAY = """
title = "Small day"
day = "08:00-08:10"
drain = "4 min"
compress = 20
patients = 40
[queues.q]
visit = { mean = "100 s", deviation = 0.2 }
[[clinicians]]
count = 8
[patients_are]
answers_after = "6 s"
[[faults]]
at = "08:05"
kill = "KIND"
[objectives]
tickets_lost = 0
tickets_doubled = 0
tickets_misordered = 0
media_failed = 0
media_first_p90_ms = 10000
media_loss = 0.2
recovery_s = 60
"""


def run(tmp_path: Path, kind: str) -> dict[str, Any]:
    file = tmp_path / "small.toml"
    file.write_text(DAY.replace("KIND", kind))
    code = main(["run", str(file), "--media", "8", "--out", str(tmp_path)])
    report: dict[str, Any] = json.loads((tmp_path / "small.json").read_text())
    assert code == 0, (
        report["failures"],
        [v for v in report["verdicts"] if v["value"] is not None],
    )
    assert (tmp_path / "small.html").stat().st_size > 10_000
    return report


def test_visits_with_media_are_seen_and_heard_although_a_node_dies(tmp_path: Path) -> None:
    report = run(tmp_path, "signalling")
    media = report["media"]
    assert media["verdicts"]["good"] >= 4
    assert media["first_ms"]["patient picture"]["n"] >= 4
    assert media["received"] > 1000
    [fault] = report["faults"]
    assert fault["hit"] == 1
    assert 0 < fault["back_s"] <= fault["recovery_s"]


def test_legs_are_made_again_when_their_node_dies(tmp_path: Path) -> None:
    report = run(tmp_path, "media")
    assert report["media"]["verdicts"]["failed"] == 0, report["media"]["reasons"]
    [fault] = report["faults"]
    assert fault["what"] == "kill media"
    assert fault["back_s"] > 0
