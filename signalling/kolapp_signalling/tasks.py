"""Tasks that somebody owns: started here, ended here, never silent about a failure."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from . import log

_RESTART_S = 1.0
_CANCEL_AGAIN_S = 2.0  # time enough to tidy up before


class Tasks:
    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def start(
        self, work: Coroutine[Any, Any, Any], *, waited_for: bool = False
    ) -> asyncio.Task[Any]:
        """`waited_for`: somebody awaits it and hears of its failure, so it is not logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._waited_for if waited_for else self._alone)
        return task

    def keep(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Work without an end: when it fails all the same, it begins anew after a moment."""
        self.start(self._kept(work))

    async def _kept(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                return await work()
            except Exception as error:
                log.event(logging.ERROR, "A background loop failed.", error=error)
                await asyncio.sleep(_RESTART_S)

    async def stop(self) -> None:
        """Cancel what still runs and wait for it. More than once: libraries, and `wait_for` of
        Python 3.11, may swallow a cancellation, and a node that stops must end."""
        while self._running:
            for task in self._running:
                task.cancel()
            await asyncio.wait(self._running, timeout=_CANCEL_AGAIN_S)

    def _waited_for(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # seen, also when the last one who waited has been cancelled

    def _alone(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.event(logging.ERROR, "A background task failed.", error=error)
