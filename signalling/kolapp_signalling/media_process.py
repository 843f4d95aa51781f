"""The process of one media node: the node itself, and its place in the store's registry.

Calls must not notice the store: when it is away the node carries on, new visits go elsewhere
once the lease has lapsed, and the node is listed again with the first renewal that gets through.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import signal
from collections.abc import Callable

from kolapp_media.collector import Collector
from kolapp_media.node import MediaNode
from kolapp_media.settings import USUAL_PARTICIPANTS
from kolapp_queue.errors import StoreUnavailable
from kolapp_queue.model import NodeRecord
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore

from .process import report_ready, told_to_stop
from .settings import Settings

LOG = logging.getLogger("kolapp.media")
RENEWALS_A_LEASE = 3  # two in a row may fail before the node counts as dead


async def run_media(settings: Settings) -> None:
    """Carry calls until told to stop: SIGTERM lets those that are running end first, for as long
    as a drain may take; SIGINT does not. Raises OSError when an address cannot be listened on."""
    drain, stop = told_to_stop(signal.SIGTERM), told_to_stop(signal.SIGINT)
    node = MediaNode(settings.media, settings.cluster_secret, Collector())
    await node.start(settings.media_control)
    node_id = settings.node_id or f"media-{secrets.token_hex(8)}"
    capacity = settings.media.max_legs // USUAL_PARTICIPANTS

    def record() -> NodeRecord:
        load = capacity if node.is_full else node.stats().visits
        return NodeRecord(node_id, "media", node.address, capacity, load)

    registry = Registry(settings.store_url, settings.queue, settings.node_lease_ms, record)
    try:
        await registry.renew()
        async with asyncio.TaskGroup() as tasks:  # a bug in renewing ends the node, loudly
            renewing = tasks.create_task(registry.keep_renewing(), name="renew the lease")
            report_ready({"control": node.address})
            await _until_stopped(node, drain, stop)
            renewing.cancel()
    finally:
        await registry.leave()  # first, so that nobody dials a node that closes
        await node.close()


async def _until_stopped(node: MediaNode, drain: asyncio.Event, stop: asyncio.Event) -> None:
    """The lease goes on meanwhile: running visits must find the node, and new ones see it full."""

    async def drained() -> None:
        await drain.wait()
        LOG.info("Told to stop: new visits go elsewhere, running ones may end first.")
        await node.drain()

    ways = [asyncio.ensure_future(each) for each in (drained(), stop.wait())]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    await asyncio.gather(*ways, return_exceptions=True)


class Registry:
    """The node's own line in the registry. No method raises because the store is away."""

    def __init__(
        self, url: str, settings: QueueSettings, lease_ms: int, record: Callable[[], NodeRecord]
    ) -> None:
        self._url, self._settings = url, settings
        self._lease_ms, self._record = lease_ms, record
        self._store: QueueStore | None = None
        self._listed = True  # as far as we know; a change is logged once

    async def keep_renewing(self) -> None:
        while True:
            await asyncio.sleep(self._lease_ms / RENEWALS_A_LEASE / 1000)
            await self.renew()

    async def renew(self) -> None:
        try:
            if self._store is None:
                self._store = await QueueStore.connect(self._url, self._settings)
            await self._store.register_node(self._record(), self._lease_ms)
        except StoreUnavailable:
            if self._listed:
                LOG.warning("The store is away; running visits go on, new ones go elsewhere.")
            self._listed = False
            return
        if not self._listed:
            LOG.warning("The store is back; this node takes visits again.")
        self._listed = True

    async def leave(self) -> None:
        if self._store is None:
            return
        with contextlib.suppress(StoreUnavailable):  # then the lease ends by itself
            await self._store.forget_node(self._record().id)
        await self._store.close()
