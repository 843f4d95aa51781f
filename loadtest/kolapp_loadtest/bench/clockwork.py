"""Doing something at a planned moment, more exactly than the event loop's timers."""

from __future__ import annotations

import asyncio
import time

# Timers of asyncio and uvloop have a grain of a millisecond and wake late, never early. Turning
# the loop for the last stretch costs 1 % of a core at five events a second.
AWAKE_NS = 2_000_000


async def reach(moment_ns: int) -> None:
    """Return at `moment_ns` (perf_counter_ns), a few microseconds late at most if the process
    is not busy with something else."""
    ahead_ns = moment_ns - time.perf_counter_ns() - AWAKE_NS
    if ahead_ns > 0:
        await asyncio.sleep(ahead_ns / 1e9)
    while time.perf_counter_ns() < moment_ns:  # noqa: ASYNC110  # no event tells the time
        await asyncio.sleep(0)
