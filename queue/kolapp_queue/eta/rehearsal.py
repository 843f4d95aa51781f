"""The clock of a rehearsed day, which goes `speed` times as fast as the store's.

A forecast knows people: how long visits last, how soon a clinician takes the next patient, what
steps of a range can be read. Where a whole day is played in minutes, all of that would be measured
by the wrong clock; so what a forecast is told is moved to the day's clock before it is looked at,
and what it says is of that clock. Refused: scaling each constant of the forecaster by the speed.
Pure; with speed 1, nothing is changed and nothing is copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .facts import Facts


def told_of_day(told: Mapping[str, Any], speed: int) -> Mapping[str, Any]:
    """An event of the store. Raises KeyError or TypeError for what is none of ours."""
    if speed == 1:
        return told
    order_key = told.get("order_key")
    if order_key is None:
        return {**told, "ms": told["ms"] * speed}
    return {**told, "ms": told["ms"] * speed, "order_key": order_key * speed}


def facts_of_day(facts: Facts, speed: int) -> Facts:
    if speed == 1:
        return facts
    until_ms = facts.joins_until_ms
    return replace(
        facts,
        now_ms=facts.now_ms * speed,
        causes=tuple(replace(one, order_key=one.order_key * speed) for one in facts.causes),
        elsewhere_ms=_each(facts.elsewhere_ms, speed),
        leaves_ms=_each(facts.leaves_ms, speed),
        returns_ms=_each(facts.returns_ms, speed),
        joins_until_ms=None if until_ms is None else until_ms * speed,
    )


def _each(times_ms: Mapping[str, int], speed: int) -> dict[str, int]:
    return {name: ms * speed for name, ms in times_ms.items()}
