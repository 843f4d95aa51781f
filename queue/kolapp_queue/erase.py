"""Erasing one patient from all queues of a provider: tickets, visits, what was written, events.

What stays: the audit files, which the law wants kept (docs/audit.md); a tombstone of each ticket
that names nobody; and events that the audit has not read yet, which are counted, not deleted.
The append-only file is for `append_only.rewrite` afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgpack

from . import keys
from .audit_lease import audit_cursors
from .audit_stream import Cursor, id_order
from .audit_writer import writing
from .link import Link
from .model import PatientKey, QueueRef, TicketId, VisitId
from .settings import AuditSettings
from .store import QueueStore

_CHUNK = 1_000  # records looked at in one command
# A ticket on its way into another queue, or a patient who joins meanwhile, is found by the next.
_PASSES = 5
_POLL_S = 0.1
_AUDIT_S = 10.0  # for another process to write the audit up to now


@dataclass(slots=True)
class Erased:
    """What was removed. `unaudited` events are left: repeat the erasure once they are written."""

    tickets: int = 0
    visits: int = 0
    events: int = 0
    unaudited: int = 0


@dataclass(slots=True)
class _Found:
    """Of one patient in one queue."""

    ref: QueueRef
    tickets: list[TicketId] = field(default_factory=list)
    active: list[TicketId] = field(default_factory=list)
    visits: dict[TicketId, list[VisitId]] = field(default_factory=dict)
    # Records that nobody can read, but theirs by what is known or seen of them.
    unread_tickets: list[TicketId] = field(default_factory=list)
    unread_visits: list[VisitId] = field(default_factory=list)


async def erase_patient(
    store: QueueStore,
    link: Link,
    provider: str,
    patient: PatientKey,
    audit: AuditSettings | None,
    settle_s: float,
) -> Erased:
    """Safe to repeat, also after a part of it. An active ticket ends first, and everybody has
    `settle_s` to hear of it. With `audit` set, this process may write the audit up to now."""
    for _ in range(_PASSES):
        refs = [ref for ref in await store.queues() if ref.provider == provider]
        found = [await _find(link, ref, patient) for ref in refs]
        if not any(one.active for one in found):
            break
        for one in found:
            for ticket in one.active:
                await store.end_erased(one.ref, ticket, patient)
        await asyncio.sleep(settle_s)
    done = Erased()
    for one in found:
        for ticket in set(one.tickets) - set(one.active):
            visits = one.visits.get(ticket, [])
            done.tickets += await store.erase(one.ref, ticket, patient, visits)
            done.visits += len(visits)
        await store.erase_unread(one.ref, patient, one.unread_tickets, one.unread_visits)
        done.tickets += len(one.unread_tickets)
        done.visits += len(one.unread_visits)
    await _write_audit(link, refs, audit)
    cursors = await audit_cursors(link)
    for ref in refs:
        await _erase_events(link, ref, patient, cursors.get(ref), audit is not None, done)
    await link.do(lambda redis: redis.delete(keys.patient(provider, patient)))
    return done


async def _find(link: Link, ref: QueueRef, patient: PatientKey) -> _Found:
    found, mine = _Found(ref), patient.encode()
    active = await link.do(lambda redis: redis.hget(keys.queue_key(ref, "patients"), patient))
    async for name, packed in _records(link, ref, "tickets"):
        ticket = _read(name, packed)
        if ticket is None:
            if name == active or mine in packed:
                found.unread_tickets.append(TicketId(name.decode()))
        elif ticket["patient"] == patient:
            found.tickets.append(ticket["id"])
            if "forget_ms" not in ticket:
                found.active.append(ticket["id"])
    async for name, packed in _records(link, ref, "visits"):
        visit = _read(name, packed)
        if visit is None:
            if mine in packed:
                found.unread_visits.append(VisitId(name.decode()))
        elif visit["ticket"] in found.tickets:
            found.visits.setdefault(visit["ticket"], []).append(visit["id"])
    return found


def _read(name: bytes, packed: bytes) -> dict[str, Any] | None:
    """None for a record that nobody can read."""
    with suppress(ValueError, msgpack.UnpackException):
        record = msgpack.unpackb(packed)
        if isinstance(record, dict) and record.get("id") == name.decode():
            return record
    return None


async def _records(link: Link, ref: QueueRef, name: str) -> AsyncIterator[tuple[bytes, bytes]]:
    key, cursor = keys.queue_key(ref, name), 0
    while True:
        cursor, chunk = await _scan(link, key, cursor)
        for item in chunk.items():
            yield item
        if cursor == 0:
            return


async def _scan(link: Link, key: str, cursor: int) -> Any:
    return await link.do(lambda redis: redis.hscan(key, cursor, count=_CHUNK))


async def _write_audit(link: Link, refs: list[QueueRef], audit: AuditSettings | None) -> None:
    """Have what happened so far written: by the process that does so, or else by this one."""
    if audit is not None:
        async with writing(link, audit) as writer:
            if writer is not None:
                await writer.write_all()
                return
    ends = {ref: await _last(link, ref) for ref in refs}
    cursors = await audit_cursors(link)
    deadline = asyncio.get_running_loop().time() + _AUDIT_S
    while any(cursors[ref].order < ends[ref] for ref in refs if ref in cursors):
        if asyncio.get_running_loop().time() > deadline:
            return  # what is left is counted
        await asyncio.sleep(_POLL_S)
        cursors = await audit_cursors(link)


async def _last(link: Link, ref: QueueRef) -> tuple[int, int]:
    key = keys.queue_key(ref, "events")
    newest = await link.do(lambda redis: redis.xrevrange(key, count=1))
    return id_order(newest[0][0].decode()) if newest else (0, 0)


async def _erase_events(
    link: Link,
    ref: QueueRef,
    patient: PatientKey,
    read: Cursor | None,
    audited: bool,
    done: Erased,
) -> None:
    """Delete the patient's events that the audit has; all of them where there is no audit."""
    key, after = keys.queue_key(ref, "events"), "-"
    while True:
        chunk = await _events(link, key, after)
        theirs = [entry.decode() for entry, fields in chunk if _is_of(patient, fields)]
        if read is None:
            written = [] if audited else theirs
        else:
            written = [entry for entry in theirs if id_order(entry) <= read.order]
        if written:
            await _delete(link, key, written)
        done.events += len(written)
        done.unaudited += len(theirs) - len(written)
        if len(chunk) < _CHUNK:
            return
        after = f"({chunk[-1][0].decode()}"


async def _events(link: Link, key: str, after: str) -> Any:
    return await link.do(lambda redis: redis.xrange(key, min=after, count=_CHUNK))


async def _delete(link: Link, key: str, entries: list[str]) -> None:
    await link.do(lambda redis: redis.xdel(key, *entries))


def _is_of(patient: PatientKey, fields: dict[bytes, bytes]) -> bool:
    try:
        event = msgpack.unpackb(fields[b"e"])
        return patient in (event["patient"], event.get("actor"))
    except (KeyError, TypeError, ValueError, AttributeError, msgpack.UnpackException):
        # No event of ours; then at least no bytes of theirs.
        return any(patient.encode() in value for value in fields.values())
