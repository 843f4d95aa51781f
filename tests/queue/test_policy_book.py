"""Several nodes and a command line, on a store of their own: policies concern all providers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from kolapp_queue.model import QueueRef
from kolapp_queue.policy import EVERY_PROVIDER, PolicySet, QueuePolicy
from kolapp_queue.policy_book import (
    PolicyBook,
    UnreadablePolicies,
    digest,
    pack,
    publish,
    published,
    unpack,
)
from kolapp_queue.policy_file import load
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from store_servers import embedded_store

REF = QueueRef("a", "drop-in")
EXAMPLE = Path(__file__).resolve().parents[2] / "docs/queues.example.toml"


def policies(ring_ms: int) -> PolicySet:
    return PolicySet((QueuePolicy(EVERY_PROVIDER, "drop-in", ring_ms=ring_ms),))


def ring_ms(book: PolicyBook) -> int:
    policy = book.find(REF)
    assert policy is not None
    return policy.ring_ms


@pytest.fixture
def own_url(tmp_path: Path) -> Iterator[str]:
    with embedded_store(tmp_path / "store") as server:
        yield server.url


@pytest.fixture
async def own_store(own_url: str) -> AsyncIterator[QueueStore]:
    store = await QueueStore.connect(own_url, QueueSettings())
    yield store
    await store.close()


def test_a_set_is_read_back_as_it_was() -> None:
    example = load(EXAMPLE)
    assert unpack(pack(example)) == example
    assert digest(unpack(pack(example))) == digest(example)
    assert digest(policies(1)) != digest(policies(2))


def test_the_derived_is_not_packed() -> None:
    used = policies(1)
    assert used.queues[0].hours.always
    assert pack(used) == pack(policies(1))


def test_what_a_newer_version_added_is_ignored_and_what_it_left_out_is_the_default() -> None:
    plain = msgspec.msgpack.decode(pack(policies(7_000)))
    plain["more"] = 1
    plain["queues"][0]["colour"] = "red"
    del plain["queues"][0]["undo_ms"]
    assert unpack(msgspec.msgpack.encode(plain)) == policies(7_000)


@pytest.mark.parametrize("packed", [b"", b"\xc1", msgspec.msgpack.encode({"queues": 3})])
def test_what_cannot_be_read_says_so(packed: bytes) -> None:
    with pytest.raises(UnreadablePolicies):
        unpack(packed)


async def test_without_a_file_a_node_goes_by_its_own(own_store: QueueStore) -> None:
    book = await PolicyBook.open(own_store, policies(1), offer=False)
    assert (ring_ms(book), book.version) == (1, 0)
    assert await published(own_store) is None
    assert not await book.refresh(own_store)
    assert book.find(QueueRef("a", "nurse")) is None
    assert [policy.name for policy in book.of("a")] == ["drop-in"]


async def test_a_published_set_reaches_every_node(own_store: QueueStore) -> None:
    early = await PolicyBook.open(own_store, policies(1), offer=False)
    assert await publish(own_store, policies(2)) == 1
    late = await PolicyBook.open(own_store, policies(1), offer=False)
    assert ring_ms(early) == 1
    assert await early.refresh(own_store)
    assert (ring_ms(early), ring_ms(late)) == (2, 2)
    assert not await early.refresh(own_store)
    assert await published(own_store) == policies(2)


async def test_an_edited_file_takes_effect_and_an_old_one_takes_nobody_back(
    own_store: QueueStore,
) -> None:
    first = await PolicyBook.open(own_store, policies(1), offer=True)
    edited = await PolicyBook.open(own_store, policies(2), offer=True)
    assert await first.refresh(own_store)
    assert (ring_ms(first), ring_ms(edited)) == (2, 2)
    stale = await PolicyBook.open(own_store, policies(1), offer=True)
    assert (ring_ms(stale), stale.version) == (2, 2)
    # By hand it may be taken back.
    assert await publish(own_store, policies(1)) == 3
    assert await edited.refresh(own_store)
    assert ring_ms(edited) == 1


async def test_the_same_set_again_is_a_version_but_no_change(own_store: QueueStore) -> None:
    book = await PolicyBook.open(own_store, policies(1), offer=True)
    await publish(own_store, policies(1))
    assert not await book.refresh(own_store)
    assert book.version == 2


async def test_a_set_that_cannot_be_read_is_told_once_and_changes_nothing(
    own_store: QueueStore,
) -> None:
    book = await PolicyBook.open(own_store, policies(1), offer=True)
    await own_store.publish_policies(b"\xc1", "newer")
    with pytest.raises(UnreadablePolicies):
        await book.refresh(own_store)
    assert not await book.refresh(own_store)
    assert ring_ms(book) == 1
    with pytest.raises(UnreadablePolicies):
        await PolicyBook.open(own_store, policies(1), offer=True)
    await publish(own_store, policies(3))
    assert await book.refresh(own_store)
    assert ring_ms(book) == 3


async def test_a_store_that_went_back_is_followed(own_store: QueueStore) -> None:
    book = await PolicyBook.open(own_store, policies(1), offer=True)
    await publish(own_store, policies(2))
    await book.refresh(own_store)
    book.version = 9  # of a set that the store has lost since
    book.policies = policies(9)
    assert await book.refresh(own_store)
    assert (ring_ms(book), book.version) == (2, 2)


async def test_queues_keep_their_order(own_store: QueueStore) -> None:
    names = [f"q{number}" for number in (3, 1, 2)]
    plain = QueuePolicy("a", "")
    given = PolicySet(tuple(replace(plain, name=name) for name in names))
    book = await PolicyBook.open(own_store, given, offer=True)
    assert [policy.name for policy in book.of("a")] == names
