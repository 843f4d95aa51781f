"""A real store for tests: one for the whole run (`store_servers.py` says which), a provider of its
own for each test, so that no test meets another's queues."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest
from kolapp_queue import keys
from kolapp_queue.model import QueueRef
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from store_servers import running, wanted_kind

_providers = itertools.count(1)


@pytest.fixture(scope="session")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(wanted_kind(), tmp_path_factory.mktemp("store")) as url:
        yield url


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
    # Policies are of the whole store, not of a provider: the next test finds none.
    for key in (keys.POLICIES, keys.POLICIES_SEEN):
        await store._link.do(lambda redis, key=key: redis.delete(key))
    await store.close()
