"""Keeps Python's cycle collector from looking at thousands of connections that just wait.

A full collection with 5,000 clients stops the loop for a tenth of a second and finds nothing,
since whoever waits is no garbage. What has lived for a while is therefore put aside (`gc.freeze`)
and looked at again once as many connections have ended as there are.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

_FEWEST_ENDED = 1_000


class Garbage:
    """`connections` counts those that are open and all that there ever were."""

    def __init__(self, connections: Callable[[], tuple[int, int]]) -> None:
        self._connections = connections
        self._ended_before = 0

    def put_aside(self) -> bool:
        """Call it now and then; True if it was time for a full collection."""
        still_open, ever = self._connections()
        ended = ever - still_open
        full = ended - self._ended_before >= max(_FEWEST_ENDED, still_open)
        if full:
            self._ended_before = ended
            gc.unfreeze()
            gc.collect()
        gc.freeze()
        return full

    def close(self) -> None:
        """Everything counts again."""
        gc.unfreeze()
