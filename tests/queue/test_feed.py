from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgpack
import pytest
from kolapp_queue import keys
from kolapp_queue.cluster import ClusterClient
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.feed import Feed, Resync
from kolapp_queue.model import Hint, QueueRef
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from redis.asyncio import Redis
from redis.crc import key_slot
from store_people import DOCTOR, answered, join, pull

DEADLINE_S = 10.0


@asynccontextmanager
async def opened(url: str, timeout_ms: int = 2_000, buffer: int = 100) -> AsyncIterator[Feed]:
    feed = await Feed.open(url, QueueSettings(command_timeout_ms=timeout_ms), buffer)
    try:
        yield feed
    finally:
        await feed.close()


@pytest.fixture
async def feed(store_url: str) -> AsyncIterator[Feed]:
    async with opened(store_url) as feed:
        yield feed


async def next_of(feed: Feed) -> Hint | Resync:
    async with asyncio.timeout(DEADLINE_S):
        return await anext(feed)


async def server_of(store: QueueStore, ref: QueueRef) -> Redis:
    """The one that publishes the hints of this queue."""
    redis = store._link._redis
    if isinstance(redis, ClusterClient):
        return await redis._node_of(key_slot(keys.hints(ref).encode()))
    return redis


async def until(feed: Feed, wanted: Callable[[Hint | Resync], bool]) -> list[Hint | Resync]:
    seen = []
    while not seen or not wanted(seen[-1]):
        seen.append(await next_of(feed))
    return seen


async def test_a_subscription_begins_with_a_resync(
    feed: Feed, store: QueueStore, ref: QueueRef
) -> None:
    await feed.subscribe(ref)
    assert await next_of(feed) == Resync(ref)
    ticket = await join(store, ref, "anna")
    assert await next_of(feed) == Hint(ref, 1, ticket.id, None, None)
    visit = await pull(store, ref)
    seen = await until(feed, lambda event: isinstance(event, Hint) and event.visit is not None)
    assert seen[-1] == Hint(ref, visit.version, ticket.id, visit.id, DOCTOR)


async def test_subscribing_twice_is_one_subscription(
    feed: Feed, store: QueueStore, ref: QueueRef
) -> None:
    await asyncio.gather(feed.subscribe(ref), feed.subscribe(ref))
    assert await next_of(feed) == Resync(ref)
    ticket = await join(store, ref, "anna")
    assert await next_of(feed) == Hint(ref, 1, ticket.id, None, None)


async def test_only_the_queues_of_interest_are_heard(
    feed: Feed, store: QueueStore, ref: QueueRef, provider: str
) -> None:
    other = QueueRef(provider, "other")
    for one in (ref, other):
        await feed.subscribe(one)
    await until(feed, lambda event: event == Resync(other))
    await feed.unsubscribe(ref)
    await join(store, ref, "anna")
    ticket = await join(store, other, "anna")
    assert await next_of(feed) == Hint(other, 1, ticket.id, None, None)
    await feed.subscribe(ref)
    assert await next_of(feed) == Resync(ref)


async def test_every_change_is_hinted_once_and_names_nobody(
    feed: Feed, store: QueueStore, ref: QueueRef
) -> None:
    raw: list[bytes] = []
    server = await server_of(store, ref)
    listener = server.pubsub()
    sharded = isinstance(store._link._redis, ClusterClient)
    await (listener.ssubscribe if sharded else listener.subscribe)(keys.hints(ref))
    await feed.subscribe(ref)
    await next_of(feed)
    for number in range(3):
        visit = await answered(store, ref, f"secret-patient{number}")
        await store.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    version = await store.version(ref)
    seen = await until(feed, lambda event: isinstance(event, Hint) and event.version == version)
    assert [event.version for event in seen if isinstance(event, Hint)] == list(
        range(1, version + 1)
    )
    while len(raw) < version:
        message = await listener.get_message(ignore_subscribe_messages=True, timeout=DEADLINE_S)
        if message is not None:
            raw.append(message["data"])
    await listener.aclose()
    fields = set().union(*(msgpack.unpackb(packed) for packed in raw))
    assert fields == {"version", "ticket", "visit", "clinician"}
    # Tickets are called after patients in these tests, in the store's life they are random.
    assert not any(b"patient" in packed.replace(b"-patient", b"", 1) for packed in raw)


async def test_a_connection_lost_in_silence_is_a_resync(
    feed: Feed, store: QueueStore, ref: QueueRef
) -> None:
    """redis-py reconnects and says nothing; what was published meanwhile is gone."""
    await feed.subscribe(ref)
    assert await next_of(feed) == Resync(ref)
    for _ in range(3):
        server = await server_of(store, ref)
        assert await server.execute_command("CLIENT", "KILL", "TYPE", "pubsub") == 1
        await join(store, ref, "anna")
        await until(feed, lambda event: event == Resync(ref))


async def test_what_nobody_can_read_is_a_resync(
    feed: Feed, store: QueueStore, ref: QueueRef
) -> None:
    await feed.subscribe(ref)
    assert await next_of(feed) == Resync(ref)
    for garbage in (b"", b"\xc1", b"\x01", msgpack.packb({"ticket": "t"})):
        server = await server_of(store, ref)
        sharded = isinstance(store._link._redis, ClusterClient)
        publish = "SPUBLISH" if sharded else "PUBLISH"
        await server.execute_command(publish, keys.hints(ref), garbage)
        assert await next_of(feed) == Resync(ref)


async def test_a_slow_consumer_gets_one_resync_for_all_it_missed(
    feed: Feed, store_url: str, store: QueueStore, ref: QueueRef
) -> None:
    async with opened(store_url, buffer=4) as slow:
        for one in (feed, slow):
            await one.subscribe(ref)
            await next_of(one)
        for number in range(5):
            await join(store, ref, f"patient{number}")
        await until(feed, lambda event: isinstance(event, Hint) and event.version == 5)
        assert await next_of(slow) == Resync(None)
        await join(store, ref, "late")
        assert isinstance(await next_of(slow), Hint)


async def test_an_idle_connection_is_asked_and_stays(
    store_url: str, store: QueueStore, ref: QueueRef
) -> None:
    async with opened(store_url, timeout_ms=250) as feed:
        await feed.subscribe(ref)
        await next_of(feed)
        # Several times its patience, in which nothing is heard: no new connection either.
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.8):
                await anext(feed)
        ticket = await join(store, ref, "anna")
        assert await next_of(feed) == Hint(ref, 1, ticket.id, None, None)


async def test_closing_ends_the_iteration(feed: Feed, ref: QueueRef) -> None:
    await feed.subscribe(ref)
    consumer = asyncio.create_task(_collect(feed))
    await asyncio.sleep(0)
    await feed.close()
    async with asyncio.timeout(DEADLINE_S):
        assert set(await consumer) <= {Resync(ref)}


async def _collect(feed: Feed) -> list[Hint | Resync]:
    return [event async for event in feed]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedStore]:
    server = EmbeddedStore(tmp_path)
    yield server
    server.stop()


async def test_a_store_that_comes_late_freezes_and_restarts(
    server: EmbeddedStore, ref: QueueRef
) -> None:
    async with opened(server.url, timeout_ms=250) as feed:
        await feed.subscribe(ref)
        server.start()
        server.wait_ready(DEADLINE_S)
        assert await next_of(feed) == Resync(ref)

        # Frozen: nothing breaks, nothing is said. Two spans of silence, then a new connection,
        # which the thawed store answers.
        os.kill(server.pid, signal.SIGSTOP)
        silent = asyncio.create_task(_lost(feed))
        async with asyncio.timeout(DEADLINE_S):
            await silent
        os.kill(server.pid, signal.SIGCONT)
        assert await next_of(feed) == Resync(ref)

        server.stop()
        server.start()
        server.wait_ready(DEADLINE_S)
        assert await next_of(feed) == Resync(ref)


async def _lost(feed: Feed) -> None:
    """Until the feed has given its connection up."""
    while feed.connected:  # noqa: ASYNC110  # nobody but this test asks
        await asyncio.sleep(0.01)
