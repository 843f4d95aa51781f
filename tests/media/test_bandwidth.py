"""How much may be sent: too much is noticed, more is tried slowly, silence is capped."""

from __future__ import annotations

import pytest
from kolapp_media.bandwidth import Hop, Queue, Said, share, smallest


def test_a_hop_that_carries_everything_limits_nothing() -> None:
    hop = Hop()
    for _ in range(60):
        hop.look(1_000_000, loss=0.05, queue=0.05, seconds=1)

    assert hop.estimate is None


@pytest.mark.parametrize(("loss", "queue"), [(0.2, 0.0), (0.0, 0.3)])
def test_what_does_not_get_through_is_not_sent(loss: float, queue: float) -> None:
    hop = Hop()
    hop.look(400_000, loss, queue, seconds=1)

    assert hop.estimate == 340_000


def test_what_was_told_needs_a_moment_to_show() -> None:
    hop = Hop()
    for rate in (400_000, 200_000, 400_000):
        hop.look(rate, loss=0.3, queue=0.3, seconds=0.9)
    assert hop.estimate == 340_000

    hop.look(300_000, loss=0.3, queue=0.3, seconds=0.9)
    assert hop.estimate == 255_000


def test_more_is_tried_from_what_gets_through() -> None:
    hop = Hop()
    hop.look(400_000, loss=0.2, queue=0.0, seconds=1)
    seconds = 0
    while hop.estimate < 1_000_000:
        hop.look(hop.estimate, loss=0.0, queue=0.0, seconds=1)
        seconds += 1

    assert 8 < seconds < 20


def test_what_nobody_sends_is_not_promised() -> None:
    hop = Hop()
    hop.look(400_000, loss=0.2, queue=0.0, seconds=1)
    for _ in range(100):
        hop.look(200_000, loss=0.0, queue=0.0, seconds=1)

    assert hop.estimate == 340_000  # what it was; 1.5 times what is sent is less


def test_there_is_always_room_for_sound() -> None:
    hop = Hop()
    hop.look(1_000, loss=0.9, queue=2.0, seconds=1)

    assert hop.estimate == 60_000


def test_a_queue_is_what_stands_above_the_shortest_way() -> None:
    queue = Queue()
    for picture in range(90):
        queue.add(-5_000.0 + 0.002 * (picture % 2), picture / 30)
    assert queue.delay < 0.003

    for picture in range(90, 120):
        queue.add(-5_000.0 + 0.3, picture / 30)
    assert queue.delay == pytest.approx(0.3, abs=0.02)


def test_a_way_that_is_longer_for_good_is_no_queue() -> None:
    queue = Queue(window=10)
    for picture in range(1_200):  # half a minute on another network
        queue.add(0.0 if picture < 300 else 0.3, picture / 30)

    assert queue.delay < 0.01


def test_what_a_receiver_says_counts_while_it_is_fresh() -> None:
    said = Said(bits=700_000, at=10.0, heard_at=10.0)

    assert said.limit(12.0, since=0.0, patience=6.0, cap=300_000) == 700_000
    assert said.limit(17.0, since=0.0, patience=6.0, cap=300_000) == 300_000


def test_more_than_a_receiver_says_is_tried_until_it_lowers_that() -> None:
    said = Said()
    said.says(250_000, 0.0)
    for second in range(1, 11):
        said.try_more(said.limit(second, 0.0, 60.0, 0), 1.0, clear=True)
        said.says(250_000 + second * 5_000, second)  # it hardly raises it
    assert 700_000 < said.limit(10.0, 0.0, 60.0, 0) < 900_000

    said.says(240_000, 11.0)
    assert said.limit(11.0, 0.0, 60.0, 0) == 240_000


@pytest.mark.parametrize(("rate", "clear"), [(1_000_000, False), (100_000, True)])
def test_nothing_is_tried_on_a_line_that_is_not_clear_or_not_used(rate: float, clear: bool) -> None:
    said = Said()
    said.says(250_000, 0.0)
    for _ in range(10):
        said.try_more(rate, 1.0, clear=clear)

    assert said.limit(0.0, 0.0, 60.0, 0) == 250_000


def test_who_never_says_anything_is_capped_after_a_while() -> None:
    said = Said()

    assert said.limit(12.0, since=10.0, patience=6.0, cap=300_000) is None
    assert said.limit(16.5, since=10.0, patience=6.0, cap=300_000) == 300_000


def test_who_only_reports_is_not_capped() -> None:
    said = Said(heard_at=15.0)

    assert said.limit(16.5, since=10.0, patience=6.0, cap=300_000) is None


def test_the_weakest_counts() -> None:
    assert smallest(None, 5, 3, None) == 3
    assert smallest(None) is None


def test_a_line_is_shared_and_what_one_leaves_goes_to_the_others() -> None:
    assert share(900_000, []) == 900_000
    assert share(900_000, [450_000.0]) == 450_000
    assert share(900_000, [800_000.0]) == 450_000  # who takes more gives way
    assert share(900_000, [100_000.0]) == 800_000
    assert share(900_000, [100_000.0, 700_000.0]) == 300_000
    assert share(900_000, [0.0, 0.0]) == 900_000


def test_nobodys_sound_is_taken_by_what_a_receiver_says() -> None:
    assert share(60_000, [500_000.0, 500_000.0]) == 30_000
