"""One reader of all queues' events among all nodes, which goes on where the last one stopped.

At least once: who reads does something with an event and then says `passed`. A reader that dies in
between leaves the event to its successor.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncGenerator
from contextlib import suppress

from . import keys
from .audit_lease import AuditLease, audit_cursors
from .audit_stream import BATCH, Cursor, Entry, read_after
from .errors import StoreUnavailable
from .link import Link
from .model import QueueRef

_logger = logging.getLogger("kolapp.queue")


class LostLease(Exception):
    """Another one reads by now."""


class StreamReader:
    """Of the record `key`. All raise StoreUnavailable."""

    def __init__(self, store_url: str, key: str, lease_ms: int, command_timeout_ms: int) -> None:
        self._link = Link(store_url, command_timeout_ms)
        self._key = key
        self._lease = AuditLease(self._link, secrets.token_hex(8), lease_ms, key)
        self._cursors: dict[QueueRef, Cursor] | None = None

    async def close(self) -> None:
        """Another one may begin at once."""
        with suppress(StoreUnavailable):
            await self._lease.release()
        await self._link.close()

    async def hold(self) -> bool:
        """Take the lease, or renew it: several times within its length. False while another one
        has it."""
        if not await self._lease.hold():
            self._cursors = None
            return False
        if self._cursors is None:
            self._cursors = await audit_cursors(self._link, self._key)
        return True

    async def queues(self) -> list[QueueRef]:
        members = await self._link.do(lambda redis: redis.smembers(keys.QUEUES))
        return [QueueRef(*member.decode().split("/")) for member in sorted(members)]

    async def unread(self, ref: QueueRef) -> AsyncGenerator[Entry, None]:
        """The queue's events that are there by now, in their order. Whatever was trimmed away
        unread is logged. Raises LostLease."""
        while self._cursors is not None:
            before = self._cursors.get(ref)
            batch = await read_after(self._link, ref, before)
            if batch.gap:
                _logger.warning("Not all events are told: %s.", batch.gap.why)
            for entry in batch.entries:
                yield entry
            if batch.cursor != before:
                await self.passed(ref, batch.cursor)
            if len(batch.entries) < BATCH:
                return
        raise LostLease

    async def passed(self, ref: QueueRef, cursor: Cursor) -> None:
        """All up to it is done with. Raises LostLease."""
        if self._cursors is None or not await self._lease.advance(ref, cursor):
            self._cursors = None
            raise LostLease
        self._cursors[ref] = cursor
