"""A real store for tests: one for the whole run (`store_servers.py` says which), a provider of its
own for each test, so that no test meets another's queues."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cut_link import CutLink
from kolapp_queue import keys
from kolapp_queue.link import Link
from kolapp_queue.model import QueueRef
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from store_servers import running, wanted_kind

MEMORY = "/dev/shm"
STALLED_MS = 30_000
_providers = itertools.count(1)


@contextmanager
def _in_memory() -> Iterator[Path]:
    """A directory that no disk slows down, where there is such. What a process leaves when it is
    killed is there all the same."""
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    with TemporaryDirectory(prefix="kolapp-store-", dir=memory) as directory:
        yield Path(directory)


@pytest.fixture
def memory_path() -> Iterator[Path]:
    with _in_memory() as directory:
        yield directory


@pytest.fixture(scope="session")
def store_url() -> Iterator[str]:
    with _in_memory() as directory, running(wanted_kind(), directory) as url:
        yield url


@pytest.fixture
def provider() -> str:
    return f"provider{next(_providers)}"


@pytest.fixture
def ref(provider: str) -> QueueRef:
    return QueueRef(provider, "drop-in")


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[QueueStore]:
    # A machine that others fill may stand still for longer than a command may take.
    store = QueueStore(Link(store_url, STALLED_MS), QueueSettings())
    yield store
    # Policies are of the whole store, not of a provider: the next test finds none.
    for key in (keys.POLICIES, keys.POLICIES_SEEN):
        await store._link.do(lambda redis, key=key: redis.delete(key))
    await store.close()


@pytest.fixture
async def cut_link(store_url: str) -> AsyncIterator[CutLink]:
    link = CutLink(store_url)
    yield link
    await link.close()


@pytest.fixture
def dying(cut_link: CutLink) -> QueueStore:
    """The store of a process that dies where `cut_link` says."""
    return QueueStore(cut_link, QueueSettings())
