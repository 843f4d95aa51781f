"""The store's time, as this node knows it.

Rings and leases are deadlines of the store's clock, so what is left of them is counted on it. It
is learnt from every record that carries the store's `now_ms`; between two of them ours runs on.
"""

from __future__ import annotations

import time


class StoreClock:
    def __init__(self) -> None:
        self._offset_ms = 0

    def heard(self, store_ms: int) -> None:
        """The store said that it is `store_ms` now."""
        self._offset_ms = store_ms - _own_ms()

    def now_ms(self) -> int:
        return _own_ms() + self._offset_ms


def _own_ms() -> int:
    return time.time_ns() // 1_000_000
