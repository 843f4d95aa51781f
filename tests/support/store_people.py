"""Patients and clinicians at the store's door: a few words for what tests do all the time."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from kolapp_queue.bulletin import Bulletin
from kolapp_queue.cluster import ClusterClient
from kolapp_queue.model import ClinicianKey, PatientKey, QueueRef, Ticket, TicketId, Visit
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore

DOCTOR = ClinicianKey("doctor")


async def join(store: QueueStore, ref: QueueRef, name: str, credit_ms: int = 0) -> Ticket:
    """`name` draws a number, on the connection `<name>-1`."""
    ticket = TicketId(f"{name}-{secrets.token_hex(4)}")
    return await store.join(ref, PatientKey(name), ticket, f"{name}-1", credit_ms=credit_ms)


async def pull(store: QueueStore, ref: QueueRef, clinician: str = DOCTOR) -> Visit:
    """A clinician comes on duty for this queue and takes the next patient."""
    key = ClinicianKey(clinician)
    await store.set_duty(ref.provider, key, [ref.queue])
    visit = await store.pull(ref.provider, key, secrets.token_hex(4))
    assert visit is not None
    return visit


async def answered(store: QueueStore, ref: QueueRef, name: str, clinician: str = DOCTOR) -> Visit:
    """`name`, the only one who waits, in a live visit."""
    await join(store, ref, name)
    visit = await pull(store, ref, clinician)
    await store.answer(ref, visit.ticket, PatientKey(name), visit.epoch)
    return await store.read_visit(ref, visit.id)


def with_settings(store: QueueStore, **settings: Any) -> QueueStore:
    """The same store through the eyes of a node with other settings."""
    return QueueStore(store._link, QueueSettings(**settings))


@dataclass
class Timetable:
    """Of queues whose day ends then; None: never."""

    ends: int | None
    version: int = 0

    def ends_ms(self, ref: QueueRef, bulletin: Bulletin, now_ms: int) -> int | None:
        return self.ends

    def is_closed(self, ref: QueueRef, bulletin: Bulletin, now_ms: int) -> bool:
        return False


async def every_key(store: QueueStore, pattern: str) -> list[bytes]:
    """All keys of the store that match, on all its nodes."""
    redis = store._link._redis
    nodes = await redis.nodes() if isinstance(redis, ClusterClient) else [redis]
    return [key for node in nodes async for key in node.scan_iter(match=pattern, count=1_000)]
