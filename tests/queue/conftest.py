from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from cut_link import CutLink
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore


@pytest.fixture
async def cut_link(store_url: str) -> AsyncIterator[CutLink]:
    link = CutLink(store_url)
    yield link
    await link.close()


@pytest.fixture
def dying(cut_link: CutLink) -> QueueStore:
    """The store of a process that dies where `cut_link` says."""
    return QueueStore(cut_link, QueueSettings())
