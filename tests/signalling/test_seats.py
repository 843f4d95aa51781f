from __future__ import annotations

from kolapp_signalling.seats import SEATS, slots_of


def test_everybody_sees_the_others_in_the_order_of_the_seats() -> None:
    assert SEATS == ("patient", "clinician", "guest1", "guest2")
    assert slots_of("patient", 3) == ["clinician", "guest1", "guest2"]
    assert slots_of("clinician", 3) == ["patient", "guest1", "guest2"]
    assert slots_of("guest1", 3) == ["patient", "clinician", "guest2"]
    assert slots_of("guest2", 3) == ["patient", "clinician", "guest1"]


def test_who_cannot_be_there_has_no_slot() -> None:
    assert slots_of("patient", 1) == ["clinician"]
    assert slots_of("clinician", 2) == ["patient", "guest1"]
    assert slots_of("guest1", 2) == ["patient", "clinician"]
