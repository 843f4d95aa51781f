"""Which of several queues a clinician pulls from. Pure.

The one whose first fitting ticket has waited longest, each wait counted as often as the queue
weighs. With equal weights that is the earliest ticket of all. Nobody starves: a wait grows until it
outweighs every other queue's, however heavy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Head:
    """Who is first in a queue, of those that fit one clinician."""

    now_ms: int
    order: tuple[int, int] | None  # order key and number of the first present ticket
    away_key: int | None  # order key of the first one away whose turn was not told yet

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Head:
        order = record.get("order")
        return cls(record["now_ms"], order and (order[0], order[1]), record.get("away"))


def longest(heads: Mapping[str, Head], weights: Mapping[str, int]) -> str | None:
    """The queue to pull from; None if nobody is there."""
    now_ms = max((head.now_ms for head in heads.values()), default=0)

    def rank(queue: str) -> tuple[int, int, int]:
        order_key, number = heads[queue].order or (0, 0)
        return -(now_ms - order_key) * weights[queue], order_key, number

    return min((queue for queue, head in heads.items() if head.order), key=rank, default=None)


def in_vain(
    heads: Mapping[str, Head], weights: Mapping[str, int], chosen: str | None
) -> dict[str, int | None]:
    """The other queues in which somebody away would have been chosen, had they been there: whoever
    has an order key below this; None: whoever is away."""
    now_ms = max((head.now_ms for head in heads.values()), default=0)
    found: dict[str, int | None] = {}
    for queue, head in heads.items():
        if head.away_key is None or queue == chosen:
            continue
        order = heads[chosen].order if chosen is not None else None
        if chosen is None or order is None:
            found[queue] = None
            continue
        # (now - key) * own weight > (now - the chosen one's key) * its weight
        waited = (now_ms - order[0]) * weights[chosen]
        below = now_ms - waited // weights[queue]
        if head.away_key < below:
            found[queue] = below
    return found
