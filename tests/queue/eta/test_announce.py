from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from kolapp_queue.eta.announce import (
    FORECAST,
    Person,
    Promise,
    Range,
    Shown,
    announce,
    shown,
    step_down,
    step_up,
)

TEN = Range(200, 400, 580)


def one(person: Person, now_s: float = 0.0) -> Promise:
    [promise] = announce([person], now_s)
    return promise


def test_the_first_promise_is_the_90_percent_quantile_rounded_up() -> None:
    promise = one(Person(0, TEN), now_s=1000)
    assert promise.until_s == 1600
    assert shown(promise, 1000) == Shown(180, 600)


def test_a_promise_counts_down_by_itself() -> None:
    promise = one(Person(0, TEN))
    highs = [shown(promise, now_s).high_s for now_s in range(0, 700, 10)]
    assert highs == sorted(highs, reverse=True)
    assert (highs[0], highs[-1]) == (600, 0)


def test_longer_forecasts_do_not_move_it() -> None:
    promise = one(Person(0, TEN))
    assert one(Person(0, Range(300, 800, 900), promise), 60).until_s == promise.until_s


def test_a_named_cause_moves_it() -> None:
    promise = one(Person(0, TEN))
    later = one(Person(0, Range(300, 800, 900), promise, "urgent"), 60)
    assert (later.until_s, later.cause) == (960, "urgent")


def test_plainly_wrong_moves_it_and_says_so() -> None:
    promise = one(Person(0, TEN))
    later = one(Person(0, Range(800, 1000, 1200), promise), 60)
    assert (later.until_s, later.cause) == (1260, FORECAST)


def test_it_moves_earlier_by_whole_steps_that_are_safe() -> None:
    promise = one(Person(0, TEN))
    assert one(Person(0, Range(100, 300, 470), promise), 60) == replace(promise, from_s=160)
    assert one(Person(0, Range(10, 60, 100), promise), 60).until_s == 60 + 120


def test_a_passed_promise_is_not_renewed() -> None:
    promise = one(Person(0, TEN))
    kept = one(Person(0, Range(5, 60, 120), promise), 601)
    assert kept.until_s == promise.until_s
    assert shown(kept, 601) == Shown(0, 0)


def test_nobody_is_promised_an_earlier_moment_than_somebody_ahead() -> None:
    ahead, behind, other = announce(
        [Person(0, Range(0, 900, 1700)), Person(0, TEN), Person(1, TEN)], 0.0
    )
    assert behind.until_s == ahead.until_s == 1800
    assert other.until_s == 600


def test_who_comes_in_front_is_promised_no_later_than_those_behind_were() -> None:
    promise = one(Person(0, TEN))
    ahead, behind = announce([Person(0, Range(0, 700, 900)), Person(0, TEN, promise)], 0.0)
    assert ahead.until_s == behind.until_s == promise.until_s


seconds = st.floats(0, 20_000, allow_nan=False)
ranges = st.builds(lambda a, b, c: Range(*sorted((a, b, c))), seconds, seconds, seconds)
lines = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["", "", "urgent"])), max_size=8)


@settings(max_examples=40, deadline=None)
@given(st.data(), lines)
def test_whatever_is_forecast_the_guarantees_hold(
    data: st.DataObject, line: list[tuple[int, str]]
) -> None:
    promises: list[Promise | None] = [None] * len(line)
    for now_s in (0.0, 70.0, 500.0, 2000.0):
        people = [
            Person(cls, data.draw(ranges), promise, cause)
            for (cls, cause), promise in zip(line, promises, strict=True)
        ]
        given_now = announce(people, now_s)
        floors: dict[int, float] = {}
        for person, promise in zip(people, given_now, strict=True):
            assert promise.until_s >= floors.get(person.cls, -math.inf)
            floors[person.cls] = promise.until_s
            if person.promise is not None and promise.until_s > person.promise.until_s:
                assert promise.cause == (person.cause or FORECAST)
        promises = list(given_now)


@given(seconds)
def test_steps_hold_what_they_round(wait_s: float) -> None:
    assert step_down(wait_s) <= wait_s <= step_up(wait_s)
    assert step_up(step_up(wait_s)) == step_up(wait_s)
