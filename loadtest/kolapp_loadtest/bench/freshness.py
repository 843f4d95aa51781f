"""How soon after a pull those who wait see their new place.

Every pull moves everybody behind it up by one, so a place that is seen says which pulls it has
taken into account: the n-th pull is on screen when the place is at least n better than it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..wire import Message

FRONT = 20  # places that count as the front, as design and default settings have it

# A ticket's place when the measuring began, and each later one with its time of arrival (ns).
Seen = tuple[int, Sequence[tuple[int, int]]]


class Places:
    """What some clients saw of their places since `begin`."""

    def __init__(self) -> None:
        self._now: dict[str, int] = {}
        self._began: dict[str, int] = {}
        self._since: dict[str, list[tuple[int, int]]] = {}

    def saw(self, message: Message, arrived_ns: int) -> None:
        place = message.get("place") if message.get("type") == "ticket" else None
        if not place or not place.get("position"):
            return
        ticket, position = message["ticket"], place["position"]
        self._now[ticket] = position
        if ticket in self._began:
            self._since[ticket].append((arrived_ns, position))

    async def begin(self) -> None:
        self._began = dict(self._now)
        self._since = {ticket: [] for ticket in self._began}

    async def seen(self) -> list[Seen]:
        return [(place, self._since[ticket]) for ticket, place in self._began.items()]


def fresh_ns(pulls_ns: Sequence[int], seen: Sequence[Seen]) -> Mapping[str, list[int]]:
    """From each pull (its sending) to the frame that shows it, for each client that waits on: in
    the front, and behind it. A pull that never showed before the client's end is left out."""
    found: dict[str, list[int]] = {"front": [], "tail": []}
    ordered = sorted(pulls_ns)
    for began, places in seen:
        later = iter(places)
        current = next(later, None)
        for number, sent_ns in enumerate(ordered, 1):
            due = began - number
            if due < 1:
                break  # it was this client's own
            while current is not None and current[1] > due:
                current = next(later, None)
            if current is None:
                break
            found["front" if due <= FRONT else "tail"].append(max(0, current[0] - sent_ns))
    return found
