"""How long visits last, learned as they end; and how long they still last, given how long they
have lasted.

A visit's length is taken as log-logistic: heavy on the long side as measured consultations are,
and the rest of a visit that has lasted a while is a closed formula. Its middle follows the kind
of visit and, more carefully, the clinician.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

# Prior: a coefficient of variation near 0.7, as of most kinds of consultation.
PRIOR_SPREAD2 = 0.45  # variance of the logarithm
KIND_WEIGHT, KIND_MEMORY = 10.0, 1000.0
# A clinician is believed to be different only after some dozens of visits.
SERVER_WEIGHT, SERVER_MEMORY = 20.0, 300.0
SHORTEST_S = 2.0
SERVERS = 500  # remembered beyond a restart


class Durations:
    def __init__(self, mean_s: float) -> None:
        self._middle0 = math.log(mean_s) - PRIOR_SPREAD2 / 2
        self._kinds: dict[str, list[float]] = {}  # middle, spread2, seen
        self._servers: dict[str, list[float]] = {}  # middle against the kind's, seen

    def add(self, kind: str, server: str, lasted_s: float) -> None:
        one = self._kinds.setdefault(kind, [self._middle0, PRIOR_SPREAD2, KIND_WEIGHT])
        value = math.log(max(lasted_s, SHORTEST_S))
        off = value - one[0]
        one[2] = min(one[2] + 1, KIND_MEMORY)
        one[0] += off / one[2]
        one[1] += (off**2 - one[1]) / one[2]
        if server:
            own = self._servers.setdefault(server, [0.0, SERVER_WEIGHT])
            own[1] = min(own[1] + 1, SERVER_MEMORY)
            own[0] += (off - own[0]) / own[1]

    def remember(self) -> list[dict[str, list[float]]]:
        """What was learned, as plain values; `recall` takes it back."""
        most_seen = sorted(self._servers.items(), key=lambda one: -one[1][1])
        return [self._kinds, dict(most_seen[:SERVERS])]

    def recall(self, known: list[dict[str, list[float]]]) -> None:
        self._kinds, self._servers = known

    def of(self, kind: str, server: str) -> tuple[float, float]:
        """Median in seconds, and shape: the greater, the more alike the visits are."""
        median_s, shape = self.of_each([kind], [server])
        return float(median_s[0]), float(shape[0])

    def of_each(self, kinds: Sequence[str], servers: Sequence[str]) -> tuple[Any, Any]:
        """The same of many visits at once, a column each."""
        unheard, like_others = (self._middle0, PRIOR_SPREAD2), (0.0, 0.0)
        known = {kind: self._kinds.get(kind, unheard) for kind in set(kinds)}
        middle = np.array([known[kind][0] for kind in kinds])
        own = np.array([self._servers.get(server, like_others)[0] for server in servers])
        spread2 = np.array([known[kind][1] for kind in kinds])
        return np.exp(middle + own), math.pi / np.sqrt(3 * spread2)


def ended_by(lasted_s: Any, median_s: Any, shape: Any, within_s: Any) -> Any:
    """Probability that visits (rows) end within the times (columns), given they still go on."""
    now = 1 + (lasted_s / median_s) ** shape
    then = 1 + ((lasted_s[:, None] + within_s) / median_s[:, None]) ** shape[:, None]
    return 1 - now[:, None] / then


class Returns:
    """How soon a clinician without a visit takes the next one while somebody waits: rates by how
    long ago the last visit ended. Learned from all clinicians of a queue together."""

    EDGES_S = (4.0, 6.0, 8.0, 12.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1280.0)
    # Prior: one in 15 s at first, one in ten minutes after long; worth half a return each.
    _PRIOR = (0.5, 0.07), (0.5, 0.002)

    def __init__(self) -> None:
        self.edges = np.array(self.EDGES_S)
        count = len(self.EDGES_S) + 1
        rates = np.geomspace(self._PRIOR[0][1], self._PRIOR[1][1], count)
        self._returns = np.full(count, 0.5)
        self._exposed_s = 0.5 / rates

    def remember(self) -> list[list[float]]:
        return [self._returns.tolist(), self._exposed_s.tolist()]

    def recall(self, known: list[list[float]]) -> None:
        self._returns, self._exposed_s = (np.array(one) for one in known)

    def returned(self, idle_s: float) -> None:
        self._returns[np.searchsorted(self.edges, idle_s)] += 1

    def waited_for(self, since_s: Any, until_s: Any) -> None:
        """Idle clinicians were waited for, from and until so long after their last visit."""
        self._exposed_s += np.diff(self._reached(until_s) - self._reached(since_s), prepend=0.0)

    def _reached(self, idle_s: Any) -> Any:
        """Total time spent below each edge, and in all."""
        total = np.minimum(idle_s[:, None], self.edges).sum(axis=0)
        return np.append(total, idle_s.sum())

    def by(self, idle_s: Any, within_s: Any) -> Any:
        """Probability that clinicians (rows) return within the times (columns)."""
        rates = self._returns / self._exposed_s
        starts = np.concatenate(([0.0], self.edges))
        totals = np.concatenate(([0.0], np.cumsum(rates[:-1] * np.diff(starts))))

        def hazard(at_s: Any) -> Any:
            bucket = np.searchsorted(self.edges, at_s)
            return totals[bucket] + rates[bucket] * (at_s - starts[bucket])

        return 1 - np.exp(hazard(idle_s)[:, None] - hazard(idle_s[:, None] + within_s))
