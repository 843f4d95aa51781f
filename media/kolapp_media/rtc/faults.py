"""Mistakes of ours that a datagram brought to light: one line a minute, however many come."""

from __future__ import annotations

import logging
import traceback

_log = logging.getLogger(__name__)
_QUIET = 60.0  # seconds


class Faults:
    """Tells where a datagram failed; never what it or the error held, which is the sender's."""

    def __init__(self) -> None:
        self._quiet_until = float("-inf")
        self._untold = 0

    def tell(self, error: Exception, now: float) -> None:
        """`now` is monotonic, in seconds."""
        if now < self._quiet_until:
            self._untold += 1
            return
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{frames[-1].name}, line {frames[-1].lineno}" if frames else "unknown"
        _log.error(
            "a datagram failed and was dropped: %s in %s; %d more since the last such line",
            type(error).__name__,
            where,
            self._untold,
        )
        self._quiet_until, self._untold = now + _QUIET, 0
