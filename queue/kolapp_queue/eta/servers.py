"""One clinician, as far as the events of a queue and the duty there have told."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

FORGET = 0.98  # of where a clinician's visits were, with each
LONG_AGO_S = -4 * 3600.0


@dataclass(slots=True)
class Server:
    """One clinician; `kinds` are the shares of what they lately served."""

    ticket: int = -1  # of the visit going on
    on_duty: bool = True
    free_since_s: float = LONG_AGO_S
    kinds: dict[str, float] = field(default_factory=dict)
    leaves_s: float = math.inf  # when they mean to stop
    comes_s: float = -math.inf  # when they mean to come back
    # Those who serve other queues too: since when a visit there goes on, and how many visits here
    # and there lately, older ones counting less.
    elsewhere_since_s: float | None = None
    here: float = 2.0
    there: float = 0.0

    @property
    def busy(self) -> bool:
        return self.ticket >= 0

    @property
    def idle(self) -> bool:
        return self.on_duty and not self.busy and self.elsewhere_since_s is None

    @property
    def mostly(self) -> str:
        """The kind they serve most."""
        return max(self.kinds, key=self.kinds.__getitem__, default="")

    @property
    def share(self) -> float:
        """Of the visits that are this queue's."""
        return self.here / (self.here + self.there)

    def is_elsewhere(self, since_s: float | None, now_s: float) -> None:
        """In a visit in another queue since then; None: not."""
        if since_s is None and self.elsewhere_since_s is not None:
            self.free_since_s = now_s
        elif since_s is not None and since_s != self.elsewhere_since_s:
            self.here, self.there = FORGET * self.here, FORGET * self.there + 1
        self.elsewhere_since_s = since_s

    def took(self, kind: str) -> None:
        self.here, self.there = FORGET * self.here + 1, FORGET * self.there
        self.elsewhere_since_s = None
        for known in self.kinds:
            self.kinds[known] *= 0.99
        self.kinds[kind] = self.kinds.get(kind, 0.0) + 0.01
