from __future__ import annotations

from kolapp_queue import keys
from kolapp_queue.audit_lease import AuditLease, audit_cursors
from kolapp_queue.audit_stream import Cursor
from kolapp_queue.model import QueueRef
from kolapp_queue.store import QueueStore


async def test_one_writer_at_a_time(store: QueueStore, ref: QueueRef) -> None:
    link = store._link
    first, second = AuditLease(link, "first", 60_000), AuditLease(link, "second", 60_000)
    assert await first.hold()
    assert await first.hold()
    assert not await second.hold()
    assert not await second.advance(ref, Cursor("9-0", 9))
    await second.release()  # not theirs to give
    assert await first.advance(ref, Cursor("5-0", 5))
    await first.release()
    assert not await first.advance(ref, Cursor("6-0", 6))
    assert await second.hold()
    assert (await audit_cursors(link))[ref] == Cursor("5-0", 5)
    await second.release()


async def test_a_lease_that_ended_is_free(store: QueueStore, ref: QueueRef) -> None:
    short, other = AuditLease(store._link, "short", 0), AuditLease(store._link, "other", 60_000)
    assert await short.hold()
    assert not await short.advance(ref, Cursor("5-0", 5))
    assert await other.hold()
    assert not await short.hold()
    await other.release()
    assert ref not in await audit_cursors(store._link)
    assert keys.AUDIT.startswith("kolapp:1:{audit}")
