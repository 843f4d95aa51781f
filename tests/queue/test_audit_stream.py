from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from audit_events import happened
from kolapp_queue.audit_stream import (
    BATCH,
    BEFORE,
    TRIMMED,
    WENT_BACK,
    Batch,
    Cursor,
    Extent,
    Gap,
    judge,
    read_after,
)
from kolapp_queue.keys import queue_key
from kolapp_queue.link import Link
from kolapp_queue.model import QueueRef


@pytest.fixture
async def link(store_url: str) -> AsyncIterator[Link]:
    link = Link(store_url, 2_000)
    yield link
    await link.close()


def steps(batch: Batch) -> list[str]:
    return [entry.event["step"] for entry in batch.entries]


async def trim(link: Link, ref: QueueRef, left: int) -> None:
    key = queue_key(ref, "events")
    await link.do(lambda redis: redis.xtrim(key, maxlen=left, approximate=False))


async def test_events_are_read_once_and_in_order(link: Link, ref: QueueRef) -> None:
    nothing = await read_after(link, ref, None)
    assert nothing == Batch(None, (), Cursor(), False)
    for step in "abc":
        await happened(link, ref, step)
    first = await read_after(link, ref, nothing.cursor)
    await happened(link, ref, "d")
    second = await read_after(link, ref, first.cursor)
    assert (steps(first), steps(second)) == (["a", "b", "c"], ["d"])
    assert [entry.added for entry in (*first.entries, *second.entries)] == [1, 2, 3, 4]
    assert steps(await read_after(link, ref, second.cursor)) == []


async def test_a_long_stream_comes_in_batches(link: Link, ref: QueueRef) -> None:
    await happened(link, ref, *map(str, range(BATCH + 1)))
    first = await read_after(link, ref, None)
    second = await read_after(link, ref, first.cursor)
    assert [e.added for e in (*first.entries, *second.entries)] == list(range(1, BATCH + 2))
    assert second.gap is None


@pytest.mark.parametrize("left", [0, 1, 3])
async def test_what_was_trimmed_unread_is_counted_once(
    link: Link, ref: QueueRef, left: int
) -> None:
    await happened(link, ref, "read")
    cursor = (await read_after(link, ref, None)).cursor
    for step in "abcd":
        await happened(link, ref, step)
    await trim(link, ref, left)
    batch = await read_after(link, ref, cursor)
    assert batch.gap == Gap(4 - left, TRIMMED)
    assert steps(batch) == list("abcd")[4 - left :]
    await happened(link, ref, "e")
    after = await read_after(link, ref, batch.cursor)
    assert (after.gap, steps(after)) == (None, ["e"])


async def test_trimming_what_was_read_is_no_gap(link: Link, ref: QueueRef) -> None:
    for step in "abc":
        await happened(link, ref, step)
    cursor = (await read_after(link, ref, None)).cursor
    await trim(link, ref, 0)
    assert (await read_after(link, ref, cursor)).gap is None
    await happened(link, ref, "d")
    assert steps(await read_after(link, ref, cursor)) == ["d"]


async def test_an_audit_that_begins_late_says_so(link: Link, ref: QueueRef) -> None:
    for step in "abc":
        await happened(link, ref, step)
    await trim(link, ref, 1)
    batch = await read_after(link, ref, None)
    assert (batch.gap, steps(batch)) == (Gap(2, BEFORE), ["c"])


async def test_a_store_that_lost_writes_is_read_anew(link: Link, ref: QueueRef) -> None:
    for step in "abc":
        await happened(link, ref, step)
    cursor = (await read_after(link, ref, None)).cursor
    await link.do(lambda redis: redis.delete(queue_key(ref, "events")))
    await happened(link, ref, "d")
    batch = await read_after(link, ref, cursor)
    assert (batch.gap, batch.anew, steps(batch)) == (Gap(0, WENT_BACK), True, ["d"])
    assert (await read_after(link, ref, batch.cursor)).gap is None


async def test_an_entry_that_is_no_event_is_kept_all_the_same(link: Link, ref: QueueRef) -> None:
    key = queue_key(ref, "events")
    for fields in ({"e": b"\xc1"}, {"e": b"\x01"}, {"other": b"x"}):
        await link.do(lambda redis, fields=fields: redis.xadd(key, fields))
    entries = (await read_after(link, ref, None)).entries
    assert [entry.event for entry in entries] == [
        {"unreadable": {"65": "c1"}},
        {"unreadable": {"65": "01"}},
        {"unreadable": {"6f74686572": "78"}},
    ]


def test_deleting_entries_that_were_read_is_no_gap() -> None:
    """What an erasure takes out of the middle lies behind the cursor."""
    assert judge(Cursor("9-0", 9), Extent(length=3, added=9, first="2-0", last="9-0")) is None
    assert judge(Cursor("9-0", 9), Extent(length=1, added=10, first="10-0", last="10-0")) is None
    assert judge(Cursor("9-0", 9), Extent(length=0, added=9, first="", last="9-0")) is None
    missing = judge(Cursor("9-0", 9), Extent(length=0, added=12, first="", last="12-0"))
    assert missing == Gap(3, TRIMMED)
