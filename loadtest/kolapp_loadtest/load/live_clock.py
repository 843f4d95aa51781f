"""The time of a scenario's day at a moment of its run. Pure."""

from __future__ import annotations

from typing import Any


def clock(scenario: dict[str, Any], at_s: float) -> str:
    """`scenario` as in a report; `at_s` of the wire, from the day's beginning."""
    return time_of_day(scenario["begins_s"] + max(0.0, at_s) * scenario["compress"])


def time_of_day(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"
