"""Quantiles and mean of a wait, learned as it goes: a structural estimate, times what the net has
learned to multiply it by.

The net's last layer begins at zero, so the structure alone speaks until there is something to
learn from. Learning is by small steps on rows drawn from the past, so it needs no fitting and no
night; it follows drifting days because recent rows are drawn more often.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .net import Net

# What is learned, in this order; the mean last.
SHARES = np.array([0.1, 0.5, 0.8, 0.9])
OUTPUTS = len(SHARES) + 1
SOFT = 1 / 18  # of a mean visit: added before logarithms, so that seconds do not weigh too much
HIDDEN = 64
BATCH = 256
ROWS = 100_000  # kept
RECENT = 0.3  # of a batch comes from the last RECENT_ROWS
RECENT_ROWS = 12_000
EVERY = 16  # new rows, then a step: seldom several at once, for "your turn" may have to wait for it
RATE = 1.5e-3
# What was learned from little is pulled back to the structure: the decay of the weights, and the
# number of rows from which on it counts for less than twice that.
DECAY, DECAY_ROWS, DECAY_MOST = 0.3, 30_000, 10.0
# In mean visits: longer waits weigh as much as this one; and what is an odd one.
MOST_SAID, MOST_SLOPE = 4.0, 12.0
FULL_RATE = 3_000  # rows until steps are at full size


class Learner:
    def __init__(self, inputs: int, seed: int = 1) -> None:
        self._rng = np.random.default_rng(seed)
        self.net = Net(inputs, HIDDEN, OUTPUTS, self._rng)
        self._rows = np.zeros((ROWS, inputs), dtype=np.float16)
        self._base = np.zeros((ROWS, OUTPUTS), dtype=np.float32)
        self._wait = np.zeros(ROWS, dtype=np.float32)
        self.seen = 0  # rows ever
        self._held = 0  # of them, how many are still there

    def say(self, rows: Any, base: Any) -> Any:
        """`base`: what follows from the structure, as rows of OUTPUTS. All in mean visits."""
        said = np.exp(self.net.answer(rows)) * (base + SOFT) - SOFT
        said[:, :-1] = np.maximum.accumulate(said[:, :-1], axis=1)  # quantiles do not cross
        return np.maximum(said, 0.0)

    def add(self, row: Any, base: Any, wait: float) -> None:
        """A wait that has ended, and what was known when it was asked about."""
        place = self.seen % ROWS
        self._held = min(self._held + 1, ROWS)
        self._rows[place], self._base[place], self._wait[place] = row, base, wait
        self.seen += 1
        if self.seen % EVERY == 0 and self.seen >= BATCH // 4:
            self._learn()

    def newest(self, most: int) -> tuple[Any, Any, Any]:
        """The last rows, what the structure said and how long they waited; oldest first."""
        count = min(most, self._held)
        places = (self.seen - count + np.arange(count)) % ROWS
        return self._rows[places], self._base[places], self._wait[places]

    def refill(self, rows: Any, base: Any, wait: Any, seen: int) -> None:
        """As they were given by `newest`, after `seen` rows in all."""
        places = (seen - len(rows) + np.arange(len(rows))) % ROWS
        self._rows[places], self._base[places], self._wait[places] = rows, base, wait
        self.seen, self._held = seen, len(rows)

    def _learn(self) -> None:
        recent = int(BATCH * RECENT)
        back = np.concatenate(
            (
                self._rng.integers(self._held, size=BATCH - recent),
                self._rng.integers(min(self._held, RECENT_ROWS), size=recent),
            )
        )
        drawn = (self.seen - 1 - back) % ROWS
        base, wait = self._base[drawn] + SOFT, self._wait[drawn] + SOFT

        def slope(answers: Any) -> Any:
            return _slope(answers, base, wait)

        rate = RATE * min(1.0, self.seen / FULL_RATE + 0.05)
        decay = min(DECAY_MOST, DECAY * (1 + DECAY_ROWS / self.seen))
        self.net.learn(self._rows[drawn].astype(float), slope, rate, decay)


def _slope(answers: Any, base: Any, wait: Any) -> Any:
    """Of the pinball loss of each quantile, and of the squared error of the mean, both of waits
    and not of their logarithms. Bounded by what was said, never by what came: that would move
    the quantile."""
    said = np.exp(np.minimum(answers, 6.0)) * base
    slopes = np.empty_like(said)
    late = wait[:, None] > said[:, :-1]
    slopes[:, :-1] = -np.where(late, SHARES, SHARES - 1) * np.minimum(said[:, :-1], MOST_SAID)
    slopes[:, -1] = (said[:, -1] - wait) * np.minimum(said[:, -1], MOST_SAID)
    return 3 * np.clip(slopes, -MOST_SLOPE, MOST_SLOPE)
