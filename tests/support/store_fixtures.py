"""A real store for tests: one embedded Valkey for the whole run, a provider of its own for each
test, so that no test meets another's queues."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.model import QueueRef
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore

_providers = itertools.count(1)


@pytest.fixture(scope="session")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = EmbeddedStore(tmp_path_factory.mktemp("store"))
    server.start()
    try:
        server.wait_ready(10)
        yield server.url
    finally:
        server.stop()


@pytest.fixture
def provider() -> str:
    return f"provider{next(_providers)}"


@pytest.fixture
def ref(provider: str) -> QueueRef:
    return QueueRef(provider, "drop-in")


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[QueueStore]:
    store = await QueueStore.connect(store_url, QueueSettings())
    yield store
    await store.close()
