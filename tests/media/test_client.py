"""The dialler's side: a node that is not there, is not ours, freezes or dies."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest
from kolapp_media import control
from kolapp_media.client import MediaClient
from kolapp_media.errors import MediaError, NodeGone, TooManyLegs, error_for
from kolapp_media.model import LegChanged
from kolapp_media.node import MediaNode
from media_events import SECRET, Events

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def impostor() -> AsyncIterator[Callable[[Serve], Awaitable[str]]]:
    """Something else that listens where a node was expected."""
    servers: list[asyncio.Server] = []

    async def listen(serve: Serve) -> str:
        async def serve_and_close(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            await serve(reader, writer)
            writer.transport.abort()

        server = await asyncio.start_server(serve_and_close, "127.0.0.1", 0)
        servers.append(server)
        return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield listen
    for server in servers:
        server.close()
        await server.wait_closed()


def test_dialling_loads_no_media_library() -> None:
    code = "import kolapp_media.client, sys; print('aiortc' in sys.modules, 'av' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("address", ["127.0.0.1:1", "unix:/nowhere/at/all"])
async def test_nobody_there(address: str) -> None:
    with pytest.raises(NodeGone):
        await MediaClient.connect(address, SECRET, Events())


async def test_a_wrong_secret(node: MediaNode) -> None:
    with pytest.raises(NodeGone):
        await MediaClient.connect(node.address, b"another secret, long enough", Events())


async def test_something_else_listens_there(impostor) -> None:
    async def http(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    with pytest.raises(NodeGone):
        await MediaClient.connect(await impostor(http), SECRET, Events())


async def test_a_node_that_does_not_know_the_secret(impostor) -> None:
    async def pretend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(control.frame(control.GREETING + bytes(control.NONCE)))
        await reader.readexactly(4 + control.NONCE + control.PROOF)
        writer.write(control.frame(bytes(control.PROOF)))
        await writer.drain()

    with pytest.raises(NodeGone):
        await MediaClient.connect(await impostor(pretend), SECRET, Events())


async def test_a_node_that_says_nothing(impostor) -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    with pytest.raises(NodeGone):
        await MediaClient.connect(await impostor(silent), SECRET, Events(), timeout=0.05)


async def test_a_node_that_freezes(impostor) -> None:
    async def freeze(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonce = bytes(control.NONCE)
        writer.write(control.frame(control.GREETING + nonce))
        reply = await reader.readexactly(4 + control.NONCE + control.PROOF)
        handshake = control.Handshake(SECRET, nonce, control.read_reply(reply[4:])[0])
        writer.write(control.frame(handshake.proof(control.NODE)))
        await reader.read()

    client = await MediaClient.connect(await impostor(freeze), SECRET, Events(), timeout=0.1)
    with pytest.raises(NodeGone, match="in time"):
        await client.stats()

    await client.closed.wait()  # and the connection is given up with it
    await client.close()


async def test_a_dead_node_is_noticed_at_once(node: MediaNode) -> None:
    client = await MediaClient.connect(node.address, SECRET, Events(), timeout=60)
    waiting = asyncio.create_task(client.stats())
    node.answer = lambda _: asyncio.get_running_loop().create_future()  # type: ignore[method-assign]  # never
    await asyncio.sleep(0)
    for dialler in node._diallers:
        dialler.close()

    async with asyncio.timeout(5):
        await client.closed.wait()
        await asyncio.wait([waiting])
    with pytest.raises(NodeGone):
        await client.stats()
    await client.close()
    waiting.exception()


async def test_a_listener_that_fails_costs_nothing_but_its_event(
    node: MediaNode, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("listener")

    client = await MediaClient.connect(node.address, SECRET, fail)
    await client.stats()
    for dialler in node._diallers:
        dialler.tell(LegChanged("v", 1, "patient", 1, "connected"))

    assert (await client.stats()).legs == 0
    assert "a listener failed" in caplog.text
    await client.close()


async def test_what_a_newer_node_tells_is_passed_over(node: MediaNode) -> None:
    class Unheard(msgspec.Struct, frozen=True, tag_field="event", tag="of_tomorrow"):
        visit: str

    events = Events()
    client = await MediaClient.connect(node.address, SECRET, events)
    await client.stats()
    for dialler in node._diallers:
        dialler.tell(Unheard("v"))  # type: ignore[arg-type]  # no event of today
        dialler.tell(LegChanged("v", 1, "patient", 1, "connected"))
    assert (await client.stats()).legs == 0
    assert [event.state for event in events.seen] == ["connected"]
    await client.close()


def test_refusals_become_errors() -> None:
    assert isinstance(error_for("too_many_legs", "full"), TooManyLegs)
    assert type(error_for("of a newer node", "?")) is MediaError
