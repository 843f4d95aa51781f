from __future__ import annotations

from kolapp_signalling.legs import MOST_VISITS, Legs


def test_a_leg_connects_and_is_lost() -> None:
    legs = Legs()
    assert legs.states("v1") == {}
    legs.offered("v1", "m1", 1, "patient", 1)
    assert legs.states("v1") == {"patient": "connecting"}
    assert legs.changed("v1", "m1", 1, "patient", 1, "connected")
    assert not legs.changed("v1", "m1", 1, "patient", 1, "connected")
    assert legs.changed("v1", "m1", 1, "patient", 1, "failed")
    assert legs.states("v1") == {"patient": "lost"}


def test_older_generations_and_placements_are_the_past() -> None:
    legs = Legs()
    legs.offered("v1", "m1", 1, "patient", 1)
    legs.offered("v1", "m1", 1, "patient", 2)
    legs.changed("v1", "m1", 1, "patient", 2, "connected")
    assert not legs.changed("v1", "m1", 1, "patient", 1, "closed")
    legs.offered("v1", "m2", 2, "patient", 3)
    assert not legs.changed("v1", "m1", 1, "patient", 2, "closed")
    assert legs.states("v1") == {"patient": "connecting"}
    assert legs.node("v1") == "m2"


def test_an_answer_that_comes_after_its_event_takes_nothing_back() -> None:
    legs = Legs()
    assert legs.changed("v1", "m1", 1, "patient", 1, "connected")
    legs.offered("v1", "m1", 1, "patient", 1)
    assert legs.states("v1") == {"patient": "connected"}


def test_a_new_placement_loses_the_legs_of_the_old_one() -> None:
    legs = Legs()
    for participant in ("patient", "clinician"):
        legs.offered("v1", "m1", 1, participant, 1)
        legs.changed("v1", "m1", 1, participant, 1, "connected")
    legs.offered("v1", "m2", 2, "clinician", 2)
    assert legs.states("v1") == {"patient": "lost", "clinician": "connecting"}


def test_a_lost_node_loses_its_visits_and_no_others() -> None:
    legs = Legs()
    legs.offered("v1", "m1", 1, "patient", 1)
    legs.offered("v2", "m2", 1, "patient", 1)
    assert legs.node_lost("m1") == ["v1"]
    assert (legs.states("v1"), legs.states("v2")) == (
        {"patient": "lost"},
        {"patient": "connecting"},
    )
    assert not legs.usable("v1", 1)
    assert legs.usable("v1", 2)
    assert legs.usable("v2", 1)
    assert legs.usable("never heard of", 1)


def test_the_last_word_about_a_visit_that_is_over_is_not_kept() -> None:
    legs = Legs()
    legs.offered("v1", "m1", 1, "patient", 1)
    legs.forget("v1")
    assert not legs.changed("v1", "m1", 1, "patient", 1, "closed")
    assert legs.states("v1") == {}


def test_the_visits_heard_of_longest_ago_are_forgotten() -> None:
    legs = Legs()
    for number in range(MOST_VISITS + 1):
        legs.offered(f"v{number}", "m1", 1, "patient", 1)
        legs.offered("v0", "m1", 1, "patient", number + 1)
    assert legs.states("v0") == {"patient": "connecting"}
    assert legs.states("v1") == {}
    assert legs.states(f"v{MOST_VISITS}") == {"patient": "connecting"}


def test_a_node_that_is_back_carries_its_visits_on() -> None:
    legs = Legs()
    for visit, node in (("v1", "m1"), ("v2", "m2")):
        for participant in ("patient", "clinician"):
            legs.offered(visit, node, 1, participant, 1)
            legs.changed(visit, node, 1, participant, 1, "connected")
        legs.node_lost(node)
    legs.node_back("m1")
    assert (legs.usable("v1", 1), legs.usable("v2", 1)) == (True, False)
    assert legs.changed("v1", "m1", 1, "patient", 1, "connected")
    assert legs.states("v1") == {"patient": "connected", "clinician": "lost"}


def test_a_leg_of_who_had_the_seat_before_is_not_the_next_ones() -> None:
    legs = Legs()
    first, second = {"guest1": 1_000_000}, {"guest1": 2_000_000}
    legs.offered("v1", "m1", 1, "patient", 1)
    legs.offered("v1", "m1", 1, "guest1", 1_000_001)
    assert legs.states("v1", first) == {"patient": "connecting", "guest1": "connecting"}
    assert legs.states("v1", second) == {"patient": "connecting"}
    legs.offered("v1", "m1", 1, "guest1", 2_000_001)
    assert not legs.changed("v1", "m1", 1, "guest1", 1_000_001, "closed")
    assert legs.states("v1", second) == {"patient": "connecting", "guest1": "connecting"}
    legs.offered("v1", "m2", 2, "patient", 2)  # of the next placement nothing is known yet
    assert legs.states("v1", second) == {"patient": "connecting", "guest1": "lost"}
