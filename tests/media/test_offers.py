"""How many offers a participant may make, and what is remembered of them."""

from __future__ import annotations

import pytest
from kolapp_media import offers
from kolapp_media.offers import OfferLimit


def test_so_many_within_any_window() -> None:
    limit = OfferLimit(3, 10.0)
    taken = [limit.take("visit", "patient", now) for now in (0, 4, 8, 9.9, 10, 13.9, 14, 17, 18)]

    assert taken == [True, True, True, False, True, False, True, False, True]


def test_each_participant_of_each_visit_on_its_own() -> None:
    limit = OfferLimit(1, 10.0)
    assert limit.take("visit", "patient", 0.0)
    assert limit.take("visit", "clinician", 0.0)
    assert limit.take("other", "patient", 0.0)
    assert not limit.take("visit", "patient", 0.0)


def test_nothing_is_remembered_beyond_the_window() -> None:
    limit = OfferLimit(2, 10.0)
    for visit, now in (("a", 0.0), ("b", 1.0), ("a", 5.0)):
        limit.take(visit, "patient", now)
    limit.sweep(11.0)
    assert len(limit) == 1
    limit.sweep(15.0)
    assert len(limit) == 0


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "MOST_PARTICIPANTS", 3)
    limit = OfferLimit(1, 10.0)
    for number in range(10):
        limit.take(f"visit {number}", "patient", 0.0)

    assert len(limit) == 3
    assert not limit.take("visit 9", "patient", 0.0)
