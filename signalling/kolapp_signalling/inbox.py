"""What one connection has asked and is not answered yet: bounded, beside the reading.

So the reader hears at once when the client closes or pings, also while a request takes its time.
The order is not kept here but by the person's lock, which serves whoever asks for it first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from .tasks import Tasks

# Requests read and not answered; what a client sends beyond that stays in its socket.
READ_AHEAD = 8


class Inbox:
    __slots__ = ("_tasks", "_under_way")

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._under_way: list[asyncio.Task[None]] = []  # thousands are empty: a list is smallest

    @property
    def idle(self) -> bool:
        return not self._under_way

    async def put(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin it, once there is room."""
        while len(self._under_way) >= READ_AHEAD:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        task = self._tasks.start(work)
        self._under_way.append(task)
        task.add_done_callback(self._under_way.remove)

    async def done(self) -> None:
        """Until everything that was put in is done."""
        if self._under_way:
            await asyncio.wait(self._under_way)
