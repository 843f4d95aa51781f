from __future__ import annotations

import secrets

import pytest
from kolapp_queue.audit_stream import read_after
from kolapp_queue.bulletin import NOTHING_SAID, Closing, Notice
from kolapp_queue.model import QueueRef
from kolapp_queue.operator_verbs import PUBLISHED_KEPT
from kolapp_queue.states import ORDERS
from kolapp_queue.store import QueueStore
from store_people import join

HOUR = 3_600_000


async def test_a_notice_is_there_until_it_is_taken_back(store: QueueStore, ref: QueueRef) -> None:
    assert await store.bulletin(ref) == NOTHING_SAID
    now = (await store.line(ref)).now_ms
    said = await store.set_notice(ref, " Half an hour late. ", "op")
    assert said.notice is not None
    assert (said.notice.text, said.notice.by) == ("Half an hour late.", "op")
    assert now <= said.notice.since_ms <= (await store.line(ref)).now_ms
    assert await store.bulletin(ref) == said
    assert await store.set_notice(ref, "", "op") == NOTHING_SAID


async def test_each_change_has_a_version_and_a_repeat_has_none(
    store: QueueStore, ref: QueueRef
) -> None:
    now = (await store.line(ref)).now_ms
    versions = []
    for _ in range(2):
        await store.set_notice(ref, "Late.", "op")
        versions.append(await store.version(ref))
    for _ in range(2):
        await store.close_early(ref, now + HOUR, "Sorry.", "op")
        versions.append(await store.version(ref))
    for _ in range(2):
        await store.reopen(ref, "op")
        versions.append(await store.version(ref))
    for _ in range(2):
        await store.set_notice(ref, "", "op")
        versions.append(await store.version(ref))
    assert versions == [1, 1, 2, 2, 3, 3, 4, 4]


async def test_a_repeat_changes_neither_time_nor_operator(store: QueueStore, ref: QueueRef) -> None:
    first = await store.set_notice(ref, "Late.", "op")
    assert await store.set_notice(ref, "Late.", "other") == first
    other = await store.set_notice(ref, "Very late.", "other")
    assert isinstance(other.notice, Notice)
    assert other.notice.by == "other"


async def test_closing_early_and_reopening(store: QueueStore, ref: QueueRef) -> None:
    ticket = await join(store, ref, "anna")
    until = (await store.line(ref)).now_ms + HOUR
    said = await store.close_early(ref, until, "The doctor is ill.", "op")
    assert said.closing is not None
    assert (said.closing.until_ms, said.closing.text) == (until, "The doctor is ill.")
    longer = await store.close_early(ref, None, "", "other")
    assert longer.closing == Closing(None, said.closing.since_ms, "", "other")
    assert (await store.line(ref)).waiting == (ticket.id,)  # nobody is sent away
    assert await store.reopen(ref, "op") == NOTHING_SAID


async def test_a_closing_in_the_past_changes_nothing(store: QueueStore, ref: QueueRef) -> None:
    now = (await store.line(ref)).now_ms
    assert await store.close_early(ref, now - 1, "Too late.", "op") == NOTHING_SAID
    assert await store.version(ref) == 0


async def test_a_notice_outlives_a_closing(store: QueueStore, ref: QueueRef) -> None:
    said = await store.set_notice(ref, "Late.", "op")
    await store.close_early(ref, None, "Closed.", "op")
    assert await store.reopen(ref, "op") == said


@pytest.mark.parametrize("word", ["x" * 501, "a\x00b"])
async def test_a_word_that_cannot_be_shown_changes_nothing(
    store: QueueStore, ref: QueueRef, word: str
) -> None:
    with pytest.raises(ValueError, match="a word to those who wait"):
        await store.set_notice(ref, word, "op")
    with pytest.raises(ValueError, match="a word to those who wait"):
        await store.close_early(ref, None, word, "op")
    assert await store.bulletin(ref) == NOTHING_SAID


async def test_each_is_an_event_with_who_did_it(store: QueueStore, ref: QueueRef) -> None:
    for _ in range(2):  # a repeat is none
        await store.set_notice(ref, "Late.", "anna", "ward-7")
    await store.close_early(ref, None, "Sorry.", "bo")
    await store.set_notice(ref, "", "bo")
    for _ in range(2):
        await store.reopen(ref, "carl", "ward-8")
    events = [entry.event for entry in (await read_after(store._link, ref, None)).entries]
    assert [(e["step"], e["actor"], e["unit"], e["reason"]) for e in events] == [
        ("set_notice", "anna", "ward-7", "Late."),
        ("close_early", "bo", "", "Sorry."),
        ("set_notice", "bo", "", ""),
        ("reopen", "carl", "ward-8", ""),
    ]
    assert {e["step"] for e in events} == set(ORDERS)
    assert {e["role"] for e in events} == {"operator"}
    assert [e["version"] for e in events] == [1, 2, 3, 4]


async def test_a_queue_that_was_only_spoken_to_is_known(store: QueueStore, ref: QueueRef) -> None:
    await store.set_notice(ref, "Opens on Monday.", "op")
    assert ref in await store.queues()


async def test_the_newest_set_of_policies_is_the_one(store: QueueStore) -> None:
    before = await store.policies_version()
    assert await store.publish_policies(b"one", "d1") == before + 1
    assert await store.publish_policies(b"two", "d2") == before + 2
    newest = await store.policies()
    assert newest is not None
    assert (newest.version, newest.packed) == (before + 2, b"two")
    assert await store.was_published("d1")
    assert not await store.was_published("d3")


async def test_what_was_published_long_ago_is_forgotten(store: QueueStore) -> None:
    first = secrets.token_hex(8)
    await store.publish_policies(b"first", first)
    for number in range(PUBLISHED_KEPT - 1):
        await store.publish_policies(b"again", f"{first}-{number}")
    assert await store.was_published(first)
    await store.publish_policies(b"last", f"{first}-last")
    assert not await store.was_published(first)
