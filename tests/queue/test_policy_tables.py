from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

import pytest
from kolapp_queue.hours import AROUND_THE_CLOCK, parse_day
from kolapp_queue.policy_kinds import Kind, Place
from kolapp_queue.policy_tables import BANDS, SPECIAL, TITLES, WEEK


def read(kind: Kind[Any], toml: str) -> Any:
    place = Place(("key",))
    taken = place.take(kind, tomllib.loads(f"key = {toml}")["key"])
    return list(map(str, place.faults)) if place.faults else taken[0]


DAY, NIGHT = parse_day("08:00-16:00"), parse_day("20:00-02:00")


@pytest.mark.parametrize(
    ("toml", "week"),
    [
        ('"always"', AROUND_THE_CLOCK.week),
        ("{}", ((),) * 7),
        ('{ daily = "08:00-16:00" }', (DAY,) * 7),
        ('{ weekdays = "08:00-16:00" }', (DAY,) * 5 + ((),) * 2),
        ('{ weekend = "08:00-16:00" }', ((),) * 5 + (DAY,) * 2),
        ('{ sun = "closed", daily = "08:00-16:00" }', (DAY,) * 6 + ((),)),
        (
            '{ fri = "20:00-02:00", weekdays = "closed", daily = "08:00-16:00" }',
            ((),) * 4 + (NIGHT, DAY, DAY),
        ),
    ],
)
def test_the_narrower_one_wins(toml: str, week: Any) -> None:
    assert read(WEEK, toml) == week


def test_all_faults_of_a_week_are_told() -> None:
    told = read(WEEK, '{ monday = "closed", tue = "8-16", wed = 8 }')
    assert [fault.split(";")[0] for fault in told] == [
        "key.monday is unknown here",
        "key.tue is '8-16'",
        "key.wed is 8",
    ]
    assert told[0].endswith("did you mean mon?")


@pytest.mark.parametrize("kind", [WEEK, SPECIAL, BANDS, TITLES])
def test_a_number_is_no_table(kind: Kind[Any]) -> None:
    assert read(kind, "3") == [f"key is 3; it must be {kind.allowed}."]


def test_special_days_are_sorted_by_date() -> None:
    assert read(SPECIAL, '{ 2026-12-31 = "20:00-02:00", 2026-12-24 = "closed" }') == (
        (date(2026, 12, 24), ()),
        (date(2026, 12, 31), NIGHT),
    )


@pytest.mark.parametrize("day", ["2026-02-29", "20261224", "2026-W01-1", "christmas"])
def test_what_is_no_date_is_told(day: str) -> None:
    assert read(SPECIAL, f'{{ {day} = "closed" }}') == [
        f"key.{day} is not a date; it must be a key such as 2026-12-24."
    ]


def test_the_leap_day_is_a_date() -> None:
    assert read(SPECIAL, '{ 2028-02-29 = "closed" }') == ((date(2028, 2, 29), ()),)


def test_a_table_has_an_end() -> None:
    days = ", ".join(f'{date.fromordinal(730_000 + day)} = "closed"' for day in range(1_001))
    assert read(SPECIAL, f"{{ {days} }}") == [f"key is a table; it must be {SPECIAL.allowed}."]
    bands = ", ".join(f'b{number} = "1 min"' for number in range(9))
    assert read(BANDS, f"{{ {bands} }}") == [f"key is a table; it must be {BANDS.allowed}."]


def test_bands_keep_their_order() -> None:
    assert read(BANDS, '{ urgent = "30 min", child = "10 min" }') == (
        ("urgent", 1_800_000),
        ("child", 600_000),
    )
    told = read(BANDS, '{ "very urgent" = "1 h", child = 10 }')
    assert told[0] == 'key."very urgent" is not a name; it must be 1 to 64 of A-Z a-z 0-9 _ -.'
    assert told[1].startswith("key.child is 10; it must be a time such as")


def test_titles_by_language() -> None:
    assert read(TITLES, '"Doctor"') == (("", "Doctor"),)
    assert read(TITLES, '{ sv = "Läkare", en = "Doctor" }') == (("sv", "Läkare"), ("en", "Doctor"))
    assert read(TITLES, '{ se = "Läkare", en = "" }') == [
        "key.se is unknown here; it must be one of en, sv, nb.",
        "key.en is ''; it must be text of 1 to 80 characters on one line.",
    ]


@pytest.mark.parametrize(
    ("kind", "toml"),
    [
        (WEEK, '"always"'),
        (WEEK, '{ mon = "08:00-12:00, 13:00-16:00", sun = "20:00-02:00" }'),
        (SPECIAL, "{}"),
        (SPECIAL, '{ 2026-12-24 = "closed" }'),
        (BANDS, '{ urgent = "30 min" }'),
        (TITLES, '"say \\"yes\\""'),
        (TITLES, '{ sv = "Läkare" }'),
    ],
)
def test_what_is_shown_is_what_was_written(kind: Kind[Any], toml: str) -> None:
    assert kind.show(read(kind, toml)) == toml
