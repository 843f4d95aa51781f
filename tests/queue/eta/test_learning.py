"""The parts that learn, each on a world of which the truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from kolapp_queue.eta.calibration import RANGE, Calibration
from kolapp_queue.eta.departures import Departures, Team, departures, time_of
from kolapp_queue.eta.durations import Durations, Returns, ended_by
from kolapp_queue.eta.learner import OUTPUTS, SHARES, Learner
from kolapp_queue.eta.published import COLUMNS

RNG = np.random.default_rng(5)
ONES = np.ones(OUTPUTS)


def test_without_learning_the_structure_speaks_alone() -> None:
    base = np.array([[0.5, 1.0, 2.0, 3.0, 1.2]])
    assert Learner(3).say(np.ones((1, 3)), base) == pytest.approx(base)


def test_the_learner_finds_the_quantiles_of_what_depends_on_its_inputs() -> None:
    learner, rough = Learner(2), np.array([0.2, 0.8, 1.5, 2.0, 1.0])
    for _ in range(6_000):
        row = RNG.integers(2, size=2).astype(float)
        learner.add(row, rough, (1 + row[0]) * float(RNG.exponential()))
    said = learner.say(np.array([[0.0, 0.0], [1.0, 0.0]]), np.stack([rough, rough]))
    truth = -np.log(1 - SHARES)
    assert said[0, :-1] == pytest.approx(truth, rel=0.2, abs=0.05)
    assert said[1] == pytest.approx([*(2 * truth), 2.0], rel=0.2, abs=0.1)


def test_quantiles_never_cross() -> None:
    learner = Learner(4)
    for _ in range(500):
        learner.add(RNG.normal(size=4), ONES, float(RNG.exponential()))
    said = learner.say(RNG.normal(size=(200, 4)) * 3, np.ones((200, OUTPUTS)))
    assert (np.diff(said[:, :-1], axis=1) >= 0).all()
    assert (said >= 0).all()


@pytest.mark.parametrize("wrong_by", [0.5, 1.0, 2.0])
def test_a_range_holds_what_it_promises_whatever_the_learner_says(wrong_by: float) -> None:
    calibration = Calibration()
    truth = -np.log(1 - np.array([*SHARES]))
    said = np.array([[*(wrong_by * truth), wrong_by]])
    inside = []
    for wait in RNG.exponential(size=8_000):
        shown = calibration.apply(said)
        low, high = shown[0, [COLUMNS.index("low"), COLUMNS.index("high")]]
        inside.append(low <= wait <= high)
        calibration.learn(said, shown, float(wait))
    assert np.mean(inside[2_000:]) == pytest.approx(RANGE[1] - RANGE[0], abs=0.02)


def test_a_day_on_which_everything_takes_longer_is_followed() -> None:
    calibration, rng = Calibration(), np.random.default_rng(3)
    truth = -np.log(1 - np.array([*SHARES]))
    said = np.array([[*truth, 1.0]])
    inside = []
    for scale in (1.0,) * 2_000 + (2.0,) * 1_500:
        shown, wait = calibration.apply(said), scale * float(rng.exponential())
        low, high = shown[0, [COLUMNS.index("low"), COLUMNS.index("high")]]
        inside.append(low <= wait <= high)
        calibration.learn(said, shown, wait)
    assert np.mean(inside[2_500:]) == pytest.approx(0.8, abs=0.04)  # five hundred waits later


def test_short_and_long_waits_are_held_apart() -> None:
    calibration = Calibration()
    short = np.array([[0.05, 0.1, 0.2, 0.3, 0.1]])
    long = np.array([[0.5, 2.0, 4.0, 6.0, 2.0]])
    for _ in range(3_000):
        for said, wait in ((short, 0.5), (long, 0.1)):  # always longer, always shorter
            calibration.learn(said, calibration.apply(said), wait)
    assert calibration.moved[0, 3] > 0 > calibration.moved[3, 3]


def test_a_visit_ends_sooner_the_longer_it_lasted_only_in_the_long_run() -> None:
    half, shape = np.full(3, 600.0), np.full(3, 2.6)
    within = ended_by(np.array([0.0, 600.0, 6000.0]), half, shape, np.array([600.0]))[:, 0]
    assert within[0] == pytest.approx(0.5)
    assert within[1] > within[0]
    assert within[2] < within[1]  # an old visit is an odd one


def test_lengths_are_learned_by_kind_and_clinician() -> None:
    durations = Durations(600.0)
    for _ in range(400):
        for kind, server, median in (("a", "x", 300.0), ("a", "y", 600.0), ("b", "y", 1200.0)):
            durations.add(kind, server, float(RNG.lognormal(np.log(median), 0.5)))
    medians = {pair: durations.of(*pair)[0] for pair in (("a", "x"), ("a", "y"), ("b", "y"))}
    assert medians["a", "x"] < medians["a", "y"] < medians["b", "y"]
    assert durations.of("unheard", "of")[0] < 600


def test_returns_are_learned_from_time_waited_for_in_vain_too() -> None:
    returns = Returns()
    for idle_s in RNG.exponential(30.0, size=4_000):
        returns.waited_for(np.array([0.0]), np.array([idle_s]))
        returns.returned(float(idle_s))
    by = returns.by(np.array([0.0, 60.0]), np.array([30.0]))
    assert by[:, 0] == pytest.approx(1 - np.exp(-1), abs=0.05)


def test_departures_add_up_over_the_team() -> None:
    gone = departures(alike(4), Returns(), 600.0, 20.0)
    one = departures(alike(1), Returns(), 600.0, 20.0)
    assert gone.all == pytest.approx(4 * one.all)
    assert gone.of_kind[0] == pytest.approx(gone.all)
    assert gone.of_kind[1].max() == 0
    assert (np.diff(gone.all) > 0).all()


def test_who_means_to_go_takes_nobody_after_that() -> None:
    stay, go = (departures(alike(4, at_s), Returns(), 600.0, 20.0) for at_s in (math.inf, 900.0))
    early = stay.within_s <= 900
    assert go.all[early] == pytest.approx(stay.all[early])
    assert set(go.all[~early]) == {go.all[early][-1]}


def alike(count: int, leaves_s: float = math.inf) -> Team:
    """Visits that have all lasted as long, of clinicians who take the first kind only."""
    column = np.ones(count)
    return Team(
        100 * column, 500 * column, 2.6 * column,
        np.array([[1.0, 0.0]] * count), column, np.zeros(0), np.zeros(0), np.zeros((0, 2)),
        np.zeros(0), np.full(count, leaves_s),
    )  # fmt: skip


def test_the_time_of_a_departure_is_between_and_beyond_the_counted_ones() -> None:
    gone = Departures(
        np.array([10.0, 20.0]), np.array([1.0, 2.0]), np.zeros((0, 2)), np.zeros((0, 2))
    )
    assert time_of(gone.within_s, gone.all, np.array([0.5, 1.5, 4.0])).tolist() == [5, 15, 40]
