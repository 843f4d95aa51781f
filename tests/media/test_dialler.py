"""Strangers and bad habits at the control socket: that connection is closed, no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import msgspec
import pytest
from kolapp_media import control
from kolapp_media.client import MediaClient
from kolapp_media.model import CONTROL_LIMIT, LegChanged, Stats
from kolapp_media.node import MediaNode
from kolapp_media.settings import MediaSettings
from media_events import SECRET, Events
from media_peers import until

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def settings() -> MediaSettings:
    return replace(
        MediaSettings(),
        handshake_timeout=0.2,
        outstanding_requests=2,
        max_diallers=3,
        control_backlog=64 * 1024,
    )


@pytest.fixture
async def raw(node: MediaNode) -> AsyncIterator[Streams]:
    where = control.Address.parse(node.address)
    reader, writer = await asyncio.open_connection(where.host, where.port)
    yield reader, writer
    writer.transport.abort()


async def is_closed(reader: asyncio.StreamReader) -> bool:
    """Read whatever comes until the other side hangs up; a deadline says it did not."""
    try:
        async with asyncio.timeout(5):
            while await reader.read(65_536):
                pass
    except ConnectionError:
        pass
    return True


async def prove(raw: Streams, secret: bytes = SECRET) -> control.Handshake:
    reader, writer = raw
    greeting = await reader.readexactly(4 + len(control.GREETING) + control.NONCE)
    nonce = control.read_greeting(greeting[4:])
    handshake = control.Handshake(secret, nonce, b"d" * control.NONCE)
    proof = handshake.proof(control.DIALLER)
    writer.write(control.frame(handshake.dialler_nonce + proof))
    return handshake


GARBAGE = {
    "nothing in time": b"",
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
    "an oversized frame": (CONTROL_LIMIT).to_bytes(4, "big"),
    "an empty frame": bytes(4),
    "a guess": control.frame(bytes(control.NONCE + control.PROOF)),
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE.keys())
async def test_who_does_not_prove_itself_is_closed(
    data: bytes, raw: Streams, client: MediaClient
) -> None:
    reader, writer = raw
    writer.write(data)

    assert await is_closed(reader)
    assert (await client.stats()).legs == 0


async def test_a_wrong_secret_is_closed(raw: Streams, client: MediaClient) -> None:
    await prove(raw, b"another secret, long enough as well")

    assert await is_closed(raw[0])
    assert (await client.stats()).legs == 0


async def test_a_proof_cannot_be_used_again(raw: Streams, node: MediaNode) -> None:
    handshake = await prove(raw)
    overheard = control.frame(handshake.dialler_nonce + handshake.proof(control.DIALLER))
    where = control.Address.parse(node.address)
    reader, writer = await asyncio.open_connection(where.host, where.port)
    writer.write(overheard)

    assert await is_closed(reader)
    writer.transport.abort()


BAD_FRAMES = {
    "not sealed": lambda _: control.frame(b"x" * 40),
    "too large": lambda _: (CONTROL_LIMIT + 1).to_bytes(4, "big"),
    "not MessagePack": lambda seal: seal.close(b"\xc1"),
    "no request": lambda seal: seal.close(msgspec.msgpack.encode({"op": "sing", "id": 1})),
    "a field too many": lambda seal: seal.close(
        msgspec.msgpack.encode({"op": "stats", "id": 1, "x": 1})
    ),
    "deeper than any": lambda seal: seal.close(b"\x91" * 60_000),
}


@pytest.mark.parametrize("make", BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
async def test_a_dialler_that_talks_nonsense_is_closed_alone(
    make, raw: Streams, client: MediaClient
) -> None:
    handshake = await prove(raw)
    raw[1].write(make(handshake.seal(control.DIALLER)))

    assert await is_closed(raw[0])
    assert (await client.stats()).legs == 0


async def test_a_frame_of_another_connection_is_refused(
    raw: Streams, node: MediaNode, client: MediaClient
) -> None:
    handshake = await prove(raw)
    sealed = handshake.seal(control.DIALLER).close(msgspec.msgpack.encode(Stats(1)))
    where = control.Address.parse(node.address)
    other = await asyncio.open_connection(where.host, where.port)
    await prove(other)
    other[1].write(sealed)

    assert await is_closed(other[0])
    other[1].transport.abort()


async def test_diallers_are_bounded(node: MediaNode, client: MediaClient) -> None:
    more = [await MediaClient.connect(node.address, SECRET, Events()) for _ in range(2)]
    where = control.Address.parse(node.address)
    reader, writer = await asyncio.open_connection(where.host, where.port)

    assert await is_closed(reader)
    writer.transport.abort()
    await asyncio.gather(*(each.close() for each in more))


async def test_more_requests_than_are_worked_on_are_answered_in_turn(client: MediaClient) -> None:
    answers = await asyncio.gather(*(client.stats() for _ in range(50)))

    assert len({each.id for each in answers}) == 50


async def test_a_dialler_that_does_not_read_is_closed(
    node: MediaNode, raw: Streams, client: MediaClient
) -> None:
    await prove(raw)
    raw[1].transport.pause_reading()
    await client.stats()
    dialler = next(each for each in node._diallers if each._sealed is not None)
    assert dialler is not None
    event = LegChanged("v" * 10_000, 1, "patient", 1, "connected")

    async with asyncio.timeout(10):
        while len(node._diallers) == 2:
            for each in list(node._diallers):
                each.tell(event)
            await asyncio.sleep(0)

    assert (await client.stats()).legs == 0


def full_node(legs: int, width: int = 36) -> Iterator[LegChanged]:
    """What a node with more legs than a test can connect has to tell."""
    return (
        LegChanged(f"{number:0{width}}", 1, "patient", 1, "connected") for number in range(legs)
    )


async def test_a_full_node_is_told_of_in_parts(
    node: MediaNode, settings: MediaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = list(full_node(5_000))
    assert len(msgspec.msgpack.encode(present)) > 4 * settings.control_backlog
    monkeypatch.setattr(node, "_connected", lambda: iter(present))
    heard = Events()

    client = await MediaClient.connect(node.address, SECRET, heard)
    await client.stats()

    assert heard.seen == present
    await client.close()


async def test_a_dialler_that_does_not_read_what_is_told_at_first_is_closed(
    node: MediaNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = full_node(1_000_000, 400)  # far beyond what the sockets hold
    monkeypatch.setattr(node, "_connected", lambda: present)
    where = control.Address.parse(node.address)
    raw = await asyncio.open_connection(where.host, where.port)
    await prove(raw)
    raw[1].transport.pause_reading()

    await until(lambda: not node._diallers)

    assert 0 < int(next(present).visit) < 1_000_000  # begun, and not read out
    raw[1].transport.abort()
