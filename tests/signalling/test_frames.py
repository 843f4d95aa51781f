"""RFC 6455's hard cases against a real node: the code that the RFC asks for, and nobody disturbed.

Case numbers in the names are those of the Autobahn suite where it has the same case."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp.http_websocket import WebSocketReader
from drivers import Driver, People, Start
from kolapp_signalling.app import Served
from kolapp_signalling.codes import CloseCode
from kolapp_signalling.connection import Connection
from raw_socket import BINARY, CLOSE, PING, PONG, TEXT, RawSocket, frame, raw_socket

LIMIT = 65_536


@pytest.fixture
async def raw(node: Served) -> AsyncIterator[RawSocket]:
    async with raw_socket(node.url) as client:
        yield client


@pytest.fixture
async def bo(node: Served, crowd: People) -> Driver:
    """Somebody else, who waits on the same node."""
    return await crowd.waiting(node, "bo")


async def hello(raw: RawSocket, node: Served, crowd: People) -> None:
    number = await raw.say("hello", token=crowd.token(node, "patient", "anna"))
    assert (await raw.reply_to(number))["type"] == "welcome"


def ping(number: int) -> bytes:
    return json.dumps({"type": "ping", "id": number}).encode()


def fragments(payload: bytes, size: int = 1, opcode: int = TEXT) -> list[bytes]:
    parts = [payload[at : at + size] for at in range(0, len(payload), size)]
    last = len(parts) - 1
    return [frame(0 if n else opcode, part, final=n == last) for n, part in enumerate(parts)]


WRONG: dict[str, tuple[list[bytes], int]] = {
    "a ping of 126 bytes (2.5)": ([frame(PING, b"x" * 126)], 1002),
    "reserved bit 1 (3.2, a deflate bomb's)": ([frame(TEXT, b"{}", reserved=4)], 1002),
    "reserved bit 2 (3.3)": ([frame(TEXT, b"{}", reserved=2)], 1002),
    "reserved bits on a ping (3.5)": ([frame(PING, b"", reserved=7)], 1002),
    "opcode 3 (4.1.1)": ([frame(3)], 1002),
    "opcode 7 with content (4.1.5)": ([frame(7, b"x")], 1002),
    "opcode 11 (4.2.1)": ([frame(11)], 1002),
    "opcode 15 (4.2.5)": ([frame(15, b"x")], 1002),
    "a ping in two fragments (5.1)": ([frame(PING, b"a", final=False), frame(0, b"b")], 1002),
    "a continuation of nothing (5.9)": ([frame(0, b"{}")], 1002),
    "an open continuation of nothing (5.10)": ([frame(0, b"{}", final=False)], 1002),
    "a text inside a text (5.18)": ([frame(TEXT, b"{", final=False), frame(TEXT, b"}")], 1002),
    "a text after an empty fragment": ([frame(TEXT, final=False), frame(TEXT, b"{}")], 1002),
    "a binary inside a text": ([frame(TEXT, b"{", final=False), frame(BINARY, b"}")], 1002),
    "a frame without a mask": ([frame(TEXT, b"{}", masked=False)], 1002),
    "a ping without a mask": ([frame(PING, masked=False)], 1002),
    "a length written too long": ([frame(TEXT, b"{}", longest=True)], 1002),
    "a length beyond 2^63": ([frame(TEXT, b"", length=2**63)], 1002),
    "bad UTF-8 (6.3)": ([frame(TEXT, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80")], 1007),
    "bad UTF-8 split over fragments (6.4)": (fragments(b'{"type":"ping\xf4\x90\x80\x80"}'), 1007),
    "half a letter at the end (6.8)": ([frame(TEXT, b'{"type":"\xc3')], 1007),
    "bad UTF-8 in a string": ([frame(TEXT, b'{"type":"ping","id":"\xff"}')], 1007),
    "a close with one byte (7.3.2)": ([frame(CLOSE, b"\x03")], 1002),
    "a close of 126 bytes (7.3.6)": ([frame(CLOSE, b"\x03\xe8" + b"x" * 124)], 1002),
    "a close in bad UTF-8 (7.5.1)": ([frame(CLOSE, b"\x03\xe8\xce\xba\xe1\xbd\xb9\xed")], 1007),
    **{
        f"close code {code} (7.9)": ([frame(CLOSE, code.to_bytes(2, "big"))], 1002)
        for code in (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535)
    },
    "one byte over the limit": ([frame(TEXT, b"", length=LIMIT + 1)], 1009),
    "a gigabyte announced": ([frame(BINARY, b"", length=2**30)], 1009),
    "over the limit in two fragments": (
        [frame(TEXT, b" " * LIMIT, final=False), frame(0, b"}", final=False)],
        1009,
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_bad_input_14_wrong_frames_get_the_code_of_the_rfc(
    node: Served, name: str, raw: RawSocket
) -> None:
    sent, code = WRONG[name]
    await raw.send(*sent)
    assert await raw.closed() == code


@pytest.mark.parametrize("name", ["a text inside a text (5.18)", "a frame without a mask"])
async def test_nothing_after_a_wrong_frame_is_read_and_nobody_notices(
    node: Served, crowd: People, raw: RawSocket, bo: Driver, name: str
) -> None:
    await hello(raw, node, crowd)
    before = len(bo.frames)
    await raw.send(b"".join(WRONG[name][0]) + frame(TEXT, ping(50)))
    assert await raw.closed() == 1002
    assert not any(message.get("re") == 50 for message in raw.messages)
    await bo.ask("ping")
    assert [each["type"] for each in bo.frames[before:]] == ["pong"]


async def test_fragments_of_one_byte_with_pings_between_are_one_message(
    node: Served, crowd: People, raw: RawSocket
) -> None:
    await hello(raw, node, crowd)
    pieces = fragments(ping(70))
    with_pings = [each for piece in pieces for each in (piece, frame(PING, b"p"))]
    await raw.send(*with_pings[:-1])
    assert (await raw.reply_to(70))["type"] == "pong"
    assert [await raw.until_pong() for _ in pieces[1:]] == [b"p"] * (len(pieces) - 1)


async def test_a_frame_may_come_byte_by_byte(node: Served, crowd: People, raw: RawSocket) -> None:
    await hello(raw, node, crowd)
    whole = frame(TEXT, ping(71)) + frame(PING, b"x" * 125) + frame(PONG)
    await raw.send(*(whole[at : at + 1] for at in range(len(whole))))
    assert (await raw.reply_to(71))["type"] == "pong"
    assert await raw.until_pong() == b"x" * 125


@pytest.mark.parametrize("empty", [0, 1, 3])
async def test_empty_fragments_belong_to_their_message(
    node: Served, crowd: People, raw: RawSocket, empty: int
) -> None:
    await hello(raw, node, crowd)
    await raw.send(frame(TEXT, final=False), *[frame(0, final=False)] * empty)
    await raw.send(frame(0, ping(72)))
    assert (await raw.reply_to(72))["type"] == "pong"


@pytest.mark.parametrize("pieces", [1, 8])
async def test_a_message_at_the_limit_is_read(
    node: Served, crowd: People, raw: RawSocket, pieces: int
) -> None:
    await hello(raw, node, crowd)
    await raw.send(*fragments(ping(73).ljust(LIMIT), LIMIT // pieces))
    assert (await raw.reply_to(73))["type"] == "pong"


async def test_what_comes_with_the_handshake_is_looked_at_too(node: Served) -> None:
    head = (
        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Protocol: kolapp.v1.json\r\n\r\n"
    )
    async with raw_socket(node.url, upgraded=False) as raw:
        await raw.send(head.encode() + frame(TEXT, b"{}", masked=False))
        async with asyncio.timeout(5):
            answer = await raw.reader.read()
    assert b" 101 " in answer
    assert b"\x88" in answer
    assert (1002).to_bytes(2, "big") in answer


def only(node: Served) -> Connection:
    [connection] = node.node.connections
    return connection


async def test_a_message_that_never_ends_is_cut_off(start: Start, crowd: People) -> None:
    """Signs of life between its fragments do not help it."""
    node = await start(message_timeout_ms=100)
    async with raw_socket(node.url) as raw:
        await hello(raw, node, crowd)
        for slow in (frame(TEXT, b'{"type":', final=False), frame(PING, b"I am there")):
            await raw.send(slow)
        assert await raw.until_pong() == b"I am there"
        closed = asyncio.create_task(raw.closed())
        while not closed.done():  # sooner than once a second
            await node.node.hub.look_after()
            await asyncio.wait([closed], timeout=0.02)
        assert closed.result() == CloseCode.SLOW_SENDER


async def test_half_a_head_is_the_beginning_of_a_message_and_our_own_pause_is_not(
    start: Start, crowd: People
) -> None:
    node = await start(message_timeout_ms=1_000)
    async with raw_socket(node.url) as raw:
        await hello(raw, node, crowd)
        await raw.send(frame(TEXT, ping(80))[:1])
        ours, guard = only(node), only(node)._ws.guard
        async with asyncio.timeout(5):
            while not guard.begun:  # noqa: ASYNC110  # bytes have no event
                await asyncio.sleep(0)
        guard.begun -= 5
        ours._transport.pause_reading()  # type: ignore[attr-defined]
        ours.look_after()
        assert ours.close_code is None, "it is we who do not read"
        ours._transport.resume_reading()  # type: ignore[attr-defined]
        guard.begun -= 5
        ours.look_after()
        assert ours.close_code == CloseCode.SLOW_SENDER


async def test_a_flood_of_frames_ends_and_nobody_notices(start: Start, crowd: People) -> None:
    node = await start(frames_per_s=500)
    bo = await crowd.waiting(node, "bo")
    async with raw_socket(node.url) as raw:
        await hello(raw, node, crowd)
        await raw.send(frame(TEXT, b"{", final=False) + frame(0, b" ", final=False) * 2_000)
        assert await raw.closed() == CloseCode.FLOOD
    assert (await bo.ask("ping"))["type"] == "pong"


async def test_many_pings_are_answered_slowly(start: Start, crowd: People) -> None:
    node = await start(messages_per_s=5)
    async with raw_socket(node.url) as raw:
        began = asyncio.get_running_loop().time()
        await raw.send(frame(PING, b"x") * 12)
        assert [await raw.until_pong() for _ in range(12)] == [b"x"] * 12
        assert asyncio.get_running_loop().time() - began >= 1.0


async def test_the_framework_is_the_one_whose_insides_we_know(raw: RawSocket, node: Served) -> None:
    guard = only(node)._ws.guard
    assert isinstance(guard._reader, WebSocketReader)
    await raw.send(frame(PING, b"through the guard"))
    assert await raw.until_pong() == b"through the guard"
