from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kolapp_queue.eta.line import MOST_KNOTS, Columns, knots, places_at
from kolapp_queue.eta.state import KINDS

UNIT_S = 600.0
NOW_S = 1_000.0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, KINDS - 1), st.sampled_from([0.0, 90.0]), st.floats(0, NOW_S)),
        min_size=1,
        max_size=12,
    ),
    st.data(),
)
def test_what_is_ahead_is_what_stands_before(
    people: list[tuple[int, float, float]], data: st.DataObject
) -> None:
    kind, credit_s, joined_s = (np.array(column) for column in zip(*people, strict=True))
    which = np.array(data.draw(st.permutations(range(len(people)))))[: data.draw(st.integers(1, 3))]
    places = places_at(Columns(kind, credit_s, joined_s), which, NOW_S, UNIT_S)
    for row, index in enumerate(which):
        ahead = people[:index]
        waited = [NOW_S - one[2] for one in ahead]
        assert places.ahead[row] == index
        counts = [sum(one[0] == number for one in ahead) for number in range(KINDS)]
        assert places.ahead_of_kind[row].tolist() == counts
        assert places.urgent_ahead[row] == sum(one[1] > 0 for one in ahead)
        assert places.old_ahead[row] == sum(one > UNIT_S / 3 for one in waited)
        assert places.ahead_waited_s[row] == pytest.approx(sum(waited))
        assert places.waited_s[row] == NOW_S - people[index][2]


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 100, 1_000, 10_000, 100_000])
def test_knots_are_few_and_reach_from_the_first_to_the_last(count: int) -> None:
    found = knots(count)
    assert len(found) == min(count, MOST_KNOTS) or MOST_KNOTS - 20 <= len(found) <= MOST_KNOTS
    assert (np.diff(found) > 0).all()
    if count:
        assert (found[0], found[-1]) == (0, count - 1)
