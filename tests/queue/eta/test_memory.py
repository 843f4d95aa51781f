from __future__ import annotations

import msgpack
import numpy as np
import pytest
from kolapp_queue.eta.forecaster import Kolapp
from kolapp_queue.eta.history import Event
from kolapp_queue.eta.memory import UnknownMemory, recall, remember
from kolapp_queue.eta.state import QueueState
from kolapp_queue.eta.synthetic import Scenario, days, midnight

VISIT_S = 600.0


def played(forecaster: Kolapp, state: QueueState, events: list[Event]) -> None:
    for event in events:
        forecaster.before(state, event)
        ended = state.apply(event)
        forecaster.happened(state, event, ended)
        if (waiting := state.tickets.get(event.ticket)) is not None:
            forecaster.forecast(state, waiting)


@pytest.fixture(scope="module")
def learned() -> tuple[Kolapp, QueueState, list[Event]]:
    events = days(Scenario(4, 1.05, visit_s=VISIT_S), 2)
    split_s = midnight(1) + 10 * 3600
    forecaster, state = Kolapp(VISIT_S), QueueState(VISIT_S)
    played(forecaster, state, [event for event in events if event.at_s < split_s])
    return forecaster, state, [event for event in events if event.at_s >= split_s]


def test_what_was_learned_survives(learned: tuple[Kolapp, QueueState, list[Event]]) -> None:
    forecaster, state, _ = learned
    assert forecaster.learner is not None
    known = recall(remember(forecaster, state, "17-0"))
    other = known.forecaster
    assert known.cursor == "17-0"
    assert other.learner is not None
    assert other.learner.seen == forecaster.learner.seen
    rows = np.random.default_rng(1).normal(size=(5, len(forecaster.learner.net.weights[0])))
    base = np.ones((5, 5))
    assert other.learner.say(rows, base) == pytest.approx(
        forecaster.learner.say(rows, base), rel=1e-4
    )
    said = forecaster.learner.say(rows, base)
    assert other.joining.apply(said) == pytest.approx(forecaster.joining.apply(said), rel=1e-4)


def test_so_does_what_is_learned_slowly(learned: tuple[Kolapp, QueueState, list[Event]]) -> None:
    forecaster, state, _ = learned
    known, again = recall(remember(forecaster, state, "")), QueueState(VISIT_S)
    again.recall(known.state)
    assert again.handling_all.mean == state.handling_all.mean != VISIT_S
    assert again.remember() == state.remember() | {"kinds": []}
    other = known.forecaster
    assert other.durations.of("visit", "c1") == forecaster.durations.of("visit", "c1")
    assert other.giving_up.rate == forecaster.giving_up.rate
    assert other.returns.remember() == forecaster.returns.remember()


def test_learning_goes_on_from_there(learned: tuple[Kolapp, QueueState, list[Event]]) -> None:
    forecaster, state, rest = learned
    other = recall(remember(forecaster, state, "")).forecaster
    assert other.learner is not None
    seen = other.learner.seen
    played(other, state, rest)
    assert other.learner.seen > seen + 50
    assert other.learner.net.steps > 0


def test_nothing_learned_yet_is_remembered_too() -> None:
    known = recall(remember(Kolapp(720.0), QueueState(720.0), "0-0"))
    assert (known.forecaster.unit_s, known.forecaster.learner, known.cursor) == (720.0, None, "0-0")


@pytest.mark.parametrize(
    "memory", [b"", b"\xc1", msgpack.packb({"format": 99}), msgpack.packb([1]), msgpack.packb({})]
)
def test_what_another_version_wrote_is_refused(memory: bytes) -> None:
    with pytest.raises(UnknownMemory):
        recall(memory)
