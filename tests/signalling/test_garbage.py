from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit
from weakref import ref

import pytest
from drivers import People, Start
from guests import invite, show, visit_of
from kolapp_signalling.app import Served
from kolapp_signalling.development import demo_token
from kolapp_signalling.garbage import Garbage
from kolapp_signalling.settings import Settings
from raw_socket import CLOSE, TEXT, frame


class Knot:
    """Refers to itself, so only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def counts() -> list[int]:
    return [10, 10]


@pytest.fixture
def garbage(counts: list[int]) -> Iterator[Garbage]:
    garbage = Garbage(lambda: (counts[0], counts[1]))
    yield garbage
    garbage.close()
    gc.collect()


def test_what_waits_is_put_aside(garbage: Garbage) -> None:
    assert not garbage.put_aside()
    assert gc.get_freeze_count() > 0


def test_when_many_have_ended_everything_is_looked_at_again(
    garbage: Garbage, counts: list[int]
) -> None:
    knot = Knot()
    found = ref(knot)
    garbage.put_aside()
    del knot
    gc.collect()
    assert found() is not None  # put aside, although nobody has it any more
    counts[1] += 1_000
    assert garbage.put_aside()
    assert found() is None
    assert not garbage.put_aside()  # and then not before as many have ended again


def test_while_many_are_here_nobody_waits_for_the_collector(
    garbage: Garbage, counts: list[int]
) -> None:
    counts[:] = [5_000, 50_000]
    assert not garbage.put_aside()
    counts[0] = 100
    assert garbage.put_aside()


# What ends leaves nothing for the collector, or thousands that end would make everybody wait for
# it. The clients are plain sockets in a thread, which leave no rings of their own.

HEAD = (
    "GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
    "Sec-WebSocket-Protocol: kolapp.v1.json\r\n\r\n"
)
COUNT = 5
Client = Callable[[socket.socket, str], None]


def cut_off(client: socket.socket, token: str) -> None:
    pass


def silent(client: socket.socket, token: str) -> None:
    client.recv(100)  # the node closes


def polite(client: socket.socket, token: str) -> None:
    """Waits in a queue, if a patient, and says good-bye."""
    messages = [{"type": "hello", "token": token}, {"type": "join", "queue": "drop-in"}]
    for number, message in enumerate(messages, 1):
        client.sendall(frame(TEXT, json.dumps(message | {"id": number}).encode()))
        client.recv(65_536)
    client.sendall(frame(CLOSE, b"\x03\xe8"))
    while client.recv(65_536):
        pass


def visit(url: str, life: Client, token: str) -> None:
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port), timeout=10) as client:
        client.sendall(HEAD.format(host=where.netloc).encode())
        client.recv(4_096)
        with contextlib.suppress(ConnectionError):
            life(client, token)


async def pass_to_a_visit(node: Served, crowd: People) -> str:
    """The two whose visit it is stay."""
    _, doctor = await visit_of(node, crowd)
    token: str = (await show(node, (await invite(doctor))["code"])).body["token"]
    return token


@pytest.mark.parametrize(
    ("life", "role"),
    [
        *((cut_off, "patient"), (silent, "patient"), (polite, "patient")),
        *((polite, "clinician"), (polite, "guest")),
    ],
)
async def test_what_ends_leaves_nothing_for_the_collector(
    start: Start, settings: Settings, crowd: People, life: Client, role: str
) -> None:
    served = await start(hello_timeout_ms=100, resume_window_ms=1)
    if role == "guest":
        token = await pass_to_a_visit(await start(), crowd)
    else:
        token = demo_token(settings, role, f"{role} of a test")

    async def come_and_go() -> None:
        for _ in range(COUNT):
            await asyncio.to_thread(visit, served.url, life, token)
        hub = served.node.entrance.hub
        while served.node.connections or len(hub):
            await hub.look_after()
            await asyncio.sleep(0.01)

    async with asyncio.timeout(20):
        await come_and_go()  # the first ones fill caches
        gc.collect()
        gc.disable()
        try:
            await come_and_go()
            gc.set_debug(gc.DEBUG_SAVEALL)
            gc.collect()
        finally:
            gc.set_debug(0)
            gc.enable()
    # The loop's transports have rings of their own; the nodes' loop, uvloop, has none.
    ours = (type(each) for each in gc.garbage)
    left = Counter(
        each.__name__ for each in ours if each.__module__.startswith(("kolapp", "aiohttp"))
    )
    gc.garbage.clear()
    assert not left
