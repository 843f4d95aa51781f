"""A node of its own process collects garbage when it carries nobody."""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncIterator, Callable

import pytest
from kolapp_media.client import MediaClient
from kolapp_media.collector import Collector
from kolapp_media.node import MediaNode
from kolapp_media.settings import MediaSettings
from media_events import SECRET
from media_peers import QuietPeer, until


class Ring:
    def __init__(self) -> None:
        self.itself = self


class Noted(Collector):
    def __init__(self) -> None:
        self.done: list[str] = []

    def settled(self) -> None:
        self.done.append("settled")

    def idle(self) -> None:
        self.done.append("idle")


@pytest.fixture
async def collector() -> Noted:
    return Noted()


@pytest.fixture
async def node(settings: MediaSettings, collector: Noted) -> AsyncIterator[MediaNode]:
    node = MediaNode(settings, SECRET, collector)
    await node.start("127.0.0.1:0")
    yield node
    await node.close()


async def test_it_waits_for_the_node_to_be_empty(
    node: MediaNode,
    client: MediaClient,
    collector: Noted,
    make_quiet_peer: Callable[..., QuietPeer],
) -> None:
    await until(lambda: collector.done == ["idle"])
    offer = await make_quiet_peer().offer()
    await client.open_leg("visit", 1, "patient", 1, offer, forward=False)
    await until(lambda: collector.done == ["idle", "settled"])

    await client.close_visit("visit")
    await until(lambda: collector.done == ["idle", "settled", "idle"])


def test_what_has_settled_is_collected_when_idle() -> None:
    gone = weakref.ref(Ring())
    collector = Collector()
    collector.settled()
    gc.collect()
    assert gone() is not None

    collector.idle()

    assert gone() is None
    gc.unfreeze()


def test_nothing_is_collected_while_there_are_legs() -> None:
    collector = Collector()
    try:
        collector.settled()
        assert not gc.isenabled()
    finally:
        collector.idle()
    assert gc.isenabled()
    gc.unfreeze()
