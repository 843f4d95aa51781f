"""Opening hours against a clock that is read minute by minute."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kolapp_queue.hours import WHOLE_DAY, Day, OpeningHours, Span, parse_day
from kolapp_queue.opening import (
    CLOSING_DAYS,
    OPENING_DAYS,
    Open,
    Shut,
    Stretch,
    at,
    stretches,
)

MINUTE = 60_000
STOCKHOLM = ZoneInfo("Europe/Stockholm")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# The day of a change and its zone: forward, back, half an hour, at midnight, a day left out.
CHANGES = {
    "Stockholm, forward": ("Europe/Stockholm", date(2026, 3, 29)),
    "Stockholm, back": ("Europe/Stockholm", date(2026, 10, 25)),
    "New York, forward": ("America/New_York", date(2026, 3, 8)),
    "New York, back": ("America/New_York", date(2026, 11, 1)),
    "Dublin, forward": ("Europe/Dublin", date(2026, 3, 29)),
    "Lord Howe, half an hour": ("Australia/Lord_Howe", date(2026, 4, 5)),
    "Chatham, at 2:45": ("Pacific/Chatham", date(2026, 9, 27)),
    "Havana, midnight left out": ("America/Havana", date(2026, 3, 8)),
    "Havana, midnight twice": ("America/Havana", date(2026, 11, 1)),
    "Beirut, the hour before midnight twice": ("Asia/Beirut", date(2026, 10, 24)),
    "Apia, a day left out": ("Pacific/Apia", date(2011, 12, 30)),
    "Kolkata, never": ("Asia/Kolkata", date(2026, 6, 1)),
}


def ms(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def local(text: str, zone: ZoneInfo = STOCKHOLM, fold: int = 0) -> int:
    return ms(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold))


@cache
def shown(zone: ZoneInfo, first: date) -> dict[datetime, tuple[int, int]]:
    """What the wall clock shows in each minute around this day, and when it first and last does."""
    begin = ms(datetime.combine(first, datetime.min.time(), UTC)) - 4 * 1_440 * MINUTE
    found: dict[datetime, tuple[int, int]] = {}
    for moment in range(begin, begin + 8 * 1_440 * MINUTE, MINUTE):
        wall = (EPOCH + timedelta(milliseconds=moment)).astimezone(zone).replace(tzinfo=None)
        found[wall] = (found.get(wall, (moment,))[0], moment)
    return found


def open_minutes(hours: OpeningHours, zone: ZoneInfo, first: date) -> set[int]:
    """The open minutes around this day, by looking at the wall clock in each of them: a part of
    a day lasts from the first to the last minute in which the clock shows a time inside it."""
    found: set[int] = set()
    for number in range(-3, 4):
        day = first + timedelta(days=number)
        midnight = datetime.combine(day, datetime.min.time())
        for span in hours.of(day):
            walls = (midnight + timedelta(minutes=m) for m in range(span.start, span.end))
            inside = [shown(zone, first)[wall] for wall in walls if wall in shown(zone, first)]
            if inside:
                ends = min(early for early, _ in inside), max(late for _, late in inside)
                found |= set(range(ends[0], ends[1] + MINUTE, MINUTE))
    return found


spans = st.builds(
    lambda start, length: Span(start, start + length),
    # Often where clocks change, and often around midnight.
    st.one_of(st.integers(0, 1_439), st.sampled_from([0, 60, 90, 120, 150, 165, 180, 1_380])),
    st.one_of(st.integers(1, 1_440), st.sampled_from([30, 60, 1_440])),
)


def apart(day: list[Span]) -> Day:
    kept: list[Span] = []
    for span in sorted(day):
        if not kept or kept[-1].end <= span.start:
            kept.append(span)
    return tuple(kept)


days = st.one_of(
    st.just(()), st.just(WHOLE_DAY), st.lists(spans, min_size=1, max_size=3).map(apart)
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[OpeningHours, ZoneInfo, date]:
    name, changed = CHANGES[draw(st.sampled_from(sorted(CHANGES)))]
    near = st.integers(-2, 2).map(lambda number: changed + timedelta(days=number))
    special = draw(st.dictionaries(near, days, max_size=2))
    hours = OpeningHours(draw(st.tuples(*[days] * 7)), tuple(sorted(special.items())))
    return hours, ZoneInfo(name), changed


@settings(max_examples=60, deadline=None)
@given(cases(), st.data())
def test_it_is_open_when_the_wall_clock_says_so(
    case: tuple[OpeningHours, ZoneInfo, date], data: st.DataObject
) -> None:
    hours, zone, changed = case
    expected = open_minutes(hours, zone, changed)
    noon = ms(datetime.combine(changed, datetime.min.time(), UTC)) + 720 * MINUTE
    first = data.draw(st.integers(-1_440, -1_380))
    for now in range(noon + first * MINUTE, noon + 1_440 * MINUTE, 29 * MINUTE):
        assert isinstance(at(hours, zone, now), Open) == (now in expected)


@settings(max_examples=60, deadline=None)
@given(cases(), st.integers(-2_880, 2_880), st.integers(0, MINUTE - 1))
def test_the_next_change_is_one_and_nothing_changes_before_it(
    case: tuple[OpeningHours, ZoneInfo, date], minute: int, within: int
) -> None:
    hours, zone, changed = case
    now = ms(datetime.combine(changed, datetime.min.time(), UTC)) + minute * MINUTE + within
    state = at(hours, zone, now)
    until = state.closes_ms if isinstance(state, Open) else state.opens_ms
    if until is None:
        return
    assert until > now
    assert type(at(hours, zone, until)) is not type(state)
    for part in (1, 2, 3):
        assert type(at(hours, zone, now + (until - now) * part // 4)) is type(state)
    assert type(at(hours, zone, until - 1)) is type(state)
    if isinstance(state, Shut) and state.closed_ms is not None:
        assert state.closed_ms <= now
        assert isinstance(at(hours, zone, state.closed_ms - 1), Open)


@settings(max_examples=60, deadline=None)
@given(cases())
def test_stretches_are_in_order_and_apart(case: tuple[OpeningHours, ZoneInfo, date]) -> None:
    hours, zone, changed = case
    now = ms(datetime.combine(changed, datetime.min.time(), UTC))
    found = list(stretches(hours, zone, now, 5))
    assert all(one.opens_ms < one.closes_ms for one in found)
    assert all(one.closes_ms < other.opens_ms for one, other in pairwise(found))


def week(text: str) -> OpeningHours:
    return OpeningHours((parse_day(text),) * 7)


def test_the_hour_that_comes_twice_is_open_twice() -> None:
    hours = week("01:00-02:30")
    opens, closes = local("2026-10-25T01:00"), local("2026-10-25T02:30", fold=1)
    assert closes - opens == 150 * MINUTE
    for now in (opens, local("2026-10-25T02:45"), closes - 1):
        assert at(hours, STOCKHOLM, now) == Open(closes)
    assert isinstance(at(hours, STOCKHOLM, closes), Shut)


def test_the_hour_that_is_skipped_opens_nothing() -> None:
    hours = week("02:00-03:00")
    before = local("2026-03-29T01:30")
    assert at(hours, STOCKHOLM, before) == Shut(
        local("2026-03-28T03:00"), local("2026-03-30T02:00")
    )


def test_a_time_that_is_skipped_is_the_moment_of_the_skip() -> None:
    skip = local("2026-03-29T03:00")
    assert at(week("02:30-05:00"), STOCKHOLM, skip - 1) == Shut(local("2026-03-28T05:00"), skip)
    assert at(week("00:00-02:30"), STOCKHOLM, skip - 1) == Open(skip)


def test_midnight_is_no_closing_time() -> None:
    assert at(week("20:00-02:00"), STOCKHOLM, local("2026-06-01T23:59")) == Open(
        local("2026-06-02T02:00")
    )
    assert at(week("00:00-24:00"), STOCKHOLM, local("2026-06-01T23:59")) == Open(None)


def test_a_closed_day_does_not_cut_the_night_before_it() -> None:
    hours = OpeningHours((parse_day("20:00-02:00"),) * 7, ((date(2026, 12, 24), ()),))
    assert at(hours, STOCKHOLM, local("2026-12-24T01:00")) == Open(local("2026-12-24T02:00"))
    assert at(hours, STOCKHOLM, local("2026-12-24T21:00")) == Shut(
        local("2026-12-24T02:00"), local("2026-12-25T20:00")
    )


def test_the_leap_day_is_a_day() -> None:
    hours = OpeningHours(((),) * 7, ((date(2028, 2, 29), parse_day("08:00-09:00")),))
    assert at(hours, STOCKHOLM, local("2028-02-28T12:00")) == Shut(None, local("2028-02-29T08:00"))


def test_what_is_too_far_ahead_is_not_told() -> None:
    now, dawn = local("2026-06-01T12:00"), parse_day("04:00-05:00")
    opens = date(2026, 6, 1) + timedelta(days=OPENING_DAYS - 1)
    for day, told in ((opens, True), (opens + timedelta(days=1), False)):
        state = at(OpeningHours(((),) * 7, ((day, dawn),)), STOCKHOLM, now)
        assert isinstance(state, Shut)
        assert (state.opens_ms is not None) == told
    closes = date(2026, 6, 1) + timedelta(days=CLOSING_DAYS)
    for day, told in ((closes, True), (closes + timedelta(days=1), False)):
        state = at(OpeningHours(special=((day, ()),)), STOCKHOLM, now)
        assert isinstance(state, Open)
        assert (state.closes_ms is not None) == told


def test_a_queue_that_never_opens_says_so() -> None:
    assert at(OpeningHours(((),) * 7), STOCKHOLM, local("2026-06-01T12:00")) == Shut(None, None)


@pytest.mark.parametrize("zone", ["Europe/Stockholm", "Pacific/Auckland", "America/Los_Angeles"])
def test_a_stretch_is_in_the_zones_own_time(zone: str) -> None:
    there = ZoneInfo(zone)
    now = local("2026-06-03T09:00", there)
    [today] = [
        one
        for one in stretches(week("07:00-22:00"), there, now, 3)
        if one.opens_ms <= now < one.closes_ms
    ]
    assert today == Stretch(local("2026-06-03T07:00", there), local("2026-06-03T22:00", there))


def test_zones_are_known_on_a_machine_that_has_none() -> None:
    code = "import zoneinfo; print(zoneinfo.TZPATH, zoneinfo.ZoneInfo('Europe/Stockholm'))"
    environment = {**os.environ, "PYTHONTZPATH": ""}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout == "() Europe/Stockholm\n"
