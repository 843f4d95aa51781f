from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kolapp_queue.hours import AROUND_THE_CLOCK, OpeningHours, Span, parse_day, show_day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("07:00-22:00", (Span(420, 1_320),)),
        ("00:00-24:00", (Span(0, 1_440),)),
        ("13:00-16:00, 08:00-12:00", (Span(480, 720), Span(780, 960))),
        ("08:00 - 12:00,12:00-13:00", (Span(480, 720), Span(720, 780))),
        ("22:00-02:00", (Span(1_320, 1_560),)),
        ("23:59-23:58", (Span(1_439, 2_878),)),
        (" closed ", ()),
    ],
)
def test_a_day_as_people_write_it(text: str, day: tuple[Span, ...]) -> None:
    assert parse_day(text) == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "open",
        "7:00-22:00",
        "07:00-22:60",
        "24:00-25:00",
        "07:00-24:01",
        "08:00-08:00",
        "24:00-02:00",
        "08:00-12:00,11:00-13:00",
        "20:00-02:00,22:00-23:00",
        "08:00-12:00,",
        "closed, 08:00-09:00",
        "08:00-12:00 extra",
    ],
)
def test_what_is_no_day(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the reader of the file says what is allowed
        parse_day(text)


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (1_440, 1_500), (5, 5), (5, 4), (0, 1_441)])
def test_a_span_begins_on_its_day_and_lasts_at_most_a_day(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="at most 24 hours"):
        Span(start, end)


minutes = st.integers(0, 1_439)


@given(st.lists(st.tuples(minutes, st.integers(1, 1_440)), max_size=1))
def test_what_is_shown_is_read_back(parts: list[tuple[int, int]]) -> None:
    day = tuple(Span(start, start + length) for start, length in parts if length < 1_440)
    assert parse_day(show_day(day)) == day


def test_special_days_stand_for_their_date_only() -> None:
    morning, night = parse_day("08:00-12:00"), parse_day("20:00-23:00")
    eve, new_year = date(2026, 12, 24), date(2027, 1, 1)
    hours = OpeningHours((morning,) * 7, ((eve, ()), (new_year, night)))
    assert [hours.of(day) for day in (date(2026, 12, 23), eve, date(2026, 12, 25), new_year)] == [
        morning,
        (),
        morning,
        night,
    ]
    assert not hours.always
    assert AROUND_THE_CLOCK.always
    assert not OpeningHours(special=((eve, ()),)).always


def test_monday_is_first() -> None:
    morning = parse_day("08:00-12:00")
    hours = OpeningHours((morning, *((),) * 6))
    assert [day for day in range(5, 12) if hours.of(date(2026, 1, day))] == [5]  # a Monday


@pytest.mark.parametrize("days", [("2026-01-02", "2026-01-01"), ("2026-01-01", "2026-01-01")])
def test_special_days_are_in_order(days: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="in order"):
        OpeningHours(special=tuple((date.fromisoformat(day), ()) for day in days))


def test_a_week_has_seven_days() -> None:
    with pytest.raises(ValueError, match="seven"):
        OpeningHours(((),) * 6)
