"""From the store's event streams into the audit files: one writer, nothing missing, nothing twice.

The order is read, write, fsync, then move the cursor in the store; a writer that dies in between
leaves lines that the store's cursor does not know of, and its successor finds the true end in the
files. Two things keep writers apart: a lease in the store, and a lock on the directory, which also
holds against a writer that slept through the end of its lease. Several machines therefore share
one directory, or only one of them writes.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from . import keys
from .audit_chain import EVENT, GAP
from .audit_files import ProviderLog, day_of, event_key, private_directory
from .audit_lease import AuditLease, audit_cursors
from .audit_stream import BATCH, Batch, Cursor, id_order, read_after
from .errors import StoreUnavailable
from .link import Link
from .model import QueueRef
from .settings import AuditSettings

_logger = logging.getLogger("kolapp.audit")

Clock = Callable[[], int]


def wall_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


async def run_audit(
    store_url: str, settings: AuditSettings, command_timeout_ms: int, clock: Clock = wall_ms
) -> None:
    """Write the audit until cancelled; waits while another process does, and while the store is
    away. Raises OSError or Broken when the files cannot be written: events stay in the store for
    days, but somebody must look."""
    link = Link(store_url, command_timeout_ms)
    try:
        while True:
            with suppress(StoreUnavailable):
                async with writing(link, settings, clock) as writer:
                    if writer is not None:
                        await writer.write_on()
            await asyncio.sleep(settings.lease_ms / 3000)
    finally:
        await link.close()


@asynccontextmanager
async def writing(
    link: Link, settings: AuditSettings, clock: Clock = wall_ms
) -> AsyncIterator[AuditWriter | None]:
    """The one writer, for as long as the block lasts; None while there is another one."""
    lease = AuditLease(link, secrets.token_hex(8), settings.lease_ms)
    if not await lease.hold():
        yield None
        return
    try:
        with _locked(settings.directory) as ours:
            if not ours:
                yield None
                return
            # One thread: an fsync may take long, and "your turn" does not wait for it.
            with ThreadPoolExecutor(1, "audit") as disk:
                writer = AuditWriter(link, lease, settings, clock, disk)
                try:
                    yield writer
                finally:
                    disk.submit(writer.close)
    finally:
        with suppress(StoreUnavailable):
            await lease.release()


class AuditWriter:
    def __init__(
        self,
        link: Link,
        lease: AuditLease,
        settings: AuditSettings,
        clock: Clock,
        disk: ThreadPoolExecutor,
    ) -> None:
        self._link = link
        self._lease = lease
        self._settings = settings
        self._clock = clock
        self._disk = disk
        self._logs: dict[str, ProviderLog] = {}
        self._cursors: dict[QueueRef, Cursor] | None = None
        self._known: dict[QueueRef, set[bytes]] = {}  # while a stream is read anew
        self._cleaned = ""  # the day on which files past their retention were looked for

    def close(self) -> None:
        for log in self._logs.values():
            log.close()

    async def write_on(self) -> None:
        """Write what comes until the lease is lost."""
        while True:
            if not await self.write_all():
                return
            await asyncio.sleep(self._settings.poll_ms / 1000)

    async def write_all(self) -> bool:
        """Write what the streams hold by now; False if the lease was lost on the way."""
        if not await self._lease.hold():
            return False
        if self._cursors is None:
            self._cursors = await audit_cursors(self._link)
        for member in sorted(await self._link.do(lambda redis: redis.smembers(keys.QUEUES))):
            if not await self._write_queue(QueueRef(*member.decode().split("/"))):
                return False
        await self._remove_old()
        return True

    async def _write_queue(self, ref: QueueRef) -> bool:
        while True:
            cursor = await self._cursor(ref)
            batch = await read_after(self._link, ref, cursor)
            if batch.gap or batch.entries:
                if not await self._write(ref, batch) or not await self._lease.hold():
                    return False
            elif batch.cursor != cursor and not await self._advance(ref, batch.cursor):
                return False
            if len(batch.entries) < BATCH:
                self._known.pop(ref, None)
                return True

    async def _write(self, ref: QueueRef, batch: Batch) -> bool:
        """Write one batch, file by file: a crash leaves one file at most that is ahead of the
        cursors, and that is the newest."""
        log = await self._log(ref.provider)
        if batch.gap:
            _logger.error("The audit has a gap: %s.", batch.gap.why)
            gap = {"kind": GAP, "missing": batch.gap.missing, "why": batch.gap.why}
            at = {"queue": ref.queue, "ms": self._clock(), "until": batch.cursor.id}
            await self._on_disk(log.append, [gap | at], day_of(self._clock()))
        if batch.anew and batch.entries:
            first_ms = id_order(batch.entries[0].id)[0]
            self._known[ref] = await self._on_disk(log.known_since, first_ms)
        known = self._known.get(ref, set())
        for day, records in _by_day(ref, batch, self._clock()):
            unknown = [record for record in records if event_key(record) not in known]
            if unknown:
                await self._on_disk(log.append, unknown, day)
            if not await self._advance(ref, Cursor(records[-1]["id"], records[-1]["n"])):
                return False
        return await self._advance(ref, batch.cursor)

    async def _advance(self, ref: QueueRef, cursor: Cursor) -> bool:
        assert self._cursors is not None
        self._cursors[ref] = cursor
        return await self._lease.advance(ref, cursor)

    async def _cursor(self, ref: QueueRef) -> Cursor | None:
        """The store's, or the files' if a writer died before it told the store."""
        assert self._cursors is not None
        stored = self._cursors.get(ref)
        written = (await self._log(ref.provider)).cursors.pop(ref.queue, None)
        if written and (stored is None or written.order > stored.order):
            self._cursors[ref] = stored = written
        return stored

    async def _log(self, provider: str) -> ProviderLog:
        if provider not in self._logs:
            log = await self._on_disk(ProviderLog, self._settings.directory, provider)
            self._logs[provider] = log
            if log.repaired:
                _logger.warning("A line that was cut off was taken away: %s bytes.", log.repaired)
        return self._logs[provider]

    async def _remove_old(self) -> None:
        today = day_of(self._clock())
        if today == self._cleaned:
            return
        oldest = _years_before(date.fromisoformat(today), self._settings.years)
        for log in self._logs.values():
            removed = await self._on_disk(log.remove_before, oldest)
            if removed:
                _logger.info("%s files past their retention were deleted.", len(removed))
        self._cleaned = today

    async def _on_disk(self, work: Callable[..., Any], *args: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work, *args)


@contextmanager
def _locked(directory: Path) -> Iterator[bool]:
    """Whether the directory is ours, for as long as the block lasts or this process lives."""
    private_directory(directory)
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(lock)


def _by_day(ref: QueueRef, batch: Batch, now_ms: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The batch as records, in their order, in runs of the same day."""

    def day(record: dict[str, Any]) -> str:
        ms = record["event"].get("ms")
        return day_of(ms if isinstance(ms, int) else now_ms)

    records = (
        {"kind": EVENT, "queue": ref.queue, "id": one.id, "n": one.added, "event": one.event}
        for one in batch.entries
    )
    for name, run in groupby(records, day):
        yield name, list(run)


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year - years, day=28)
