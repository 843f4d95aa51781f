from __future__ import annotations

import numpy as np
import pytest
from kolapp_queue.eta.structure import GivingUp, quantiles, solve

# One departure in ten seconds.
STEADY = np.arange(10.0, 1001.0, 10.0), np.arange(1.0, 101.0)
NOBODY = np.zeros(3)


def places(*ahead: float) -> np.ndarray:
    return np.array(ahead)


def test_the_wait_is_until_everybody_ahead_and_oneself_are_taken() -> None:
    waits = solve(places(0, 4, 9), *STEADY, 0.0, NOBODY, NOBODY)
    assert waits == pytest.approx([10, 50, 100])


def test_people_ahead_who_give_up_shorten_it() -> None:
    kept, left = (solve(places(0, 4, 9), *STEADY, rate, NOBODY, NOBODY) for rate in (0.0, 0.01))
    assert left[0] == kept[0]
    assert (left[1:] < kept[1:]).all()


def test_people_who_may_pass_lengthen_it_as_long_as_they_may() -> None:
    passing = np.full(3, 0.05)  # as often as every second departure
    waits = solve(places(4, 4, 4), *STEADY, 0.0, passing, np.array([0.0, 20.0, 1000.0]))
    assert waits == pytest.approx([50, 60, 100])


def test_beyond_every_counted_time_is_longer_than_that() -> None:
    assert solve(places(500), *STEADY, 0.0, np.zeros(1), np.zeros(1))[0] > 1000


def test_more_departures_are_known_better() -> None:
    near, far = quantiles(np.array([1.0, 1.0]), np.array([0.0, 50.0]))
    assert near[3] - near[0] > 2 * (far[3] - far[0])
    assert (np.diff(near[:4]) > 0).all()


def test_giving_up_is_learned_from_the_time_people_waited() -> None:
    giving_up = GivingUp(600.0)
    rng = np.random.default_rng(1)
    for patience_s, served_s in rng.exponential(300.0, size=(4000, 2)):
        giving_up.ended(min(patience_s, served_s), bool(patience_s < served_s))
    assert giving_up.rate == pytest.approx(1 / 300, rel=0.15)
