"""How often a participant may offer: each offer costs the node milliseconds. Pure."""

from __future__ import annotations

from collections import deque

# Participants remembered at most; the one that offered longest ago is forgotten.
MOST_PARTICIPANTS = 4_096


class OfferLimit:
    """`most` offers of one participant of a visit within any `window` seconds.

    Kept apart from the visit, which is not remembered when its first offer is refused. `now` is
    monotonic, in seconds.
    """

    def __init__(self, most: int, window: float) -> None:
        self._most = most
        self._window = window
        self._taken: dict[tuple[str, str], deque[float]] = {}  # offered last is last

    def __len__(self) -> int:
        return len(self._taken)

    def take(self, visit: str, participant: str, now: float) -> bool:
        """Count an offer; False, and nothing counted, if it is one too many."""
        key = visit, participant
        taken = self._taken.get(key)
        if taken is None:
            taken = deque(maxlen=self._most)
        elif len(taken) == self._most and now - taken[0] < self._window:
            return False
        taken.append(now)
        self._taken.pop(key, None)
        self._taken[key] = taken
        if len(self._taken) > MOST_PARTICIPANTS:
            del self._taken[next(iter(self._taken))]
        return True

    def sweep(self, now: float) -> None:
        """Forget who has not offered for a whole window."""
        while self._taken:
            key = next(iter(self._taken))
            if now - self._taken[key][-1] < self._window:
                return
            del self._taken[key]
