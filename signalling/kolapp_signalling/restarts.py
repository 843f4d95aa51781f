"""How soon a process that died is started again. Pure: the caller measures time."""

from __future__ import annotations

from dataclasses import dataclass, field

SETTLED_MS = 10_000  # a process that lived so long did not die of its start


@dataclass
class Restarts:
    """At once after a healthy life; with doubling pauses while it keeps dying at once."""

    first_ms: int
    longest_ms: int
    _early_deaths: int = field(default=0, init=False)

    def pause_ms(self, lived_ms: int) -> int:
        """It died after `lived_ms`; start it again after this."""
        if lived_ms >= SETTLED_MS:
            self._early_deaths = 0
        pause = 0
        if self._early_deaths:
            doublings = min(self._early_deaths - 1, 20)  # far beyond any pause, far below overflow
            pause = min(self.longest_ms, self.first_ms << doublings)
        self._early_deaths += 1
        return pause
