from __future__ import annotations

from dataclasses import replace

from kolapp_queue.eta.announce import CAUSES
from kolapp_queue.eta.published import Curve, Published, keep
from kolapp_queue.model import Line, QueueRef, TicketId
from kolapp_signalling.parts import ForecastRange, WaitRange
from kolapp_signalling.waits import NOT_READ_YET, Waits

REF = QueueRef("north", "drop-in")
NOW_MS = 1_000_000
NOBODY = WaitRange(False, 0, 0, "nobody_on_duty")


def line(count: int, on_duty: int = 1, classes: tuple[int, ...] = ()) -> Line:
    waiting = tuple(TicketId(f"t{n}") for n in range(count))
    orders = [(n, n + 1) for n in range(count)]
    classes = classes or (0,) * count
    return Line(
        REF, 1, NOW_MS, waiting, on_duty, (), 0, 0.0, classes=classes, masks={0: on_duty},
        orders=orders,
    )  # fmt: skip


def published(*until_s: float, why: str = "", cause: str = "") -> Published:
    """Promises to the numbers 1, 2, ...; the lower end is a third of the place in minutes."""
    places = (1, 1 + len(until_s))
    curve = Curve(0, places, tuple((0.0, 20.0 * place, *[0.0] * 5) for place in places))
    numbers = [number for number, _ in enumerate(until_s, 1)]
    ends = [NOW_MS / 1000 + one for one in until_s]
    kept = keep(numbers, ends, until_s, [CAUSES.index(cause)] * len(until_s))
    return Published(NOW_MS, 1, 1, why, (curve,), NOW_MS + 900_000, kept, CAUSES)


def test_a_promise_is_told_in_steps_and_counted_down() -> None:
    waits = Waits(line(9), published(*[600.0] * 9))
    assert waits.of(8, NOW_MS) == WaitRange(True, 180, 600)
    assert waits.of(8, NOW_MS + 200_000) == WaitRange(True, 0, 420)
    told = [waits.of(8, NOW_MS + ms).high_s for ms in range(0, 700_000, 7_000)]
    assert told == sorted(told, reverse=True)
    assert told[-1] == 0  # any moment


def test_who_joins_now_is_told_too() -> None:
    assert Waits(line(9), published(*[600.0] * 9)).next(NOW_MS) == WaitRange(True, 180, 900)
    assert Waits(line(0), published()).next(NOW_MS) == WaitRange(True, 0, 900)


def test_why_it_rose_goes_with_it() -> None:
    assert Waits(line(1), published(600.0, cause="urgent")).of(0, NOW_MS).cause == "urgent"


def test_nothing_is_known_with_nobody_on_duty() -> None:
    waits = Waits(line(2, on_duty=0), published(600.0, 600.0))
    assert waits.of(0, NOW_MS) == waits.next(NOW_MS) == NOBODY


def test_who_is_expected_back_is_as_good_as_there() -> None:
    told = replace(published(600.0, 600.0), expected=(0,))
    waits = Waits(line(2, on_duty=0, classes=(0, 1)), told)
    assert waits.of(0, NOW_MS).known
    assert waits.next(NOW_MS).known
    assert waits.of(1, NOW_MS) == NOBODY
    gone = Waits(line(2, on_duty=0), replace(told, why="nobody_on_duty"))
    assert gone.of(0, NOW_MS) == gone.next(NOW_MS) == NOBODY


def test_nothing_is_known_if_nobody_on_duty_fits() -> None:
    waits = Waits(line(2, classes=(0, 1)), published(600.0, 600.0))
    assert waits.of(0, NOW_MS).known
    assert waits.of(1, NOW_MS) == NOBODY


def test_who_was_promised_nothing_yet_is_told_so() -> None:
    waits = Waits(line(2), published(600.0))
    assert waits.of(0, NOW_MS).known
    assert waits.of(1, NOW_MS) == NOT_READ_YET
    assert Waits(line(1), None).of(0, NOW_MS) == Waits(line(1), None).next(NOW_MS) == NOT_READ_YET
    # A clinician came just now: the last that was computed is older.
    stale = Waits(line(1), published(600.0, why="nobody_on_duty"))
    assert stale.of(0, NOW_MS) == stale.next(NOW_MS) == NOT_READ_YET


def test_the_forecast_behind_a_promise_is_told_as_it_is_and_counted_down() -> None:
    curve = Curve(
        0, (1, 10), ((0.0, 20.0, 0.0, 0.0, 0.0, 61.4, 400.0), (0.0,) * 5 + (160.4, 940.0))
    )
    waits = Waits(line(9), replace(published(*[600.0] * 9), curves=(curve,)))
    assert waits.forecast(0, NOW_MS) == ForecastRange(61, 400)
    assert waits.forecast(8, NOW_MS) == ForecastRange(149, 880)  # between two knots
    assert waits.forecast(8, NOW_MS + 200_000) == ForecastRange(0, 680)
    assert Waits(line(1), None).forecast(0, NOW_MS) is None


def test_of_a_rehearsed_day_waits_are_told_in_its_own_time() -> None:
    """Every moment of what is published is the store's, times the speed."""
    day = published(*[600.0] * 9)
    ends = [NOW_MS * 60 / 1000 + 600.0] * 9
    kept = keep(list(range(1, 10)), ends, [600.0] * 9, [0] * 9)
    played = replace(
        day, at_ms=NOW_MS * 60, kept=kept, next_until_ms=NOW_MS * 60 + 900_000, speed=60
    )
    assert Waits(line(9), played).of(8, NOW_MS) == Waits(line(9), day).of(8, NOW_MS)
    assert Waits(line(9), played).next(NOW_MS) == Waits(line(9), day).next(NOW_MS)
    # Four seconds of the clock are four minutes of the day.
    assert Waits(line(9), played).of(8, NOW_MS + 4_000) == Waits(line(9), day).of(
        8, NOW_MS + 240_000
    )
