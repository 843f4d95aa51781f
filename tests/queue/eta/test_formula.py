from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kolapp_queue.eta.formula import MEAN_VISITS, TURNAROUND_MS, Pace, wait
from kolapp_queue.eta.history import Event, Step
from kolapp_queue.eta.state import QueueState
from kolapp_queue.eta.wait import Wait

MINUTE_MS = 60_000
PRIOR_MS = 12 * MINUTE_MS


def pace(on_duty: int, *elapsed_min: float, done: int = 100, mean_min: float = 10) -> Pace:
    elapsed = tuple(int(minutes * MINUTE_MS) for minutes in elapsed_min)
    return Pace(on_duty, elapsed, done, mean_min * MINUTE_MS, PRIOR_MS)


paces = st.builds(
    Pace,
    on_duty=st.integers(1, 50),
    elapsed_ms=st.lists(st.integers(0, 5 * 3_600_000), max_size=60).map(tuple),
    visits_done=st.integers(0, 100_000),
    visit_ms_mean=st.floats(0, 4 * 3_600_000),
    prior_ms=st.integers(1_000, 4 * 3_600_000),
)


def test_a_pace_is_taken_from_the_state_of_a_queue() -> None:
    state = QueueState(600)
    state.apply(Event(0, Step.STARTED, 1, server="a"))
    state.apply(Event(40, Step.STARTED, 2, server="b"))
    state.apply(Event(100, Step.ENDED, 2, server="b"))
    assert Pace.of(state) == Pace(2, (100_000,), 1, 60_000.0, 600_000)


def test_nobody_on_duty_is_not_known() -> None:
    assert wait(pace(0, 5), 1) == Wait(False, 0, 0, "nobody_on_duty")


def test_a_free_clinician_pulls_soon() -> None:
    assert wait(pace(3, 1, 2), 1).high_s <= 60
    assert wait(pace(3, 1, 2), 2).high_s > 60


def test_more_clinicians_are_faster_and_a_new_visit_is_slower() -> None:
    assert wait(pace(4, 1, 1, 1, 1), 9).high_s < wait(pace(2, 1, 1), 9).high_s
    assert wait(pace(1, 20), 1).high_s < wait(pace(1, 0), 1).high_s


def test_little_known_is_a_wider_range() -> None:
    many = wait(pace(3, 1, 2, 3, done=1_000, mean_min=12), 5)
    few = wait(pace(3, 1, 2, 3, done=0), 5)
    assert few.low_s < many.low_s
    assert few.high_s > many.high_s


@settings(max_examples=60, deadline=None, database=None)
@given(paces, st.integers(1, 300))
def test_ranges_are_ordered_and_grow_with_the_position(one: Pace, places: int) -> None:
    ranges = [wait(one, position) for position in range(1, places + 1)]
    for each in ranges:
        assert 0 <= each.low_s < each.high_s
    for field in dataclasses.fields(Wait)[1:3]:
        ends = [getattr(each, field.name) for each in ranges]
        assert ends == sorted(ends)


@pytest.mark.parametrize("on_duty", [1, 3, 10])
@pytest.mark.parametrize("position", [1, 4, 20])
def test_a_range_holds_about_four_waits_in_five(on_duty: int, position: int) -> None:
    """Against a simulation with what the estimator does not know: visits are log-normal, and its
    mean is that of the last few of them."""
    chance = np.random.default_rng(1)
    mean, sigma2, trials, inside = 10 * MINUTE_MS, 0.4, 400, 0
    for _ in range(trials):
        visits = mean * chance.lognormal(-sigma2 / 2, np.sqrt(sigma2), MEAN_VISITS + position)
        # Visits going on are longer than the average one, and seen at any moment of theirs.
        busy = mean * chance.lognormal(sigma2 / 2, np.sqrt(sigma2), on_duty)
        elapsed = busy * chance.uniform(size=on_duty)
        free = list(busy - elapsed + TURNAROUND_MS)
        for length in visits[MEAN_VISITS:]:
            begun = min(free)
            free[free.index(begun)] += length + TURNAROUND_MS
        learned = float(np.mean(visits[:MEAN_VISITS])) / MINUTE_MS
        said = wait(pace(on_duty, *(elapsed / MINUTE_MS), mean_min=learned), position)
        inside += said.low_s <= begun / 1000 <= said.high_s
    assert 0.75 <= inside / trials <= 0.98


def test_the_pure_modules_load_nothing_heavy() -> None:
    """Who imports the nouns must not wait for numpy, redis or an event loop."""
    code = (
        "import sys, kolapp_queue.model, kolapp_queue.states, kolapp_queue.errors,"
        " kolapp_queue.settings, kolapp_queue.eta\n"
        "print(sorted({'asyncio', 'redis', 'numpy', 'msgpack'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
