"""The rhythm of repair: wakes whoever misses packets, and nobody when nobody does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

# Seconds. Shorter than any network's way there and back; long enough to ask for a burst at once.
_INTERVAL = 0.01


class Pulse:
    """`need(repair)`: call `repair(now)` at each beat until it says that nothing is missing."""

    def __init__(self) -> None:
        self._needed: set[Callable[[float], bool]] = set()
        self._beating = False

    def need(self, repair: Callable[[float], bool]) -> None:
        self._needed.add(repair)
        if not self._beating:
            self._beating = True
            asyncio.get_running_loop().call_later(_INTERVAL, self._beat)

    def _beat(self) -> None:
        now = time.monotonic()
        self._needed = {repair for repair in self._needed if repair(now)}
        self._beating = bool(self._needed)
        if self._beating:
            asyncio.get_running_loop().call_later(_INTERVAL, self._beat)
