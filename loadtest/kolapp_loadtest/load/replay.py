"""A recorded day as arrivals: our own audit export, or call-centre data of the Technion. Pure.

Technion data: "Anonymous Bank" call centre, I. Guedj and A. Mandelbaum, Technion, 1999.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from typing import Any

from ..errors import LoadtestError
from .lives import Arrival
from .scenario import Scenario

_TECHNION = "vru+line"
_HIGH_PRIORITY = "2"


def read_history(lines: Sequence[str], scenario: Scenario, day: str = "") -> list[Arrival]:
    """Who came, in order. `day` (yymmdd) chooses one of Technion's; an export is one day by
    itself, and begins with its first arrival. Raises LoadtestError."""
    if not lines:
        raise LoadtestError("the history is empty")
    technion = lines[0].startswith(_TECHNION)
    found = _technion(lines, scenario, day) if technion else _audit(lines, scenario)
    inside = [one for one in found if 0.0 <= one.at_s <= scenario.day_s]
    if not inside:
        raise LoadtestError("nobody of this history comes within the scenario's day")
    return sorted(inside, key=lambda one: one.at_s)


def _technion(lines: Sequence[str], scenario: Scenario, day: str) -> list[Arrival]:
    rows = [row for row in csv.DictReader(lines, delimiter="\t") if row["outcome"] != "PHANTOM"]
    chosen = day or (rows[0]["date"] if rows else "")
    return [
        _call(row, scenario)
        for row in rows
        if row["date"] == chosen and (row["outcome"] == "AGENT" or int(row["q_time"]) > 0)
    ]


def _call(row: dict[str, str], scenario: Scenario) -> Arrival:
    """`q_start` 0:00:00 means that nobody had to queue."""
    queued = int(row["q_time"]) > 0
    at_s = _clock_s(row["q_start"] if queued else row["vru_exit"]) - scenario.begins_s
    served = row["outcome"] == "AGENT"
    return Arrival(
        at_s,
        urgent=row["priority"] == _HIGH_PRIORITY,
        # Who was served was patient enough; how much more, nobody knows.
        patience_s=None if served else float(row["q_time"]),
        visit_s=float(row["ser_time"]) if served else None,
    )


def _clock_s(text: str) -> float:
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3600.0 + int(minutes) * 60.0 + int(seconds)


def _audit(lines: Iterable[str], scenario: Scenario) -> list[Arrival]:
    """`kolapp audit export`, a JSON object a line."""
    joined: dict[str, dict[str, Any]] = {}
    visits_s: dict[str, float] = {}
    left_ms: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        entry = _entry(line, number)
        ticket = entry.get("ticket", "")
        if entry.get("step") == "join":
            joined[ticket] = entry
        elif entry.get("step") == "leave":
            left_ms[ticket] = entry["ms"]
        if entry.get("visit_ms"):
            visits_s[ticket] = entry["visit_ms"] / 1000
    if not joined:
        raise LoadtestError("this is neither an audit export with joined tickets nor Technion's")
    first_ms = min(entry["ms"] for entry in joined.values())
    return [
        Arrival(
            (entry["ms"] - first_ms) / 1000,
            queue=entry.get("queue", ""),
            patience_s=(left_ms[ticket] - entry["ms"]) / 1000 if ticket in left_ms else None,
            visit_s=visits_s.get(ticket),
        )
        for ticket, entry in joined.items()
    ]


def _entry(line: str, number: int) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        raise LoadtestError(f"line {number} of the history is no JSON object")
    return entry
