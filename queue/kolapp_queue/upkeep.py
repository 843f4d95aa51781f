"""What concerns everybody: the line, deadlines, the registries of queues and nodes."""

from __future__ import annotations

from typing import Any

from redis.asyncio.client import Pipeline

from . import keys, records
from .model import Line, NodeRecord, QueueRef, TicketId
from .verbs import Verbs

# Deadlines done in one script call: bounds how long the store is busy with one of them.
SWEEP_MOST = 100
PLACE_LENGTH = 25  # of order key and number in front of the id, see `place_of` in lua/queue


class Upkeep(Verbs):
    async def line(self, ref: QueueRef) -> Line:
        """The whole line at one moment of the store."""

        def fill(pipeline: Pipeline) -> None:
            pipeline.time()
            pipeline.hmget(
                keys.queue_key(ref, "meta"), "version", "clock", "visits_done", "visit_ms_mean"
            )
            pipeline.zrange(keys.queue_key(ref, "present"), 0, -1)
            pipeline.zrange(keys.queue_key(ref, "away"), 0, -1)
            pipeline.zrange(keys.queue_key(ref, "duty"), 0, -1, withscores=True)
            pipeline.zrange(keys.queue_key(ref, "live"), 0, -1, withscores=True)

        return _line(ref, *await self._link.together(fill))

    async def version(self, ref: QueueRef) -> int:
        """The queue's version; 0 before its first change. Cheap: ask it often."""
        key = keys.queue_key(ref, "meta")
        return int(await self._link.do(lambda redis: redis.hget(key, "version")) or 0)

    async def sweep(self, ref: QueueRef) -> int:
        """Do the steps whose deadline passed (missed calls, no-shows, expired absences, lapsed
        duty, what is to be forgotten), at most `SWEEP_MOST` of each kind. Returns the next
        deadline in ms of the store's clock, 0 if none; one in the past means: there is more.
        """
        settings = self._settings
        due = await self._link.queue("due", ref)
        steps: dict[str, tuple[str, tuple[int, ...]]] = {
            "rings": (
                "miss",
                (settings.missed_calls, settings.away_grace_ms, settings.retention_ms),
            ),
            "grace": ("expire", (settings.retention_ms,)),
            "duty": ("lapse", ()),
            "ended": ("forget", ()),
        }
        done = False
        for kind, (verb, args) in steps.items():
            if kind in due and due[kind] <= due["now"]:
                reply = await self._link.queue(verb, ref, SWEEP_MOST, *args)
                for clinician, visit in reply.get("released", ()):
                    await self._release_clinician(ref.provider, clinician, visit)
                done = True
        if done:
            due = await self._link.queue("due", ref)
        return min((due[kind] for kind in steps if kind in due), default=0)

    async def queues(self) -> list[QueueRef]:
        """Every queue ever joined or put on duty."""
        members = await self._link.do(lambda redis: redis.smembers(keys.QUEUES))
        return [QueueRef(*member.decode().split("/")) for member in sorted(members)]

    async def register_node(self, node: NodeRecord, lease_ms: int) -> None:
        """Announce a node, or renew its lease; it is gone when the lease ends unrenewed."""
        packed = records.pack_node(node)

        def fill(pipeline: Pipeline) -> None:
            pipeline.sadd(keys.NODES, node.id)
            pipeline.set(keys.node(node.id), packed, px=lease_ms)

        await self._link.together(fill)

    async def nodes(self, kind: str) -> list[NodeRecord]:
        """The nodes of this kind whose lease lasts, by id."""
        ids = await self._link.do(lambda redis: redis.smembers(keys.NODES))
        names = sorted(node_id.decode() for node_id in ids)
        if not names:
            return []
        packed = await self._link.do(lambda redis: redis.mget([keys.node(name) for name in names]))
        gone = [name for name, record in zip(names, packed, strict=True) if record is None]
        if gone:
            # Harmless beside a node that comes back at this moment: each renewal adds it again.
            await self._link.do(lambda redis: redis.srem(keys.NODES, *gone))
        found = [records.node(record) for record in packed if record is not None]
        return [node for node in found if node.kind == kind]

    async def forget_node(self, node_id: str) -> None:
        """A node says good-bye; forgetting an unknown one is fine."""

        def fill(pipeline: Pipeline) -> None:
            pipeline.srem(keys.NODES, node_id)
            pipeline.delete(keys.node(node_id))

        await self._link.together(fill)


def _line(
    ref: QueueRef,
    time: tuple[int, int],
    meta: list[Any],
    present: list[bytes],
    away: list[bytes],
    duty: list[tuple[bytes, float]],
    live: list[tuple[bytes, float]],
) -> Line:
    version, clock, done, mean = meta
    now_ms = max(time[0] * 1000 + time[1] // 1000, int(clock or 0))
    # Both runs are sorted already, so this is a merge.
    places = sorted(present + away)
    return Line(
        ref=ref,
        version=int(version or 0),
        now_ms=now_ms,
        waiting=tuple([TicketId(place[PLACE_LENGTH:].decode()) for place in places]),
        on_duty=sum(until_ms > now_ms for _, until_ms in duty),
        busy_since_ms=tuple(int(answered_ms) for _, answered_ms in live),
        visits_done=int(done or 0),
        visit_ms_mean=float(mean or 0.0),
    )
