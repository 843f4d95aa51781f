"""Work of which there is much, done a little at a time, so that media goes between."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

PORTION = 4  # pieces of some 0.1 ms each


async def in_portions(work: Iterable[bool]) -> None:
    """Asking for the next piece does it. A piece says whether it was any work worth counting."""
    done = 0
    for worked in work:
        done += worked
        if done == PORTION:
            done = 0
            await asyncio.sleep(0)
