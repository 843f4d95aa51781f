"""Which media node a queue prefers: the same everywhere, by capacity, moved as little as can be."""

from __future__ import annotations

from collections import Counter

from kolapp_queue.model import NodeRecord, QueueRef
from kolapp_signalling.affinity import preferred

QUEUES = [QueueRef("provider", f"queue-{number}") for number in range(2_000)]


def node(name: str, capacity: int = 100) -> NodeRecord:
    return NodeRecord(name, "media", "127.0.0.1:1", capacity, 0)


THREE = [node("a"), node("b"), node("c")]


def firsts(nodes: list[NodeRecord]) -> list[str]:
    return [preferred(queue, nodes)[0] for queue in QUEUES]


def test_everybody_finds_the_same_order() -> None:
    for queue in QUEUES[:50]:
        assert preferred(queue, THREE) == preferred(queue, THREE[::-1])
        assert sorted(preferred(queue, THREE)) == ["a", "b", "c"]


def test_a_load_changes_no_preference() -> None:
    loaded = [node("a"), NodeRecord("b", "media", "127.0.0.1:2", 100, 99), node("c")]
    assert firsts(loaded) == firsts(THREE)


def test_queues_are_spread_by_capacity() -> None:
    counts = Counter(firsts([node("a", 300), node("b"), node("c", 0)]))
    assert 1_400 < counts["a"] < 1_600
    assert counts["c"] < 50


def test_one_that_goes_moves_only_its_own_queues() -> None:
    before, after = firsts(THREE), firsts(THREE[:2])
    assert all(new == old for old, new in zip(before, after, strict=True) if old != "c")
    assert {new for old, new in zip(before, after, strict=True) if old == "c"} == {"a", "b"}


def test_the_second_choices_of_one_nodes_queues_are_spread_too() -> None:
    seconds = Counter(preferred(queue, THREE)[1] for queue in QUEUES[:900])
    assert min(seconds.values()) > 200


def test_no_nodes_no_order() -> None:
    assert preferred(QUEUES[0], []) == []
