"""A media node's place in the registry, on a real store that comes and goes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.model import NodeRecord
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from kolapp_signalling import media_process
from kolapp_signalling.media_process import Registry, run_media
from kolapp_signalling.settings import Settings

HASTY = QueueSettings(command_timeout_ms=100)
LEASE_MS = 600
SOON_S = 30.0


@pytest.fixture
def own_store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """One that a test may stop."""
    store = EmbeddedStore(tmp_path / "store")
    store.start()
    store.wait_ready(SOON_S)
    yield store
    store.stop()


def record(load: int = 0, node_id: str = "media-1") -> NodeRecord:
    return NodeRecord(node_id, "media", "127.0.0.1:7001", 100, load)


@asynccontextmanager
async def looking(url: str) -> AsyncIterator[QueueStore]:
    store = await QueueStore.connect(url, QueueSettings())
    try:
        yield store
    finally:
        await store.close()


async def test_each_renewal_tells_the_present_load(own_store: EmbeddedStore) -> None:
    loads = iter([3, 4, 4])
    registry = Registry(own_store.url, HASTY, LEASE_MS, lambda: record(next(loads)))
    async with looking(own_store.url) as store:
        for load in (3, 4):
            await registry.renew()
            assert await store.nodes("media") == [record(load)]
        await registry.leave()
        assert await store.nodes("media") == []


async def test_a_store_that_is_away_is_waited_for(
    own_store: EmbeddedStore, caplog: pytest.LogCaptureFixture
) -> None:
    own_store.stop()
    registry = Registry(own_store.url, HASTY, LEASE_MS, record)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await registry.renew()
    own_store.start()
    own_store.wait_ready(SOON_S)
    await registry.renew()
    async with looking(own_store.url) as store:
        assert await store.nodes("media") == [record()]
        await registry.leave()
    assert len(caplog.records) == 2, "away is told once, and back"


async def test_leaving_does_not_need_the_store(own_store: EmbeddedStore) -> None:
    registry = Registry(own_store.url, HASTY, LEASE_MS, record)
    await registry.leave()  # nothing there yet
    await registry.renew()
    own_store.stop()
    await registry.leave()  # not any more


@asynccontextmanager
async def running(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[asyncio.Queue[str]]:
    """The whole process in this loop: told to stop at the end; gives what it says when ready."""
    told: asyncio.Queue[str] = asyncio.Queue()
    stop = asyncio.Event()
    monkeypatch.setattr(media_process, "told_to_stop", lambda *_: stop)
    monkeypatch.setattr(media_process, "report_ready", lambda it: told.put_nowait(it["control"]))
    task = asyncio.create_task(run_media(settings))
    try:
        yield told
    finally:
        stop.set()
        await task


async def test_a_running_node_is_listed_and_a_stopped_one_is_not(
    own_store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        store_url=own_store.url, cluster_secret=bytes(32), node_lease_ms=LEASE_MS, node_id="m1"
    )
    async with looking(own_store.url) as store, asyncio.timeout(SOON_S):
        async with running(settings, monkeypatch) as told:
            address = await told.get()
            [node] = await store.nodes("media")
            assert (node.id, node.address, node.load) == ("m1", address, 0)
            assert node.capacity == settings.media.max_legs // 2
            host, _, port = address.rpartition(":")
            _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
        assert await store.nodes("media") == []
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_it_renews_its_lease_and_is_listed_again_by_itself(
    own_store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        store_url=own_store.url, cluster_secret=bytes(32), node_lease_ms=LEASE_MS, queue=HASTY
    )
    async with (
        looking(own_store.url) as store,
        asyncio.timeout(SOON_S),
        running(settings, monkeypatch) as told,
    ):
        await told.get()
        while not (nodes := await store.nodes("media")):  # a machine that stood still lost it
            pass
        await store.forget_node(nodes[0].id)  # as if the store had lost it
        while await store.nodes("media") != nodes:
            pass


async def test_a_bug_in_renewing_ends_the_node_loudly(
    own_store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: Registry) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Registry, "keep_renewing", broken)
    settings = replace(Settings(), store_url=own_store.url, cluster_secret=bytes(32))
    with pytest.raises(ExceptionGroup) as end:
        async with running(settings, monkeypatch) as told:
            await told.get()
    assert isinstance(end.value.exceptions[0], ZeroDivisionError)


async def test_an_address_in_use_is_the_callers_to_tell(
    own_store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(store_url=own_store.url, cluster_secret=bytes(32))
    async with running(settings, monkeypatch) as told:
        taken = replace(settings, media_control=await told.get())
        with pytest.raises(OSError, match="in use"):
            await run_media(taken)
