"""What the media nodes have done, for the metrics: asked every few seconds, counted on here.

Each signalling node counts all media nodes that it is connected to, so their figures are the same
and not to be added up. A node that goes, and one that begins anew, leaves the counts as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from kolapp_media.client import MediaClient
from kolapp_media.errors import MediaError
from kolapp_media.model import NodeStats
from prometheus_client import CollectorRegistry, Counter, Gauge

EVERY_S = 5.0
_COUNTED = ("forwarded", "dropped", "resent", "asked", "repaired", "floods")


class MediaFigures:
    """`clients` are those connected now, by node."""

    def __init__(
        self, registry: CollectorRegistry, clients: Callable[[], Mapping[str, MediaClient]]
    ) -> None:
        self._clients = clients
        self._last: dict[str, NodeStats] = {}
        text = (
            "Of the media nodes: packets forwarded, dropped by the guard, resent (a browser had "
            "lost them), asked for again, repaired (they came then), and floods by strangers. The "
            "same on all signalling nodes."
        )
        self._packets = Counter("kolapp_media_packets", text, ["what"], registry=registry)
        text = (
            "Words between the clients of visits (`signal`) that the media nodes passed on. The "
            "same on all signalling nodes."
        )
        self._words = Counter("kolapp_media_words", text, registry=registry)
        text = "CPU seconds of the media nodes; each can use one core. The same everywhere."
        self._cpu = Counter("kolapp_media_cpu_seconds", text, registry=registry)
        text = "Legs that the media nodes carry now. The same on all signalling nodes."
        self._legs = Gauge("kolapp_media_legs", text, registry=registry)
        text = "Memory of the media nodes in bytes. The same on all signalling nodes."
        self._memory = Gauge("kolapp_media_memory_bytes", text, registry=registry)
        for what in _COUNTED:
            self._packets.labels(what)

    async def run(self) -> None:
        while True:
            await self.ask()
            await asyncio.sleep(EVERY_S)

    async def ask(self) -> None:
        """All nodes at the same time; one that does not answer is counted the next time."""
        clients = dict(self._clients())
        self._last = {node: stats for node, stats in self._last.items() if node in clients}
        await asyncio.gather(*(self._ask(node, client) for node, client in clients.items()))
        self._legs.set(sum(each.legs for each in self._last.values()))
        self._memory.set(sum(each.rss_bytes for each in self._last.values()))

    async def _ask(self, node: str, client: MediaClient) -> None:
        try:
            now = await client.stats()
        except MediaError:
            return
        before, self._last[node] = self._last.get(node), now
        if before is None:
            return  # what it did before is in the counts of whoever knew it then
        for what in _COUNTED:
            self._packets.labels(what).inc(max(0, getattr(now, what) - getattr(before, what)))
        self._words.inc(max(0, now.posted - before.posted))
        self._cpu.inc(max(0.0, now.cpu_s - before.cpu_s))
