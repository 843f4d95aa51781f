"""Waiting for what tells nobody when it changes: a browser's statistics, the counters of another
process. It is asked again and again; where there is an event, wait for the event instead."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
EVERY_S = 0.2


async def ask_until(
    ask: Callable[[], Awaitable[T]], enough: Callable[[T], bool], within_s: float
) -> T:
    """The first answer that is enough."""
    found: T | None = None
    try:
        async with asyncio.timeout(within_s):
            while not enough(found := await ask()):  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(EVERY_S)
    except TimeoutError:
        raise AssertionError(f"after {within_s} s only {found}") from None
    return found
