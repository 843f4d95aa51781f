"""A node that stops, or cannot reach its store, sends everybody elsewhere: a few at a time, in no
order, each with a hint.

Whoever is sent off connects again at once, here or at another node. All at the same moment would
be a storm for those who stay; one after the other would take too long, so the whole has a limit.
Calls in progress do not notice: their media is not here.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from .codes import CloseCode
from .connection import Connection
from .messages import Reconnect

_BATCH_S = 0.05


@dataclass(frozen=True, slots=True)
class Drain:
    """See the settings of the same names."""

    per_s: int
    within_s: float
    hint_ms: int
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def send_off(self, connections: Collection[Connection], why: CloseCode) -> None:
        """Until all have ended, which each does within its closing handshake's deadline."""
        left = list(connections)
        random.shuffle(left)
        batch = self.batch(len(left))
        for first in range(0, len(left), batch):
            if first:
                await self.pause(_BATCH_S * random.uniform(0.5, 1.0))
            for connection in left[first : first + batch]:
                connection.send(Reconnect(after_ms=self.hint_ms))
                connection.close_soon(why)
        await asyncio.gather(*(connection.ended for connection in left))

    def batch(self, count: int) -> int:
        """So many at a time that all of them are sent off in time."""
        batches = max(1, int(self.within_s / _BATCH_S))
        return max(1, int(self.per_s * _BATCH_S), -(-count // batches))
