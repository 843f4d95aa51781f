"""What people were told first, in the day's own time, and whether it held."""

from typing import Any

import pytest
from kolapp_loadtest.load.announced import Announced, FirstTold, announced, held_share

S = 1_000_000_000


def snapshot(known: bool = True, **more: Any) -> dict[str, Any]:
    wait = {"known": known, "low_s": 60, "high_s": 600}
    return {"queue": "doctor", "place": {"position": 1, "waiting": 1, "wait": wait}, **more}


FORECAST = {"forecast": {"low_s": 130, "high_s": 420}}


def told(speed: int = 120, **more: Any) -> dict[str, Any]:
    first = FirstTold()
    first.welcomed([{"name": "doctor", "rehearsal": speed}, {"name": "nurse"}])
    first.shown(snapshot(known=False), 1 * S)
    first.shown(snapshot(**more), 2 * S)
    first.shown(snapshot(forecast={"low_s": 0, "high_s": 1}), 3 * S)
    assert first.record is not None
    return first.record


def test_the_first_range_that_is_known_counts() -> None:
    record = told(**FORECAST)
    assert record == {"at_ns": 2 * S, "shown": (60, 600), "forecast": (130, 420), "speed": 120}
    assert told(1)["forecast"] is None


def ticket(called_s: float, record: dict[str, Any], **changes: Any) -> dict[str, Any]:
    visit = ["v", 1, 1, int(called_s * S)]
    return {"visits": [visit], "announced": record, "disturbed": False, **changes}


def test_waits_count_from_then_on_in_the_time_of_the_day() -> None:
    record = told(**FORECAST)
    found = announced([ticket(called_s, record) for called_s in (3.0, 5.0, 7.5)])
    assert [one.wait_s for one in found] == pytest.approx([120, 360, 660])
    assert [one.held for one in found] == [False, True, False]
    assert [one.shown_held for one in found] == [True, True, False]


def test_who_was_disturbed_or_told_nothing_or_not_called_does_not_count() -> None:
    record = told(**FORECAST)
    left_out = [ticket(3, record, disturbed=True), ticket(3, record, visits=[])]
    assert announced([*left_out, {**ticket(3, record), "announced": None}]) == []


def ranges(*waits_s: float, speed: int = 120) -> list[Announced]:
    return [Announced(60, 600, (130, 420), wait_s, speed) for wait_s in waits_s]


def test_the_share_is_of_the_forecasts_and_what_was_shown_is_said_beside() -> None:
    held, note = held_share(ranges(100, 200, 300, 500, 700), 120)
    assert held == 0.4
    assert "of the ranges as shown, 80.0%" in note


def test_what_says_nothing_is_not_judged_and_why_is_said() -> None:
    silent = [Announced(60, 600, None, 300, 120)]
    for found, why in (
        ([], "nobody was told"),
        (ranges(200, speed=1), "rehearsal = 120"),
        (silent, "no forecast"),
    ):
        held, note = held_share(found, 120)
        assert held is None
        assert why in note
