"""How long to wait before connecting again: exponential with full jitter. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Full jitter (a uniform draw from zero to the ceiling) spreads a crowd that lost the same
    node evenly; jitter around the ceiling would only blur the wave. Seconds."""

    first_s: float = 0.25
    ceiling_s: float = 8.0
    stable_s: float = 5.0  # a connection that lasted this long starts the series anew
    random: random.Random = field(default_factory=random.Random)
    _failures: int = 0

    def next_delay(self, lasted_s: float) -> float:
        """Delay in seconds after a connection that lasted `lasted_s` (0.0: it never opened)."""
        if lasted_s >= self.stable_s:
            self._failures = 0
        # The exponent is bounded because 2.0 ** 1100 overflows after a long outage.
        ceiling = min(self.ceiling_s, self.first_s * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return self.random.uniform(0.0, ceiling)
