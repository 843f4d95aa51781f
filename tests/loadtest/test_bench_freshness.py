"""When a pull is on screen: pure bookkeeping of places."""

from __future__ import annotations

from kolapp_loadtest.bench.freshness import Places, fresh_ns


def test_a_place_shows_all_pulls_it_has_taken_into_account() -> None:
    found = fresh_ns([100, 200, 300], [(23, [(150, 22), (450, 20)])])
    assert found == {"front": [150], "tail": [50, 250]}


def test_pulls_count_in_their_order_and_ones_own_ends_it() -> None:
    assert fresh_ns([200, 100], [(2, [(130, 1), (260, 0)])]) == {"front": [30], "tail": []}


def test_what_never_showed_is_left_out() -> None:
    assert fresh_ns([100, 200], [(5, [(150, 4)]), (9, [])]) == {"front": [50], "tail": []}


def test_a_place_that_was_better_before_the_pull_waited_for_nobody() -> None:
    assert fresh_ns([100], [(5, [(90, 3)])])["front"] == [0]


async def test_places_are_kept_from_the_beginning_of_the_measuring() -> None:
    places = Places()

    def saw(ticket: str, position: int, at: int) -> None:
        places.saw({"type": "ticket", "ticket": ticket, "place": {"position": position}}, at)

    saw("a", 9, 1)
    saw("a", 8, 2)
    await places.begin()
    saw("a", 7, 3)
    saw("b", 12, 4)  # drew a number since
    places.saw({"type": "pong"}, 5)
    places.saw({"type": "ticket", "ticket": "a", "call": {}}, 6)
    assert await places.seen() == [(8, [(3, 7)])]
