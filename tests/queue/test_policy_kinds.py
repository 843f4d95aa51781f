from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kolapp_queue.policy_kinds import (
    AGES,
    FLAG,
    NAMES,
    ZONE,
    Kind,
    Place,
    duration,
    one_of,
    or_word,
    show_duration,
    shown,
    text,
    whole,
)

RING = duration("5 s", "10 min")


def read(kind: Kind[Any], value: object) -> Any:
    """The value, or the faults that were found instead."""
    place = Place(("key",))
    taken = place.take(kind, value)
    return list(map(str, place.faults)) if place.faults else taken[0]


@pytest.mark.parametrize(
    ("kind", "value", "meaning"),
    [
        (text(1, 5), " abc ", "abc"),
        (text(0, 5), "", ""),
        (whole(0, 3), 3, 3),
        (FLAG, False, False),
        (one_of("a", "b"), "b", "b"),
        (RING, "90 s", 90_000),
        (RING, "5min", 300_000),
        (duration("0 s", "2 d"), "1 d", 86_400_000),
        (duration("0 s", "2 d"), "250 ms", 250),
        (or_word("never", RING), "never", None),
        (or_word("never", RING), "5 s", 5_000),
        (NAMES, ["sv", "nb-NO"], ("sv", "nb-NO")),
        (NAMES, [], ()),
        (AGES, "13-24", (13, 24)),
        (AGES, "", None),
        (ZONE, "Europe/Stockholm", "Europe/Stockholm"),
    ],
)
def test_what_is_understood(kind: Kind[Any], value: object, meaning: object) -> None:
    assert read(kind, value) == meaning


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (text(1, 5), ""),
        (text(1, 5), "   "),
        (text(1, 5), "abcdef"),
        (text(1, 5), "a\nb"),
        (text(1, 5), "a\x1b"),
        (text(1, 5), 3),
        (whole(0, 3), 4),
        (whole(0, 3), -1),
        (whole(0, 3), True),
        (whole(0, 3), 1.0),
        (whole(0, 3), "1"),
        (FLAG, 1),
        (FLAG, "true"),
        (one_of("a", "b"), "c"),
        (one_of("a", "b"), ["a"]),
        (RING, 45),
        (RING, "45"),
        (RING, "4 s"),
        (RING, "11 min"),
        (RING, "-5 s"),
        (RING, "1 week"),
        (RING, "1.5 min"),
        (or_word("never", RING), "ever"),
        (NAMES, "sv"),
        (NAMES, ["sv", "sv"]),
        (NAMES, ["s v"]),
        (NAMES, [""]),
        (NAMES, [1]),
        (NAMES, [f"n{number}" for number in range(33)]),
        (AGES, "24-13"),
        (AGES, "13"),
        (AGES, "0-151"),
        (AGES, 13),
        (ZONE, ""),
        (ZONE, "localtime"),
        (ZONE, "/etc/localtime"),
        (ZONE, "../Stockholm"),
        (ZONE, "Europe"),
        (ZONE, "UTC+2"),
        (ZONE, 2),
    ],
)
def test_what_is_refused_says_what_is_allowed(kind: Kind[Any], value: object) -> None:
    assert read(kind, value) == [f"key is {shown(value)}; it must be {kind.allowed}."]


@pytest.mark.parametrize("wrong", ["europe/stockholm", "Europe/Stokholm"])
def test_a_misspelt_zone_is_recognised(wrong: str) -> None:
    assert read(ZONE, wrong) == [f"key is '{wrong}'; did you mean Europe/Stockholm?"]


@given(st.integers(0, 10**9))
def test_a_duration_is_shown_as_it_is_read(ms: int) -> None:
    kind = duration("0 s", "366 d")
    assert read(kind, show_duration(ms)) == ms
    assert kind.show(ms) == f'"{show_duration(ms)}"'


def test_a_duration_is_shown_in_its_largest_unit() -> None:
    assert [show_duration(ms) for ms in (0, 1, 1_000, 90_000, 120_000, 86_400_000)] == [
        "0 s",
        "1 ms",
        "1 s",
        "90 s",
        "2 min",
        "1 d",
    ]


def test_an_unknown_key_is_told_with_what_is_near_or_what_there_is() -> None:
    place = Place(("queues", "a b"))
    place.unknown("rign", ["ring", "drain"])
    place.unknown("zzz", ["ring", "drain"])
    assert list(map(str, place.faults)) == [
        'queues."a b".rign is unknown here; did you mean ring?',
        'queues."a b".zzz is unknown here; it must be one of ring, drain.',
    ]


def test_a_long_value_is_cut() -> None:
    assert len(shown("x" * 1_000)) == 60
    assert shown({"a": 1}) == "a table"
