from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import aioice.ice
import pytest
from drivers import ENCODINGS, People, Start, people
from kolapp_media.node import MediaNode
from kolapp_media.settings import MediaSettings
from kolapp_queue.model import NodeRecord
from kolapp_queue.store import QueueStore
from kolapp_signalling.app import Served, serving
from kolapp_signalling.development import prepare
from kolapp_signalling.setting_kinds import SIGNALLING
from kolapp_signalling.settings import Settings
from store_servers import embedded_store

LEASE_MS = 60_000


@pytest.fixture
def settings(store_url: str, provider: str, tmp_path: Path) -> Settings:
    """A node in development mode on any free port, for a provider of this test's own."""
    plain = Settings(
        http_port=0,
        store_url=store_url,
        demo_provider=provider,
        data_dir=tmp_path / "data",
        audit=False,  # of all providers that share this store
        hello_timeout_ms=60_000,  # slow machines are not what is tested: who tests it says so
    )
    return prepare(plain, SIGNALLING)


@pytest.fixture
def own_store_url(tmp_path: Path) -> Iterator[str]:
    """What is published in it concerns no other test. Ask for it before `start`: a node that
    outlives its store waits for it when it says good-bye."""
    with embedded_store(tmp_path / "store") as server:
        yield server.url


@pytest.fixture
async def start(settings: Settings) -> AsyncIterator[Start]:
    """Start a node with other settings; those that begin with `queue_` are the queue's."""
    async with AsyncExitStack() as nodes:

        async def start(**other: Any) -> Served:
            of_queue = {k.removeprefix("queue_"): v for k, v in other.items() if k[:6] == "queue_"}
            others = {name: value for name, value in other.items() if name[:6] != "queue_"}
            queue = replace(settings.queue, **of_queue)
            return await nodes.enter_async_context(
                serving(replace(settings, queue=queue, **others))
            )

        yield start


@pytest.fixture
async def node(start: Start) -> Served:
    return await start()


@pytest.fixture(params=ENCODINGS)
async def town(request: pytest.FixtureRequest) -> AsyncIterator[People]:
    """Everybody, once in each encoding."""
    async with people(request.param) as everybody:
        yield everybody


@pytest.fixture
async def crowd() -> AsyncIterator[People]:
    """Everybody, in one encoding, where it makes no difference."""
    async with people(ENCODINGS[1]) as everybody:
        yield everybody


@pytest.fixture
def peers_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The peers offer loopback, which aioice never does by itself. The node does not use this."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["127.0.0.1"])


@pytest.fixture
async def media(settings: Settings, store: QueueStore) -> AsyncIterator[MediaNode]:
    """A media node of this store, for the nodes of one installation."""
    node = MediaNode(MediaSettings(), settings.cluster_secret)
    await node.start()
    await store.register_node(NodeRecord("media", "media", node.address, 10, 0), LEASE_MS)
    yield node
    await store.forget_node("media")
    await node.close()
