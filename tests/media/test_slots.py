"""Whom each participant is sent, and where."""

from __future__ import annotations

import pytest
from kolapp_media.errors import BadRequest
from kolapp_media.slots import check_slots, in_slots


def test_each_sees_those_who_are_there_where_they_asked_for_them() -> None:
    assert in_slots(
        {
            "patient": ("clinician", "guest1", "guest2"),
            "guest2": ("patient", "clinician", "guest1"),
            "guest1": ("patient",),
        }
    ) == {
        "patient": [None, "guest1", "guest2"],
        "guest2": ["patient", None, "guest1"],
        "guest1": ["patient"],
    }


def test_who_asked_for_nobody_sees_who_came_first() -> None:
    assert in_slots({"patient": (), "clinician": (), "guest1": ()}) == {
        "patient": ["clinician"],
        "clinician": ["patient"],
        "guest1": ["patient"],
    }
    assert in_slots({"patient": ()}) == {"patient": [None]}


@pytest.mark.parametrize("slots", [(), ("b",), tuple("bcde")])
def test_slots_that_name_each_other_one_once(slots: tuple[str, ...]) -> None:
    check_slots("a", slots, 4)


@pytest.mark.parametrize("slots", [("a",), ("b", "b"), tuple("bcdef")])
def test_slots_that_do_not(slots: tuple[str, ...]) -> None:
    with pytest.raises(BadRequest):
        check_slots("a", slots, 4)
