"""A WebSocket client that may break every rule: a TCP connection, and frames written by hand.

What comes back is read by wsproto, which is as strict as RFC 6455."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)

DEADLINE_S = 5.0
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
MASK = b"\x37\xfa\x21\x3d"


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    final: bool = True,
    reserved: int = 0,
    masked: bool = True,
    length: int | None = None,
    longest: bool = False,
) -> bytes:
    """One frame, with whatever is wrong in it. `length` is what its head says; `longest` writes
    that in eight bytes."""
    size = len(payload) if length is None else length
    mask_bit = 0x80 if masked else 0
    if size < 126 and not longest:
        head = bytes((mask_bit | size,))
    elif size < 65_536 and not longest:
        head = bytes((mask_bit | 126,)) + size.to_bytes(2, "big")
    else:
        head = bytes((mask_bit | 127,)) + size.to_bytes(8, "big")
    first = bytes(((0x80 if final else 0) | reserved << 4 | opcode,))
    body = bytes(b ^ m for b, m in zip(payload, itertools.cycle(MASK), strict=False))
    return first + head + (MASK + body if masked else payload)


class RawSocket:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.messages: list[dict[str, Any]] = []
        self.pongs: list[bytes] = []
        self.code: int | None = None  # of the server's Close frame
        self._ws = WSConnection(ConnectionType.CLIENT)
        self._ids = itertools.count(1)

    async def upgrade(self, host: str, **headers: str) -> None:
        request = Request(
            host=host,
            target="/ws",
            subprotocols=["kolapp.v1.json"],
            extra_headers=[(name.encode(), text.encode()) for name, text in headers.items()],
        )
        await self.send(self._ws.send(request))
        events = await self._events()
        assert isinstance(events[0], AcceptConnection), events
        assert not events[0].extensions
        self._take(events[1:])

    async def send(self, *data: bytes) -> None:
        """Each by itself, so that a frame may come in many pieces."""
        for piece in data:
            self.writer.write(piece)
            await self.writer.drain()

    async def say(self, kind: str, **fields: Any) -> int:
        number = next(self._ids)
        message = json.dumps({"type": kind, "id": number, **fields}).encode()
        await self.send(frame(TEXT, message))
        return number

    async def reply_to(self, number: int | None) -> dict[str, Any]:
        async with asyncio.timeout(DEADLINE_S):
            while True:
                for message in self.messages:
                    if message.get("re") == number:
                        self.messages.remove(message)
                        return message
                assert self._take(await self._events()), f"closed with {self.code}"

    async def until_pong(self) -> bytes:
        async with asyncio.timeout(DEADLINE_S):
            while not self.pongs:
                assert self._take(await self._events()), f"closed with {self.code}"
        return self.pongs.pop(0)

    async def closed(self) -> int | None:
        """Read until the connection is gone; the code it was closed with, None if it had none."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                try:
                    data = await self.reader.read(65_536)
                except ConnectionError:
                    return self.code
                if not data:
                    return self.code
                if self.code is None:
                    self._ws.receive_data(data)
                    self._take(list(self._ws.events()))

    async def _events(self) -> list[Any]:
        async with asyncio.timeout(DEADLINE_S):
            while True:
                data = await self.reader.read(65_536)
                self._ws.receive_data(data or None)
                if events := list(self._ws.events()):
                    return events
                assert data, "the connection is gone"

    def _take(self, events: list[Any]) -> bool:
        """False once the server has closed."""
        for event in events:
            if isinstance(event, CloseConnection):
                self.code = event.code
                return False
            if isinstance(event, Pong):
                self.pongs.append(bytes(event.payload))
            elif isinstance(event, TextMessage):
                self.messages.append(json.loads(event.data))
            else:
                assert not isinstance(event, BytesMessage | RejectConnection), event
                assert isinstance(event, Ping), event
        return True


@asynccontextmanager
async def raw_socket(
    url: str, *, upgraded: bool = True, **headers: str
) -> AsyncIterator[RawSocket]:
    where = urlsplit(url)
    assert where.hostname is not None
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    client = RawSocket(reader, writer)
    try:
        if upgraded:
            await client.upgrade(where.netloc, **headers)
        yield client
    finally:
        writer.close()
        with suppress(ConnectionError):  # cut off, as the test wanted
            await writer.wait_closed()
