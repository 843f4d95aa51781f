"""Whether the store answers, queue by queue, and what this node does while it does not.

Versions are compared about every second, so that a lost hint costs no more than that. While a queue
cannot be read, everybody who waits in it is told that the place is the last one known. A node that
reaches no queue for so long that it is rather cut off than waiting sends its people elsewhere,
once; nobody loses the place over it.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from kolapp_queue.errors import StoreUnavailable
from kolapp_queue.model import QueueRef
from kolapp_queue.store import QueueStore

from . import log
from .hub import Hub
from .queues import OpenQueue, Queues
from .tasks import Tasks


@dataclass
class StoreWatch:
    """`send_elsewhere` is called once in each outage, after `patience_s`."""

    store: QueueStore
    queues: Queues
    hub: Hub
    tasks: Tasks
    every_s: float
    patience_s: float
    send_elsewhere: Callable[[], Awaitable[None]]
    _asked: set[QueueRef] = field(default_factory=set)  # whose version is under way
    _away: dict[QueueRef, float] = field(default_factory=dict)  # since when, in the loop's time
    _sent: bool = False  # in the present outage

    async def run(self) -> None:
        while True:
            # A little less than the promise, and never in step with the other nodes.
            await asyncio.sleep(self.every_s * random.uniform(0.6, 0.8))
            for queue in self.queues:
                # Beside each other: in a cluster one queue's node may be gone and others are not.
                if queue.ref not in self._asked:
                    self._asked.add(queue.ref)
                    self.tasks.start(self._look_at(queue))
            await self._be_patient()

    async def _look_at(self, queue: OpenQueue) -> None:
        try:
            await self._compare(queue)
        except StoreUnavailable:
            await self._lost(queue)
        finally:
            self._asked.discard(queue.ref)

    async def _compare(self, queue: OpenQueue) -> None:
        """A version that no hint told of means a lost hint."""
        known = queue.line.version  # before asking: a later reading may be newer
        version = await self.store.version(queue.ref)
        # What was forgotten meanwhile, because another queue went back, is nothing to compare with.
        known = min(known, queue.line.version)
        if queue.line.went_back or version < known:
            await self._begin_anew(queue)
        elif queue.compare(version):
            self.queues.resync(queue.ref)
        if self._away.pop(queue.ref, None) is not None:
            if not self._away:
                log.event(logging.WARNING, "The store is back.")
            self.queues.resync(queue.ref)

    async def _lost(self, queue: OpenQueue) -> None:
        if queue.ref in self._away:
            return
        if not self._away:
            log.event(logging.WARNING, "The store is away.")
        self._away[queue.ref] = asyncio.get_running_loop().time()
        await queue.places.tell_stale()

    async def _be_patient(self) -> None:
        """Another node may reach what we cannot."""
        since = [self._away.get(queue.ref) for queue in self.queues]
        if not self._away:
            self._sent = False
        elif not self._sent and None not in since:
            now = asyncio.get_running_loop().time()
            if now - max(at for at in since if at is not None) >= self.patience_s:
                self._sent = True
                count = len(self.hub)
                log.event(logging.ERROR, "The store is away for long; all go.", count=count)
                self.tasks.start(self._send())

    async def _send(self) -> None:
        await self.send_elsewhere()

    async def _begin_anew(self, queue: OpenQueue) -> None:
        """The store lost its last writes, so what we and our clients know is of a time that never
        was. New sessions begin with the truth; older versions would be ignored in the old ones.
        What we have seen tells the store whose signed copies it may restore."""
        await self.store.went_back(queue.ref, queue.line.seen)
        log.event(logging.ERROR, "The store went back; everybody begins anew.", count=len(self.hub))
        self.hub.begin_anew()
        self.queues.forget()
