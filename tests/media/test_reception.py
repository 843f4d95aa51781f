"""What is missing of a stream, when it is asked for, and what is reported."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kolapp_media.reception import Missing, Reception


def stream(most: int = 10) -> Reception:
    return Reception(90_000, Missing(most, patience=0.01, give_up=1.0))


def arrive(found: Reception, sequence: int, now: float = 0.0) -> bool:
    """As the hot path does it."""
    found.packets += 1
    if sequence == found.next:
        found.next = (sequence + 1) & 0xFFFF
        return True
    return found.takes(sequence, now)


def test_what_was_skipped_is_asked_for_once_it_cannot_have_been_overtaken() -> None:
    found = stream()
    for sequence in (65_533, 65_534, 1):
        assert arrive(found, sequence)

    assert found.missing.due(0.005, 0.1) == []
    assert found.missing.due(0.01, 0.1) == [65_535, 0]
    assert found.missing.due(0.05, 0.1) == []  # the answer cannot be here yet
    assert arrive(found, 0)
    assert found.missing.due(0.17, 0.1) == [65_535]


def test_questions_become_rarer() -> None:
    found = stream()
    for sequence in (1, 3):
        arrive(found, sequence)
    asked = [at for at in range(1_000) if found.missing.due(at / 1_000, 0.001)]

    assert asked[:3] == [10, 50, 90]
    assert 6 < len(asked) < 12
    assert all(later - earlier >= 40 for earlier, later in pairwise(asked))


def test_a_packet_is_taken_once() -> None:
    found = stream()
    for sequence in (1, 2, 5, 3):
        assert arrive(found, sequence)

    for sequence in (1, 2, 3, 5):
        assert not arrive(found, sequence)


def test_what_does_not_come_is_given_up() -> None:
    found = stream()
    for sequence in (1, 3):
        arrive(found, sequence)

    assert found.missing.due(1.01, 0.1) == []
    assert (len(found.missing), found.missing.hopeless) == (0, True)


def test_too_much_to_ask_for() -> None:
    found = stream(most=10)
    for sequence in (1, 13):
        assert arrive(found, sequence)

    assert (found.missing.due(9.0, 0.1), found.missing.hopeless) == ([], True)
    assert found.next == 14


def test_voices_that_overtake_each_other_are_passed_on() -> None:
    found = Reception(48_000, None)

    assert [arrive(found, sequence) for sequence in (1, 3, 2, 4)] == [True] * 4


def test_a_report_counts_what_was_lost() -> None:
    found = stream()
    for sequence in (65_534, 65_535, 0, 2):  # 1 is lost
        arrive(found, sequence)
    first = found.block(7, 1.0)
    for sequence in (3, 4, 1):  # it came after all
        arrive(found, sequence)
    second = found.block(7, 2.0)

    assert (first.lost, first.fraction, first.highest) == (1, 256 // 5, 65_538)
    assert (second.lost, second.fraction, second.highest) == (0, 0, 65_540)


def test_a_silent_second_loses_nothing() -> None:
    found = stream()
    assert found.block(7, 0.0) is None
    arrive(found, 5)
    found.block(7, 1.0)

    assert found.block(7, 2.0).fraction == 0


def test_a_report_says_how_old_the_senders_was() -> None:
    found = stream()
    arrive(found, 1)
    assert found.block(7, 1.0).last_report == 0

    found.reported(0x0001_2345_6789_0000, 1.0)
    block = found.block(7, 1.5)

    assert (block.last_report, block.delay) == (0x2345_6789, 32_768)


def test_jitter_settles_at_the_spread_of_arrival() -> None:
    found = stream()
    for picture in range(400):
        late = 0.01 if picture % 2 else 0.0
        found.begin(picture * 3_000, picture / 30 + late)

    assert found.jitter == pytest.approx(900, rel=0.05)  # 10 ms of 90 kHz

    settled = found.jitter
    found.begin(2**31, 400 / 30)  # the numbers begin anew: not a jump of hours
    assert found.jitter == settled


@given(st.lists(st.integers(0, 65_535), max_size=60))
def test_any_order_keeps_the_bounds(sequences: list[int]) -> None:
    found = stream()
    taken = 0
    for sequence in sequences:
        taken += arrive(found, sequence)
        assert len(found.missing) <= 10
    assert taken <= len(sequences)
    block = found.block(7, 1.0)
    assert (block is None) == (not sequences)
