"""One connection of a dialler to a media node: the proof of each to the other, requests and the
replies to them, events as they come. What is asked: `client`."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import socket
from collections.abc import Callable
from typing import Self

import msgspec

from . import control
from .errors import BadRequest, NodeGone
from .model import (
    CONTROL_LIMIT,
    AnyEvent,
    Done,
    LegChanged,
    LegQuality,
    NodeStats,
    Opened,
    Posted,
    Refused,
    Request,
)

_log = logging.getLogger(__name__)
_READ = 64 * 1024
# A host that vanishes without closing its sockets is noticed within some ten seconds.
_KEEPALIVE = {"TCP_KEEPIDLE": 3, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3}
_TCP_USER_TIMEOUT_MS = 10_000

Reply = Opened | Done | NodeStats | Refused
_replies = msgspec.msgpack.Decoder(Reply)
_events = msgspec.msgpack.Decoder(AnyEvent)
_encode = msgspec.msgpack.Encoder()


class _Kind(msgspec.Struct):
    """Which of the two a frame is: events carry no id."""

    id: int | None = None


_kinds = msgspec.msgpack.Decoder(_Kind)


class ControlLink:
    """Numbers requests, and gives each its reply."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_event: Callable[[LegChanged], None],
        on_quality: Callable[[LegQuality], None] | None,
        on_posted: Callable[[Posted], None] | None,
        timeout: float,
    ) -> None:
        self.closed = asyncio.Event()  # set once the connection has ended, whoever ended it
        self._reader = reader
        self._writer = writer
        self._on_event = on_event
        self._on_quality = on_quality
        self._on_posted = on_posted
        self._timeout = timeout
        self._ids = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Reply]] = {}
        self._frames = control.FrameReader(CONTROL_LIMIT)
        self._waiting: list[bytes] = []
        self._seal: control.Seal | None = None
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def connect(
        cls,
        address: str,
        secret: bytes,
        on_event: Callable[[LegChanged], None],
        timeout: float = 5.0,
        on_quality: Callable[[LegQuality], None] | None = None,
        on_posted: Callable[[Posted], None] | None = None,
    ) -> Self:
        """Dial a node. `timeout` (seconds) holds for this and for each request.

        Raises `NodeGone` if it does not answer or does not know the secret, ValueError for what is
        no address. `on_event` is called from the event loop and must not block.
        """
        where = control.Address.parse(address)
        try:
            async with asyncio.timeout(timeout):
                if where.path:
                    reader, writer = await asyncio.open_unix_connection(where.path)
                else:
                    reader, writer = await asyncio.open_connection(where.host, where.port)
                client = cls(reader, writer, on_event, on_quality, on_posted, timeout)
                try:
                    await client._handshake(secret)
                except BaseException:
                    writer.transport.abort()
                    raise
        except (OSError, TimeoutError, BadRequest) as error:
            raise NodeGone("the media node cannot be reached") from error
        return client

    async def close(self) -> None:
        """Hang up; requests under way fail with `NodeGone`. Idempotent."""
        self._writer.transport.abort()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _handshake(self, secret: bytes) -> None:
        self._set_keepalive()
        node_nonce = control.read_greeting(await self._handshake_frame())
        handshake = control.Handshake(secret, node_nonce, os.urandom(control.NONCE))
        proof = handshake.proof(control.DIALLER)
        self._writer.write(control.frame(handshake.dialler_nonce + proof))
        if not handshake.check(control.NODE, await self._handshake_frame()):
            raise NodeGone("the media node does not know the secret")
        self._seal = handshake.seal(control.DIALLER)
        self._reading = asyncio.create_task(self._read(handshake.seal(control.NODE)))

    async def _handshake_frame(self) -> bytes:
        """One frame and no byte more: longer ones may follow the node's proof at once."""
        try:
            size = int.from_bytes(await self._reader.readexactly(4), "big")
            if size > control.HANDSHAKE_LIMIT:
                raise BadRequest("a frame is larger than allowed")
            return await self._reader.readexactly(size)
        except asyncio.IncompleteReadError:
            raise ConnectionResetError("the media node hung up") from None

    def _set_keepalive(self) -> None:
        connection = self._writer.get_extra_info("socket")
        if connection is None or connection.family == socket.AF_UNIX:
            return
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        options = {**_KEEPALIVE, "TCP_USER_TIMEOUT": _TCP_USER_TIMEOUT_MS}
        for name, value in options.items():
            if hasattr(socket, name):  # not every system has each
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    async def _next(self) -> bytes:
        while not self._waiting:
            data = await self._reader.read(_READ)
            if not data:
                raise ConnectionResetError("the media node hung up")
            self._waiting = self._frames.feed(data)
        return self._waiting.pop(0)

    async def _read(self, seal: control.Seal) -> None:
        try:
            while True:
                self._take(seal.open(await self._next()))
        except (OSError, BadRequest, msgspec.MsgspecError):
            pass  # all the same: this connection is of no use any more
        finally:
            self._writer.transport.abort()
            self.closed.set()
            for future in self._asked.values():
                if not future.done():
                    future.set_exception(NodeGone("the media node is gone"))

    def _take(self, content: bytes) -> None:
        if _kinds.decode(content).id is None:
            with contextlib.suppress(msgspec.ValidationError):  # of a newer node: not for us
                self._tell(_events.decode(content))
            return
        reply = _replies.decode(content)
        future = self._asked.get(reply.id)
        if future is not None and not future.done():
            future.set_result(reply)

    def _tell(self, event: AnyEvent) -> None:
        try:
            if isinstance(event, LegChanged):
                self._on_event(event)
            elif isinstance(event, LegQuality):
                if self._on_quality is not None:
                    self._on_quality(event)
            elif self._on_posted is not None:
                self._on_posted(event)
        except Exception:  # the listener's mistake must not cost the connection
            _log.exception("a listener failed")

    async def _ask(self, request: Request) -> Reply:
        if self.closed.is_set() or self._seal is None:
            raise NodeGone("the media node is gone")
        content = _encode.encode(request)
        if len(content) + control.TAG > CONTROL_LIMIT:
            raise BadRequest("the request is larger than a frame may be")
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asked[request.id] = future
        try:
            self._writer.write(self._seal.close(content))
            async with asyncio.timeout(self._timeout):
                return await future
        except TimeoutError:
            # It may be frozen or cut off; what it still answers would be about the past.
            self._writer.transport.abort()
            raise NodeGone("the media node did not answer in time") from None
        finally:
            del self._asked[request.id]
