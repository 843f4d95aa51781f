"""Whether a node has no room for another visit: better one refused than all of them bad. Pure."""

from __future__ import annotations

_WINDOW = 3.0  # seconds looked at; one slow moment is no overload
_CALM = 0.9  # of the limits, before it counts as over


class Load:
    """`look` about once a second. `share` is of one core, which is all that a node can use;
    `late` is how far the loop's own timers were behind, on average."""

    def __init__(self, most_share: float, most_late: float) -> None:
        self.busy = False
        self.share = 0.0
        self._most_share = most_share
        self._most_late = most_late
        self._late: list[float] = []
        self._at: float | None = None
        self._cpu = 0.0

    def late(self, seconds: float) -> None:
        """A timer came so much after its time."""
        self._late.append(seconds)

    def look(self, now: float, cpu: float) -> None:
        """`cpu` is what the process has used so far; both in seconds."""
        if self._at is None:
            self._at, self._cpu, self._late = now, cpu, []
            return
        passed = now - self._at
        if passed < _WINDOW:
            return
        self.share = (cpu - self._cpu) / passed
        late = sum(self._late) / max(1, len(self._late))
        worst = max(self.share / self._most_share, late / self._most_late)
        self.busy = worst > (_CALM if self.busy else 1.0)
        self._at, self._cpu, self._late = now, cpu, []
