"""What only a cluster can do: several slots, several nodes, one of them gone."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
from kolapp_queue import keys
from kolapp_queue.cluster import ClusterClient, is_cluster, node_url
from kolapp_queue.errors import StoreUnavailable
from kolapp_queue.feed import Feed, Resync
from kolapp_queue.model import ClinicianKey, Hint, PatientKey, QueueRef
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from redis.crc import key_slot
from redis.exceptions import ConnectionError as LostConnection
from store_people import answered, join, pull
from store_servers import cluster

FAILOVER_S = 30.0
T = TypeVar("T")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with cluster(tmp_path_factory.mktemp("cluster"), forget_ms=1_000) as url:
        yield url


@pytest.fixture
async def store(url: str) -> AsyncIterator[QueueStore]:
    store = await sure(lambda: QueueStore.connect(url, QueueSettings()))
    yield store
    await store.close()


async def sure(call: Callable[[], Awaitable[T]]) -> T:
    """Repeat what a fail-over may keep from being answered: also one that nobody asked for, when
    a busy machine lets a node of the cluster seem dead to the others."""
    async with asyncio.timeout(FAILOVER_S):
        while True:
            try:
                return await call()
            except StoreUnavailable:
                continue


def slot(ref: QueueRef) -> int:
    [slot] = {key_slot(key.encode()) for key in keys.queue_keys(ref)}
    return slot


def on_three_nodes(provider: str) -> list[QueueRef]:
    """Queues whose slots lie in the three thirds of all; the URL names the node of the first."""
    thirds: dict[int, QueueRef] = {}
    for number in itertools.count():
        ref = QueueRef(provider, f"queue{number}")
        thirds.setdefault(slot(ref) * 3 // 16_384, ref)
        if len(thirds) == 3:
            return [thirds[third] for third in sorted(thirds)]
    raise AssertionError("unreachable")


async def test_all_keys_of_a_queue_are_in_one_slot_and_two_queues_in_two(
    store: QueueStore, provider: str
) -> None:
    refs = on_three_nodes(provider)
    for ref in refs:
        visit = await answered(store, ref, f"patient-{ref.queue}", f"doctor-{ref.queue}")
        await store.hang_up(ref, visit.id, visit.clinician, visit.epoch)
    assert len({slot(ref) for ref in refs}) == 3
    redis = store._link._redis
    assert isinstance(redis, ClusterClient)
    held = []
    for node in await redis.nodes():
        found = await node.keys(f"{keys.PREFIX}{{{provider}/queue*")
        held.append({key.split(b":")[2] for key in found})
    assert [len(queues) for queues in held] == [1, 1, 1], "each queue whole on one node"


async def test_one_clinician_serves_queues_on_three_nodes(store: QueueStore, provider: str) -> None:
    refs = on_three_nodes(provider)
    for number, ref in enumerate(refs):
        await join(store, ref, f"patient{number}")
    doctor = ClinicianKey("doctor")
    await store.set_duty(provider, doctor, [ref.queue for ref in refs])
    for number, ref in enumerate(refs):
        visit = await store.pull(provider, doctor, f"key{number}")
        assert visit is not None
        assert visit.ref == ref, "whoever came first, wherever the queue is"
        await store.answer(ref, visit.ticket, PatientKey(f"patient{number}"), visit.epoch)
        await store.hang_up(ref, visit.id, doctor, visit.epoch)


async def test_a_script_that_a_node_forgot_is_loaded_again(
    store: QueueStore, ref: QueueRef
) -> None:
    await join(store, ref, "anna")
    redis = store._link._redis
    assert isinstance(redis, ClusterClient)
    for node in await redis.nodes():
        await node.script_flush()
    assert (await join(store, ref, "bo")).number == 2


async def test_a_map_that_is_wrong_is_read_again(store: QueueStore, ref: QueueRef) -> None:
    await join(store, ref, "anna")
    redis = store._link._redis
    assert isinstance(redis, ClusterClient)
    addresses = [address for _, _, address in redis._slots]
    turned = [*addresses[1:], addresses[0]]
    redis._slots = [
        (first, last, wrong) for (first, last, _), wrong in zip(redis._slots, turned, strict=True)
    ]
    assert (await join(store, ref, "bo")).number == 2
    redis._slots = redis._slots[:0]  # as while a replica has not yet taken over
    assert len((await store.line(ref)).waiting) == 2


async def test_a_replica_takes_over_and_nobody_is_lost(store: QueueStore, provider: str) -> None:
    """The primary of one queue is gone for good. Its replica had everything: the link waited for
    nothing but the answer, and here the replica was not behind."""
    refs = on_three_nodes(provider)
    before = {ref: await join(store, ref, "anna") for ref in refs}
    redis = store._link._redis
    assert isinstance(redis, ClusterClient)
    victim = refs[-1]
    node = await redis._node_of(slot(victim))
    assert await node.execute_command("WAIT", 1, 5_000) == 1
    with pytest.raises(LostConnection):
        await node.execute_command("SHUTDOWN", "NOSAVE", "NOW", "FORCE")
    after = await sure(lambda: store.find(victim, PatientKey("anna")))
    assert after == before[victim]
    assert (await join(store, victim, "bo")).number == 2
    assert (await pull(store, victim)).ticket == before[victim].id


async def listening(feed: Feed, ref: QueueRef) -> None:
    """Until the subscription is confirmed; hints that come before do not count."""
    async with asyncio.timeout(FAILOVER_S):
        while await anext(feed) != Resync(ref):
            pass


async def hinted(store: QueueStore, feed: Feed, ref: QueueRef) -> None:
    """Until somebody's joining is heard of."""
    names = (f"somebody{number}" for number in itertools.count())
    heard = asyncio.create_task(_hint_of(feed, ref))
    async with asyncio.timeout(FAILOVER_S):
        while not heard.done():
            await sure(lambda: join(store, ref, next(names)))
            await asyncio.wait([heard], timeout=1)
    await heard


async def _hint_of(feed: Feed, ref: QueueRef) -> None:
    async for event in feed:
        if isinstance(event, Hint) and event.ref == ref:
            return


@pytest.fixture
async def feed(url: str) -> AsyncIterator[Feed]:
    feed = await Feed.open(url, QueueSettings(command_timeout_ms=500))
    yield feed
    await feed.close()


async def test_hints_are_published_in_the_slot_and_heard_at_its_node(
    store: QueueStore, feed: Feed, provider: str
) -> None:
    redis = store._link._redis
    assert isinstance(redis, ClusterClient)
    for ref in on_three_nodes(provider):
        await feed.subscribe(ref)
        await listening(feed, ref)
        await hinted(store, feed, ref)
        channel = keys.hints(ref).encode()
        heard_at = [
            node
            for node in await redis.nodes()
            if channel in await node.execute_command("PUBSUB SHARDCHANNELS")
        ]
        assert heard_at == [await redis._node_of(slot(ref))]


async def test_a_channel_follows_its_slot(store: QueueStore, feed: Feed, provider: str) -> None:
    """The slot moves to another node while the queue is used; nobody's connection breaks."""
    ref = on_three_nodes(provider)[0]
    await feed.subscribe(ref)
    await listening(feed, ref)
    await move_slot(store, slot(ref))
    await listening(feed, ref)
    await hinted(store, feed, ref)


async def move_slot(store: QueueStore, number: int) -> None:
    """An empty slot, to some other primary."""
    redis = store._link._redis
    assert isinstance(redis, ClusterClient)
    source = await redis._node_of(number)
    [target, *others] = [node for node in await redis.nodes() if node is not source]
    name = await target.execute_command("CLUSTER MYID")
    for node in (target, source, *others):
        await node.execute_command("CLUSTER SETSLOT", number, "NODE", name)


async def test_hints_come_again_when_the_node_of_the_slot_is_gone(
    url: str, feed: Feed, provider: str
) -> None:
    """It is the node that the URL names, too. What nobody heard meanwhile shows as a version."""
    ref = on_three_nodes(provider)[0]
    store = await sure(lambda: QueueStore.connect(url, QueueSettings()))
    redis = store._link._redis
    assert isinstance(redis, ClusterClient)
    await feed.subscribe(ref)
    await listening(feed, ref)
    await hinted(store, feed, ref)
    node = await redis._node_of(slot(ref))
    assert await node.execute_command("WAIT", 1, 5_000) == 1
    with pytest.raises(LostConnection):
        await node.execute_command("SHUTDOWN", "NOSAVE", "NOW", "FORCE")
    late = await sure(lambda: join(store, ref, "bo"))
    assert await store.version(ref) == late.version, "who asks knows, and nodes ask every second"
    await listening(feed, ref)
    await hinted(store, feed, ref)
    await store.close()


async def test_a_cluster_that_is_not_there_is_unavailable() -> None:
    settings = QueueSettings(command_timeout_ms=300)
    with pytest.raises(StoreUnavailable):
        await QueueStore.connect("redis+cluster://127.0.0.1:9", settings)


def test_urls_of_a_cluster_and_its_nodes() -> None:
    assert is_cluster("redis+cluster://a:1")
    assert is_cluster("rediss+cluster://a:1")
    assert not is_cluster("redis://a:1")
    assert node_url("redis+cluster://me:secret@a:1") == "redis://me:secret@a:1"
    assert node_url("rediss+cluster://me:secret@a:1", ("b", 2)) == "rediss://me:secret@b:2"
    assert node_url("redis+cluster://a:1", ("::1", 2)) == "redis://[::1]:2"
