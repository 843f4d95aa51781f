"""Reading a queue's event stream after a cursor, and noticing what can no longer be read.

A cursor holds the last entry's id and how many entries had ever been added up to it. The stream
counts what is added (`entries-added`), so entries that were trimmed away unread are known by their
number. A stream that is behind the cursor means a store that lost writes: it is read anew from its
beginning, and what is in the files already is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgpack
from redis.asyncio.client import Pipeline
from redis.exceptions import ResponseError

from .keys import queue_key
from .link import Link
from .model import QueueRef

BATCH = 500  # entries read and written at a time
FIELD = b"e"  # of a stream entry: the event as a MessagePack map
FIRST = "0-0"

TRIMMED = "trimmed before they were read"
BEFORE = "trimmed before the audit began"
WENT_BACK = "the store lost writes; what it has is read anew"


@dataclass(frozen=True, slots=True)
class Cursor:
    id: str = FIRST
    added: int = 0  # entries ever added up to and with `id`

    @property
    def order(self) -> tuple[int, int]:
        return id_order(self.id)


@dataclass(frozen=True, slots=True)
class Extent:
    """What the stream says of itself."""

    length: int
    added: int
    first: str  # id of the first entry that is left; "" if none is
    last: str  # the highest id it ever gave


@dataclass(frozen=True, slots=True)
class Gap:
    missing: int  # entries; 0 if that cannot be known
    why: str


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    added: int  # its ordinal in the stream
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    gap: Gap | None
    entries: tuple[Entry, ...]
    cursor: Cursor  # after these entries
    anew: bool  # read from the beginning of a stream that went back


def id_order(entry: str) -> tuple[int, int]:
    ms, _, number = entry.partition("-")
    return int(ms), int(number or 0)


def judge(cursor: Cursor | None, extent: Extent) -> Gap | None:
    """What lies between the cursor and what can still be read."""
    if cursor is None:
        before = extent.added - extent.length
        return Gap(before, BEFORE) if before > 0 else None
    if extent.added < cursor.added or id_order(extent.last) < cursor.order:
        return Gap(0, WENT_BACK)
    if extent.first and id_order(extent.first) <= cursor.order:
        return None  # nothing after the cursor is trimmed while something before it is left
    missing = extent.added - cursor.added - extent.length
    return Gap(missing, TRIMMED) if missing > 0 else None


async def read_after(link: Link, ref: QueueRef, cursor: Cursor | None) -> Batch:
    """At most `BATCH` entries after the cursor; None: from the very beginning."""
    extent, raw = await _range(link, ref, cursor.id if cursor else FIRST)
    gap = judge(cursor, extent)
    anew = gap is not None and gap.why == WENT_BACK
    if anew or cursor is None:
        start = extent.added - extent.length
    else:
        start = cursor.added + (gap.missing if gap else 0)
    if anew:
        extent, raw = await _range(link, ref, FIRST)
        start = extent.added - extent.length
    whole = len(raw) < BATCH
    if whole:
        start = extent.added - len(raw)  # exact, also after entries were deleted
    entries = tuple(_entry(one, start + number) for number, one in enumerate(raw, 1))
    if entries:
        after = Cursor(entries[-1].id, entries[-1].added)
    elif anew or cursor is None:
        after = Cursor(extent.last, extent.added)
    else:
        after = Cursor(cursor.id, extent.added)
    return Batch(gap, entries, after, anew)


async def _range(link: Link, ref: QueueRef, after: str) -> tuple[Extent, Sequence[Any]]:
    key = queue_key(ref, "events")

    def fill(pipeline: Pipeline) -> None:
        pipeline.xinfo_stream(key)
        pipeline.xrange(key, min=f"({after}", count=BATCH)

    try:
        info, raw = await link.together(fill)
    except ResponseError as error:
        if "no such key" not in str(error):
            raise
        return Extent(0, 0, "", FIRST), ()
    first = info["first-entry"]
    return (
        Extent(
            info["length"],
            info["entries-added"],
            first[0].decode() if first else "",
            info["last-generated-id"].decode(),
        ),
        raw,
    )


def _entry(raw: Any, added: int) -> Entry:
    entry_id, fields = raw
    try:
        event = msgpack.unpackb(fields[FIELD])
        if not isinstance(event, dict):
            raise ValueError
    except (KeyError, ValueError, msgpack.UnpackException):
        # Kept all the same: the audit leaves nothing out because it does not understand it.
        event = {"unreadable": {k.hex(): v.hex() for k, v in fields.items()}}
    return Entry(entry_id.decode(), added, event)
