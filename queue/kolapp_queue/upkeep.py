"""What concerns everybody: the line, and the registries of queues and nodes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgpack
from redis.asyncio.client import Pipeline

from . import keys, records
from .audit_stream import FIELD
from .errors import UnreadableRecord
from .eta.published import Published
from .forecast_lease import read_forecast
from .forecasting import Forecasted, Forecasting, ForecastTimes
from .line_records import ask_line, line_of
from .model import Line, NodeRecord, QueueRef
from .rises import Recent
from .verbs import Verbs

# What is looked at to find why a place rose: of more than that happened since, nothing is said.
RECENT_EVENTS = 500


class Upkeep(Verbs):
    async def line(self, ref: QueueRef) -> Line:
        """The whole line at one moment of the store."""
        return line_of(ref, *await self._link.together(partial(ask_line, ref)))

    async def forecast(self, ref: QueueRef) -> Published | None:
        """The waiting times as they were published last; None before the first."""
        return await read_forecast(self._link, ref)

    def forecasting(self, ref: QueueRef, configured: Callable[[], Forecasted]) -> Forecasting:
        """This node's part in computing the waiting times, to be run."""
        times = ForecastTimes(lease_ms=self._settings.forecast_lease_ms)
        return Forecasting(self._link, ref, configured, times)

    async def recent(self, line: Line) -> Recent:
        """What happened lately to a line that was just read: the tail of its queue's events."""
        key = keys.queue_key(line.ref, "events")
        newest = await self._link.do(lambda redis: redis.xrevrange(key, count=RECENT_EVENTS))
        events = [msgpack.unpackb(fields[FIELD]) for _, fields in reversed(newest)]
        return Recent(line, events, whole=len(events) < RECENT_EVENTS)

    async def version(self, ref: QueueRef) -> int:
        """The queue's version; 0 before its first change. Cheap: ask it often."""
        key = keys.queue_key(ref, "meta")
        return int(await self._link.do(lambda redis: redis.hget(key, "version")) or 0)

    async def queues(self) -> list[QueueRef]:
        """Every queue ever joined or put on duty."""
        members = await self._link.do(lambda redis: redis.smembers(keys.QUEUES))
        return [QueueRef(*member.decode().split("/")) for member in sorted(members)]

    async def active(self, ref: QueueRef) -> int:
        """How many tickets have not ended there: waiting, called, in a visit, on the way out."""
        key = keys.queue_key(ref, "patients")
        return int(await self._link.do(lambda redis: redis.hlen(key)))

    async def register_node(self, node: NodeRecord, lease_ms: int) -> None:
        """Announce a node, or renew its lease; it is gone when the lease ends unrenewed."""
        packed = records.pack_node(node)

        def fill(pipeline: Pipeline) -> None:
            pipeline.sadd(keys.NODES, node.id)
            pipeline.set(keys.node(node.id), packed, px=lease_ms)

        await self._link.together(fill)

    async def nodes(self, kind: str) -> list[NodeRecord]:
        """The nodes of this kind whose lease lasts, by id. A record that cannot be read is left
        out and counted: the others are needed, and it is gone with its lease."""
        ids = await self._link.do(lambda redis: redis.smembers(keys.NODES))
        names = sorted(node_id.decode() for node_id in ids)
        if not names:
            return []
        packed = await self._link.do(lambda redis: redis.mget([keys.node(name) for name in names]))
        gone = [name for name, record in zip(names, packed, strict=True) if record is None]
        if gone:
            # Harmless beside a node that comes back at this moment: each renewal adds it again.
            await self._link.do(lambda redis: redis.srem(keys.NODES, *gone))
        found, self.unread_nodes = [], 0
        for record in packed:
            if record is None:
                continue
            try:
                found.append(records.node(record))
            except UnreadableRecord:
                self.unread_nodes += 1
        return [node for node in found if node.kind == kind]

    async def forget_node(self, node_id: str) -> None:
        """A node says good-bye; forgetting an unknown one is fine."""

        def fill(pipeline: Pipeline) -> None:
            pipeline.srem(keys.NODES, node_id)
            pipeline.delete(keys.node(node_id))

        await self._link.together(fill)
