from __future__ import annotations

import gc
from collections.abc import Iterator
from weakref import ref

import pytest
from kolapp_signalling.garbage import Garbage


class Knot:
    """Refers to itself, so only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def counts() -> list[int]:
    return [10, 10]


@pytest.fixture
def garbage(counts: list[int]) -> Iterator[Garbage]:
    garbage = Garbage(lambda: (counts[0], counts[1]))
    yield garbage
    garbage.close()
    gc.collect()


def test_what_waits_is_put_aside(garbage: Garbage) -> None:
    assert not garbage.put_aside()
    assert gc.get_freeze_count() > 0


def test_when_many_have_ended_everything_is_looked_at_again(
    garbage: Garbage, counts: list[int]
) -> None:
    knot = Knot()
    found = ref(knot)
    garbage.put_aside()
    del knot
    gc.collect()
    assert found() is not None  # put aside, although nobody has it any more
    counts[1] += 1_000
    assert garbage.put_aside()
    assert found() is None
    assert not garbage.put_aside()  # and then not before as many have ended again


def test_with_many_open_connections_it_takes_as_many_that_ended(
    garbage: Garbage, counts: list[int]
) -> None:
    counts[:] = [5_000, 9_999]
    assert not garbage.put_aside()
    counts[1] = 10_000
    assert garbage.put_aside()
