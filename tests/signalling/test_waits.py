from __future__ import annotations

import pytest
from kolapp_queue.model import Line, QueueRef, TicketId
from kolapp_signalling.parts import WaitRange
from kolapp_signalling.waits import Waits, _knot, _step_s

REF = QueueRef("north", "drop-in")


def waits(length: int, on_duty: int) -> Waits:
    waiting = tuple(TicketId(f"t{n}") for n in range(length))
    return Waits(Line(REF, 1, 0, waiting, on_duty, (), 0, 0.0), prior_ms=720_000)


def test_nothing_is_known_with_nobody_on_duty() -> None:
    assert waits(5, 0).at(1) == WaitRange(False, 0, 0, "nobody_on_duty")
    assert waits(5, 0).at(5).known is False


def test_later_places_wait_longer() -> None:
    told = [waits(200, 2).at(position) for position in range(1, 202)]
    assert all(each.known and each.low_s <= each.high_s for each in told)
    assert [each.high_s for each in told] == sorted(each.high_s for each in told)
    assert [each.low_s for each in told] == sorted(each.low_s for each in told)


def test_a_long_line_is_estimated_at_few_places_and_never_too_early() -> None:
    knots = [_knot(position) for position in range(1, 10_001)]
    assert knots[:64] == list(range(1, 65))
    assert knots == sorted(knots)
    assert len(set(knots)) < 320
    assert all(p <= k <= p * 1.032 for p, k in enumerate(knots, 1))


@pytest.mark.parametrize(
    ("high_s", "step"), [(0, 30), (600, 30), (601, 60), (3_600, 60), (3_601, 300), (90_000, 300)]
)
def test_ranges_are_told_in_readable_steps(high_s: int, step: int) -> None:
    assert _step_s(high_s) == step


def test_a_range_never_promises_more_than_was_estimated() -> None:
    for position in range(1, 9):
        told = waits(8, 2).at(position)
        step = _step_s(told.high_s)
        assert told.high_s % step == 0
        assert told.low_s % 30 == 0
