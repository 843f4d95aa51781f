"""A media node, a dialler and peers, all real and all on loopback."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator

import aioice.ice
import pytest
from kolapp_media.client import MediaClient
from kolapp_media.node import MediaNode
from kolapp_media.settings import MediaSettings
from media_events import SECRET, Events
from media_peers import Peer, QuietPeer


@pytest.fixture(autouse=True)
def _peers_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The peers offer loopback, which aioice never does by itself. The node does not use this."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["127.0.0.1"])


@pytest.fixture
def settings() -> MediaSettings:
    return MediaSettings()


@pytest.fixture
async def node(settings: MediaSettings) -> AsyncIterator[MediaNode]:
    node = MediaNode(settings, SECRET)
    await node.start("127.0.0.1:0")
    yield node
    await node.close()


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
async def client(node: MediaNode, events: Events) -> AsyncIterator[MediaClient]:
    client = await MediaClient.connect(node.address, SECRET, events)
    yield client
    await client.close()


@pytest.fixture
async def make_peer() -> AsyncIterator[Callable[[], Peer]]:
    made: list[Peer] = []

    def make() -> Peer:
        made.append(Peer())
        return made[-1]

    yield make
    await asyncio.gather(*(each.close() for each in made))


@pytest.fixture
async def make_quiet_peer() -> AsyncIterator[Callable[..., QuietPeer]]:
    made: list[QuietPeer] = []

    def make(*kinds: str, slots: int = 1) -> QuietPeer:
        made.append(QuietPeer(kinds or ("audio", "video"), slots))
        return made[-1]

    yield make
    await asyncio.gather(*(each.close() for each in made))


@pytest.fixture(scope="package", autouse=True)
def _quick_collections() -> Iterator[None]:
    """What the libraries allocated while being imported need not be looked at after each test."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _no_silent_failure(request: pytest.FixtureRequest) -> None:
    if asyncio.iscoroutinefunction(request.function):
        request.getfixturevalue("_failures_are_told")


@pytest.fixture
async def _failures_are_told() -> AsyncIterator[None]:
    """A task that dies unseen, or a callback that raises, fails the test."""
    failures: list[dict[str, object]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failures.append(context))
    yield
    gc.collect()  # a forgotten task tells its exception when it is collected
    assert not failures, failures
