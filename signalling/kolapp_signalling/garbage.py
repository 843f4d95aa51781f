"""Keeps Python's cycle collector from looking at thousands of connections that just wait.

A full collection with 5,000 clients stops the loop for a tenth of a second, with ten thousand
sockets that come and go for half a second, and finds nothing: who waits is no garbage, and what a
connection or a session leaves behind has no rings (`GuardedSocket.untie`, `Audience.release`). What
has lived for a while is therefore put aside (`gc.freeze`), and looked at again when few are here.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

_FEWEST_ENDED = 1_000
_FEW = 200  # open connections; a full collection takes some 10 ms then
# New objects before the collector looks at the newest; how often it does before it looks at what
# lives a little longer, and at all that is not put aside: never, at once a second.
_THRESHOLDS = (10_000, 20, 1_000)


class Garbage:
    """`connections` counts those that are open and all that there ever were."""

    def __init__(self, connections: Callable[[], tuple[int, int]]) -> None:
        self._connections = connections
        self._thresholds = gc.get_threshold()
        gc.set_threshold(*_THRESHOLDS)
        self._ended_before = 0

    def put_aside(self) -> bool:
        """Call it every second; True if it was time for a full collection."""
        still_open, ever = self._connections()
        ended = ever - still_open
        full = still_open <= _FEW and ended - self._ended_before >= _FEWEST_ENDED
        if full:
            self._ended_before = ended
            gc.unfreeze()
            gc.collect()
        gc.freeze()
        return full

    def close(self) -> None:
        """Everything counts again."""
        gc.unfreeze()
        gc.set_threshold(*self._thresholds)
