"""A signalling node that does what a test says, for what a real one does too rarely to wait for:
it welcomes everybody, keeps what it was sent, and answers only as told."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import ClientError, WSMsgType, web
from kolapp_loadtest.wire import JSON, MSGPACK, Codec, Message
from stub_server import Socket, accept, at_free_port, welcome

Answer = Callable[[Message], Message | None]
DEADLINE_S = 5.0


class ScriptedNode:
    def __init__(self) -> None:
        self.url = ""
        self.greet = True  # answer `hello` with a welcome
        self.answers: dict[str, Answer] = {"ping": lambda request: {"type": "pong"}}
        self.sockets: list[Socket] = []
        self.inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._sessions = itertools.count(1)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        socket = await accept(request)
        self.sockets.append(socket)
        codec = self._codec(socket)
        async for frame in socket:
            message = codec.decode(frame.data)
            assert (frame.type is WSMsgType.BINARY) == codec.binary
            self.inbox.put_nowait(message)
            if message["type"] == "hello":
                if self.greet:
                    await self.send(self.welcome(message), socket)
                continue
            answer = self.answers.get(message["type"], lambda request: None)(message)
            if answer is not None:
                await self.send({"re": message["id"], **answer}, socket)
        return socket

    def welcome(self, hello: Message) -> Message:
        number = next(self._sessions)
        return {
            "re": hello["id"],
            **welcome(number, "patient", "scripted", resumed="resume" in hello),
        }

    async def send(self, message: Message, socket: Socket | None = None) -> None:
        """To the newest connection, if no other is named."""
        socket = socket or self.sockets[-1]
        codec = self._codec(socket)
        with suppress(ClientError, ConnectionError):
            if codec.binary:
                await socket.send_bytes(codec.encode(message))
            else:
                await socket.send_str(codec.encode(message).decode())

    async def receives(self, kind: str) -> Message:
        """The next message of that type, skipping others."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                message = await self.inbox.get()
                if message["type"] == kind:
                    return message

    def vanish(self) -> None:
        """The newest connection breaks without a closing handshake."""
        transport = self.sockets[-1].get_extra_info("socket")
        assert transport is not None
        transport.shutdown(2)

    @staticmethod
    def _codec(socket: Socket) -> Codec:
        return MSGPACK if socket.ws_protocol == MSGPACK.subprotocol else JSON


def ticket(version: int, **fields: Any) -> Message:
    """A waiting ticket's snapshot, with what a test wants different."""
    place = {"position": 3, "waiting": 3, "wait": {"known": False, "low_s": 0, "high_s": 0}}
    snapshot = {"type": "ticket", "version": version, "ticket": "t1", "queue": "drop-in"}
    return {**snapshot, "number": 7, "state": "waiting", "place": place, **fields}


@asynccontextmanager
async def scripted_node() -> AsyncIterator[ScriptedNode]:
    node = ScriptedNode()
    async with at_free_port(web.get("/ws", node.handle)) as node.url:
        try:
            yield node
        finally:
            for socket in node.sockets:
                await socket.close()
