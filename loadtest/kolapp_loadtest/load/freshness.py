"""How soon those at the front see a place that changed: from somebody's "your turn" to the next
snapshot of each who is shown one of the first places behind. Pure.

Only turns of the same process are known in time, so with several processes this is a sample.
"""

from __future__ import annotations

from .measures import Measures

FRONT = 20


class Freshness:
    def __init__(self, measures: Measures) -> None:
        self._measures = measures
        self._front: dict[str, dict[int, int]] = {}  # queue: number of a ticket, changed at

    def called(self, queue: str, number: int, at_ns: int) -> None:
        front = self._front.get(queue, {})
        front.pop(number, None)
        for other, since_ns in front.items():
            if other > number and not since_ns:
                front[other] = at_ns

    def shown(self, queue: str, number: int, position: int, at_ns: int) -> None:
        front = self._front.setdefault(queue, {})
        since_ns = front.get(number, 0)
        if since_ns:
            self._measures.latencies.record("place", since_ns, at_ns)
        if 1 < position <= FRONT:
            front[number] = 0
        else:
            front.pop(number, None)

    def gone(self, queue: str, number: int) -> None:
        """Ended, or has no connection: nothing can be shown."""
        self._front.get(queue, {}).pop(number, None)
