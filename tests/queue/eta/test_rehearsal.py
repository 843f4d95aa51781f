"""A day played at another speed than the clock's is forecast as the day itself would be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from kolapp_queue.eta.facts import Facts
from kolapp_queue.eta.live import LiveForecast
from kolapp_queue.eta.published import Published
from kolapp_queue.eta.rehearsal import facts_of_day, told_of_day
from kolapp_queue.model import Risen
from kolapp_queue.states import Rise

SPEED = 120
NOON_MS = 14_468_500_000 * SPEED  # of the day; the clock's is the SPEEDth part
TEAM = ["c1", "c2"]


def at(second: int) -> int:
    return NOON_MS + second * 1000


def event(number: int, second: int, state: str, actor: str = "") -> dict[str, Any]:
    ms = at(second)
    told = {"step": "", "state": state, "ticket": f"t{number}", "number": number, "class": "00"}
    return told | {"ms": ms, "order_key": at(60 * number), "actor": actor}


DAY = [
    *(event(number, 60 * number, "waiting") for number in range(30)),
    *(event(number, 1800 + 240 * number, "called", TEAM[number % 2]) for number in range(12)),
    *(event(number, 2220 + 240 * number, "completed") for number in range(10)),
]
FACTS = Facts(
    at(4800), 7, TEAM, causes=(Risen(6, Rise.URGENT, 0, at(900), 99),), causes_since=5,
    leaves_ms={"c1": at(9000)}, joins_until_ms=at(20_000),
)  # fmt: skip


def on_the_clock(told: Mapping[str, Any]) -> dict[str, Any]:
    return {**told, "ms": told["ms"] // SPEED, "order_key": told["order_key"] // SPEED}


FACTS_ON_THE_CLOCK = replace(
    FACTS,
    now_ms=FACTS.now_ms // SPEED,
    causes=tuple(replace(one, order_key=one.order_key // SPEED) for one in FACTS.causes),
    leaves_ms={"c1": at(9000) // SPEED},
    joins_until_ms=at(20_000) // SPEED,
)


def forecast(day: list[dict[str, Any]], facts: Facts, **kwargs: Any) -> LiveForecast:
    live = LiveForecast(600.0, **kwargs)
    for told in sorted(day, key=lambda one: one["ms"]):
        live.happened(f"{told['ms']}-0", told, facts.now_ms)
    return live


def test_a_rehearsed_day_is_forecast_as_the_day_itself() -> None:
    itself = forecast(DAY, FACTS).publish(FACTS)
    played = forecast([on_the_clock(told) for told in DAY], FACTS_ON_THE_CLOCK, speed=SPEED)
    published = played.publish(FACTS_ON_THE_CLOCK)
    assert published == replace(itself, speed=SPEED)
    assert len(list(published.promises())) == 18
    assert published == Published.unpack(published.pack())


def test_by_its_own_clock_it_would_be_forecast_wrongly() -> None:
    """Why there is such a thing: visits of five seconds are not two minutes' tenth."""
    itself = forecast(DAY, FACTS).publish(FACTS)
    played = forecast([on_the_clock(told) for told in DAY], FACTS_ON_THE_CLOCK)
    wrong = played.publish(FACTS_ON_THE_CLOCK)
    right_s, wrong_s = (one.curves[0].at_place(10, "q50") for one in (itself, wrong))
    assert not 0.5 < wrong_s * SPEED / right_s < 2.0


def test_what_was_left_of_another_speed_says_nothing() -> None:
    live = forecast(DAY, FACTS)
    before = live.publish(FACTS)
    same = forecast([], FACTS, memory=live.memory(), before=before)
    other = forecast([], FACTS, memory=live.memory(), before=before, speed=2)
    assert (same.learned_to_ms > 0, other.learned_to_ms) == (True, 0)
    kept = [len(list(one.publish(FACTS).promises())) for one in (same, other)]
    assert kept == [0, 0]  # nobody waits by the events of these
    later = [forecast(DAY, FACTS, before=before, speed=speed).publish(FACTS) for speed in (1, 2)]
    assert dict(later[0].promises()) == dict(before.promises())
    assert dict(later[1].promises()) != dict(before.promises())


def test_without_a_rehearsal_nothing_is_copied() -> None:
    assert facts_of_day(FACTS, 1) is FACTS
    assert told_of_day(DAY[0], 1) is DAY[0]


@pytest.mark.parametrize("told", [{}, {"ms": None}])
def test_what_is_no_event_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError)):
        told_of_day(told, SPEED)
