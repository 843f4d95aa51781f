"""Events put onto a queue's stream, and the audit files read back."""

from __future__ import annotations

import msgpack
from kolapp_queue import keys
from kolapp_queue.audit_files import files_of, records_of
from kolapp_queue.link import Link
from kolapp_queue.model import QueueRef
from kolapp_queue.settings import AuditSettings
from redis.asyncio.client import Pipeline

NOON_MS = 1_800_000_000_000  # 2027-01-15 08:00 UTC
DAY_MS = 86_400_000


async def happened(link: Link, ref: QueueRef, *steps: str, ms: int = NOON_MS) -> None:
    """Events on the queue's stream, in one go."""
    await link.do(lambda redis: redis.sadd(keys.QUEUES, keys.registry_member(ref)))
    key = keys.queue_key(ref, "events")

    def fill(pipeline: Pipeline) -> None:
        for step in steps:
            event = {"step": step, "ms": ms, "ticket": f"t-{step}", "patient": "a" * 64}
            pipeline.xadd(key, {"e": msgpack.packb(event)})

    await link.together(fill)


def written(settings: AuditSettings, ref: QueueRef, kind: str = "event") -> list[dict]:  # type: ignore[type-arg]  # JSON
    """The records of one kind, of the provider's files in their order; checks the chain."""
    return [
        record
        for path in files_of(settings.directory, ref.provider)
        for record in records_of(path)
        if record["kind"] == kind
    ]


def steps(settings: AuditSettings, ref: QueueRef) -> list[str]:
    """The steps of the events of this queue, in the order they were written."""
    events = written(settings, ref)
    return [record["event"]["step"] for record in events if record["queue"] == ref.queue]
