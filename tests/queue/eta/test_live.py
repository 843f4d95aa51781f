from __future__ import annotations

from typing import Any

import pytest
from kolapp_queue.eta.history import Event, Step
from kolapp_queue.eta.line import MOST_KNOTS
from kolapp_queue.eta.live import LiveForecast, Published
from kolapp_queue.eta.synthetic import Scenario, days

VISIT_S = 600.0
TEAM = [f"c{number}" for number in range(4)]
START_MS = 1_736_121_600_000  # a Monday's midnight
STATES = {
    Step.JOINED: "waiting",
    Step.LEFT: "left",
    Step.STARTED: "called",
    Step.ENDED: "completed",
}


def stream(events: list[Event]) -> list[tuple[str, dict[str, Any]]]:
    entries = []
    for event in events:
        if event.ticket >= 0:
            ms = START_MS + int(event.at_s * 1000)
            told = {"step": "", "state": STATES[event.step], "ticket": str(event.ticket), "ms": ms}
            told |= {"class": "0", "actor": event.server, "credit_ms": event.credit_s * 1000}
            entries.append((f"{ms}-{len(entries)}", told))
    return entries


@pytest.fixture(scope="module")
def entries() -> list[tuple[str, dict[str, Any]]]:
    return stream(days(Scenario(4, 1.2, visit_s=VISIT_S), 1))


def fed(
    live: LiveForecast, entries: list[tuple[str, dict[str, Any]]], now_ms: int = 0
) -> LiveForecast:
    for entry, told in entries:
        live.happened(entry, told, now_ms or told["ms"])
    return live


def test_the_curve_rises_with_the_place(entries: list[tuple[str, dict[str, Any]]]) -> None:
    rush = entries[: len(entries) // 2]
    now_ms = rush[-1][1]["ms"] + 1000
    live = fed(LiveForecast(VISIT_S), rush)
    curve = live.publish(now_ms, TEAM)
    assert len(curve.places) == len(live.state.waiting) > 5
    highs = [curve.range_at(place).high_s for place in curve.places]
    assert highs == sorted(highs)
    assert curve.range_at(1).known
    assert curve == Published.unpack(curve.pack())


def test_without_a_clinician_nothing_is_known() -> None:
    curve = LiveForecast(VISIT_S).publish(START_MS, [])
    assert (curve.at(1), curve.range_at(1).why) == ({}, "nobody_on_duty")


def test_thousands_are_64_knots() -> None:
    live = LiveForecast(VISIT_S)
    for number in range(3_000):
        told = {"step": "join", "state": "waiting", "ticket": str(number), "ms": START_MS + number}
        for event in live._recorded.events(told):
            live.state.apply(event)
    curve = live.publish(START_MS + 5_000, TEAM)
    assert len(curve.places) <= MOST_KNOTS
    assert curve.places[-1] == 3_000
    between = (curve.places[-2] + curve.places[-1]) // 2
    assert curve.at(curve.places[-2])["q90"] <= curve.at(between)["q90"] <= curve.at(3_000)["q90"]


def test_a_successor_says_nearly_the_same(entries: list[tuple[str, dict[str, Any]]]) -> None:
    """From the memory and the events that the store still has, on another node."""
    half = entries[: len(entries) // 2]
    now_ms = half[-1][1]["ms"] + 1000
    live = fed(LiveForecast(VISIT_S), half)
    successor = fed(LiveForecast(VISIT_S, live.memory()), half, now_ms)
    assert live.forecaster.learner is not None
    assert successor.forecaster.learner is not None
    assert successor.forecaster.learner.seen == live.forecaster.learner.seen  # nothing twice
    # Who waits is known from the events.
    assert len(successor.state.waiting) == len(live.state.waiting)
    mine, theirs = live.publish(now_ms, TEAM), successor.publish(now_ms, TEAM)
    for place in mine.places:
        assert theirs.at(place)["q90"] == pytest.approx(mine.at(place)["q90"], rel=0.1, abs=5)


def test_a_memory_of_another_version_is_learned_anew() -> None:
    assert LiveForecast(VISIT_S, b"?").forecaster.learner is None
