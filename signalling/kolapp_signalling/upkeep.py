"""What this node does about once a second, whoever is connected.

Deadlines that have passed are swept, which every node may do; sockets and sessions are looked
after. Whether the store is there, and what its hints did not tell: `store_watch.py`.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence

from kolapp_queue.errors import QueueError, StoreUnavailable
from kolapp_queue.feed import Feed
from kolapp_queue.model import Hint, QueueRef
from kolapp_queue.presence import NodeLease
from kolapp_queue.store import QueueStore

from . import log
from .clock import StoreClock
from .hub import Hub
from .news import News
from .queues import Queues
from .revocations import Revocations, Unreadable

_LOOK_S = 1.0  # sockets and sessions
_REGISTRY_S = 5.0  # how often the queues that others opened are looked up
_AT_A_TIME = 8  # of what nobody waits for, such as absences
_SOON_MS = 20  # a deadline that is due already is not swept faster than that


async def follow(feed: Feed, queues: Queues, news: News) -> None:
    """Hints, as they come."""
    async for event in feed:
        if isinstance(event, Hint):
            queue = queues.get(event.ref)
            if event.forecast:
                if queue is not None:
                    queue.places.forecast()
                continue
            news.hint(event)
            if queue is not None and queue.hint(event.version):
                queues.resync(event.ref)
        else:
            queues.resync(event.ref)


async def look_after(hub: Hub) -> None:
    while True:
        await asyncio.sleep(_LOOK_S)
        await hub.look_after()


async def keep_revocations(revocations: Revocations, hub: Hub) -> None:
    while True:
        await asyncio.sleep(_LOOK_S)
        try:
            if changed := revocations.look():
                hub.revoke(changed)
        except Unreadable as error:
            log.event(logging.ERROR, "The file of revoked tokens cannot be used.", error=error)


async def tell_absences(hub: Hub) -> None:
    """Of patients whose connection is lost, and show those theirs who came while the store was
    away. After a failure the rest waits for the next time: a store that is away is not stormed."""
    while True:
        await asyncio.sleep(_LOOK_S)
        try:
            await _some_at_a_time([participant.tell_absence for participant in hub.absent()])
            await _some_at_a_time([participant.try_again for participant in hub.unrestored()])
        except QueueError as error:
            log.event(logging.WARNING, "Absences wait for the store.", error=error)


async def keep_lease(lease: NodeLease, every_ms: int, begin_anew: Callable[[], None]) -> None:
    """This node's people count as there while its lease lasts. One that was given up, because it
    slept or could not reach the store, has lost them: whoever is still there connects again."""
    while True:
        await asyncio.sleep(every_ms / 1000)
        try:
            kept = await lease.renew()
        except StoreUnavailable:
            continue  # said by those who need it more
        if not kept:
            log.event(logging.ERROR, "This node was given up; everybody begins anew.")
            begin_anew()


async def renew(hub: Hub, every_ms: int) -> None:
    """Clinicians are on duty as long as they are connected."""
    while True:
        await asyncio.sleep(every_ms / 1000)
        await _some_at_a_time([clinician.renew for clinician in hub.clinicians()])


async def _some_at_a_time(work: Sequence[Callable[[], Awaitable[None]]]) -> None:
    for first in range(0, len(work), _AT_A_TIME):
        await asyncio.gather(*(each() for each in work[first : first + _AT_A_TIME]))


async def sweep(
    store: QueueStore, queues: Queues, clock: StoreClock, every_ms: int, chance_ms: int
) -> None:
    """Deadlines of all queues, also of those nobody is connected for here, and dead nodes, which
    are looked for in vain for `chance_ms`."""
    loop = asyncio.get_running_loop()
    registry: set[QueueRef] = set()
    look_up_at = 0.0
    while True:
        try:
            if loop.time() >= look_up_at:
                registry = set(await store.queues())
                look_up_at = loop.time() + _REGISTRY_S
            every = registry | {queue.ref for queue in queues}
            next_ms = await store.sweep_all(every, chance_ms)
        except StoreUnavailable:
            next_ms = 0
        await asyncio.sleep(_pause_s(next_ms, clock.now_ms(), every_ms))


def _pause_s(next_ms: int, now_ms: int, every_ms: int) -> float:
    """Until the next deadline, yet not longer than `every_ms`: there may be a new one."""
    left_ms = max(_SOON_MS, next_ms - now_ms) if next_ms else every_ms
    return min(left_ms, every_ms * random.uniform(0.7, 1.0)) / 1000
