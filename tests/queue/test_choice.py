"""Which of several queues is next, and whose turn came in vain."""

from __future__ import annotations

from kolapp_queue.choice import Head, in_vain, longest

NOW = 1_000_000


def head(order_key: int | None, away_key: int | None = None) -> Head:
    """First present and first away, by how long they have waited."""
    order = None if order_key is None else (NOW - order_key, 1)
    return Head(NOW, order, None if away_key is None else NOW - away_key)


EVEN = {"a": 1, "b": 1, "c": 1}


def test_who_has_waited_longest_is_next() -> None:
    assert longest({"a": head(10), "b": head(20), "c": head(None)}, EVEN) == "b"
    assert longest({"a": head(None)}, EVEN) is None
    assert longest({}, {}) is None


def test_a_wait_counts_as_often_as_its_queue_weighs() -> None:
    assert longest({"a": head(10), "b": head(20)}, {"a": 3, "b": 1}) == "a"
    assert longest({"a": head(10), "b": head(31)}, {"a": 3, "b": 1}) == "b"


def test_the_earlier_number_is_next_of_two_who_came_at_once() -> None:
    heads = {"a": Head(NOW, (5, 2), None), "b": Head(NOW, (5, 1), None)}
    assert longest(heads, EVEN) == "b"


def test_whoever_is_away_was_called_in_vain_when_nobody_is_there() -> None:
    assert in_vain({"a": head(None, 5), "b": head(None)}, EVEN, None) == {"a": None}


def test_only_who_would_have_been_chosen_was_called_in_vain() -> None:
    heads = {"a": head(20, 90), "b": head(10, 30), "c": head(None, 15)}
    assert in_vain(heads, EVEN, "a") == {"b": NOW - 20}, "the pull in `a` tells its own"
    heavy = {"a": 1, "b": 1, "c": 2}
    assert in_vain(heads, heavy, "a") == {"b": NOW - 20, "c": NOW - 10}


def test_the_bound_is_the_wait_that_would_have_been_chosen() -> None:
    for weight in range(1, 8):
        weights = {"a": 3, "b": weight}
        for away in range(1, 60):
            told = "b" in in_vain({"a": head(10), "b": head(None, away)}, weights, "a")
            assert told == (away * weight > 30)
