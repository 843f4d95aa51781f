"""One person's connection to a signalling node, as PROTOCOL.md describes it.

A single task owns the socket for the client's whole life: connect, say hello, read, and after a
loss the same again with the resume id. Requests that are in flight when the connection breaks
are sent again, since every request of the protocol may be repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import time
from collections.abc import Callable
from typing import Any, Self, TypeVar, cast

from aiohttp import ClientError, ClientWebSocketResponse, WSMsgType

from .backoff import Backoff
from .errors import ConnectionClosed, NotInTime
from .in_flight import InFlight
from .lifetime import Lifetime
from .network import Network
from .snapshots import Snapshots
from .waiting import Changes
from .wire import ABNORMAL, MSGPACK, Codec, Duty, GuestNow, Message, Ticket, Welcome, may_reconnect

T = TypeVar("T")
# Message, time of arrival (perf_counter_ns: CLOCK_MONOTONIC, shared by all processes), frame size.
FrameHook = Callable[[Message, int, int], None]

REPLY_TIMEOUT_S = 10.0  # a reply or a state must come within this, reconnecting included
SILENCE_S = 10.0  # a socket on which nothing comes back so long after a ping is cut


class KolappClient(Lifetime):
    """`async with KolappClient("http://127.0.0.1:8080", token) as client: ...`

    Entering waits for the welcome. `ticket`, `duty` and `guest` are the newest snapshots. A `token`
    that can be called gives a fresh one for each connection, and before one runs out.
    """

    def __init__(
        self,
        url: str,
        token: str | Callable[[], str],
        *,
        codec: Codec = MSGPACK,
        network: Network | None = None,
        on_frame: FrameHook | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._url = url.rstrip("/") + "/ws"
        self._token = token
        self._codec = codec
        self._network = network or Network()
        self._owns_network = network is None
        self._on_frame = on_frame
        self._backoff = backoff or Backoff()
        self._ids = itertools.count(1)
        self._snapshots = Snapshots()
        self._in_flight = InFlight()
        self._changes = Changes()
        self._socket: ClientWebSocketResponse | None = None
        self._owner: asyncio.Task[None] | None = None
        self._opened_s = self._sent_s = self._heard_s = 0.0  # the loop's time
        self._leaving = False
        self._hint_s = 0.0  # how soon a node that stops wants us back
        self.welcome: Welcome | None = None  # of the present or the last connection
        self.connected = False  # welcomed, and the socket not known to be gone
        self.connections = 0  # welcomes so far
        self.closed: ConnectionClosed | None = None  # set once the connection is over for good

    @property
    def ticket(self) -> Ticket | None:
        return self._snapshots.ticket

    @property
    def duty(self) -> Duty | None:
        return self._snapshots.duty

    @property
    def guest(self) -> GuestNow | None:
        return self._snapshots.guest

    # Life

    async def open(self) -> None:
        if self._owns_network:
            await self._network.open()
        self._network.watch(self)
        self._owner = asyncio.create_task(self._live(), name="kolapp client")
        await self.until(lambda client: client.connected, what="welcome")

    async def close(self) -> None:
        """Say goodbye (1000) and stop; bounded by the closing handshake's deadline."""
        self._leaving = True
        self._network.forget(self)
        if self._socket is not None:
            await self._socket.close()
        if self._owner is not None:
            self._owner.cancel()
            await asyncio.wait([self._owner])
        self._over(ConnectionClosed(1000, "left"))
        if self._owns_network:
            await self._network.close()

    def drop(self) -> None:
        """Cut the connection without a word, as a tunnel or a flat battery does."""
        endpoint = self._socket.get_extra_info("socket") if self._socket is not None else None
        if endpoint is None or endpoint.fileno() < 0:
            return
        # A copy of the descriptor, because uvloop's socket object cannot be shut down.
        with socket.socket(fileno=os.dup(endpoint.fileno())) as copy, contextlib.suppress(OSError):
            copy.shutdown(socket.SHUT_RDWR)

    # What callers do

    async def request(
        self, kind: str, /, *, timeout: float = REPLY_TIMEOUT_S, **fields: Any
    ) -> Message:
        """Send one request and return its reply.

        Raises RequestRefused, NotInTime after `timeout` seconds, or ConnectionClosed.
        """
        self._check_open()
        number = next(self._ids)
        frame = self._codec.encode({"type": kind, "id": number, **fields})
        reply = self._in_flight.add(number, frame)
        try:
            async with asyncio.timeout(timeout):
                if self.connected:
                    await self._send(frame)
                return await reply
        except TimeoutError:
            raise NotInTime(f"no reply to `{kind}` within {timeout} s") from None
        finally:
            self._in_flight.remove(number)

    async def until(
        self,
        predicate: Callable[[Self], T | None],
        timeout: float = REPLY_TIMEOUT_S,
        what: str = "",
    ) -> T:
        """Wait until `predicate(self)` is true, looking again at every change; return its value.

        Raises NotInTime after `timeout` seconds, or ConnectionClosed.
        """
        self._check_open()
        return await self._changes.until(self, predicate, timeout, what)

    # The owner of the socket

    async def _live(self) -> None:
        try:
            while True:
                before = self.connections
                code, reason = await self._one_connection()
                if self._leaving:
                    return
                if not may_reconnect(code):
                    return self._over(ConnectionClosed(code, reason))
                opened = self.connections > before
                lasted_s = asyncio.get_running_loop().time() - self._opened_s if opened else 0.0
                await asyncio.sleep(self._pause_s(lasted_s))
        except Exception as error:
            # A frame nobody could read, or a hook that failed: whoever waits must not hang.
            self._over(ConnectionClosed(ABNORMAL, f"the client failed: {error!r}"))

    def _pause_s(self, lasted_s: float) -> float:
        """The server's hint goes before our own, once."""
        hint_s, self._hint_s = self._hint_s, 0.0
        own_s = self._backoff.next_delay(lasted_s)
        return self._backoff.random.uniform(0.0, hint_s) if hint_s else own_s

    async def _one_connection(self) -> tuple[int, str]:
        """Connect, greet and read to the end; return close code and reason."""
        self._opened_s = self._heard_s = asyncio.get_running_loop().time()
        try:
            connection = await self._network.connect(self._url, self._codec.subprotocol)
        except (ClientError, OSError, TimeoutError):
            return ABNORMAL, "could not connect"
        self._socket = connection
        try:
            await self._greet()
            return await self._read(connection)
        finally:
            self.connected = False
            if not self._leaving:
                # Whatever ended it, no handshake shall hold the next attempt back.
                self.drop()
                await connection.close()
            self._socket = None
            self._changes.happened(self)

    async def _greet(self) -> None:
        token = self._token() if callable(self._token) else self._token
        hello: Message = {"type": "hello", "id": next(self._ids), "token": token}
        if self.welcome is not None:
            hello["resume"] = self.welcome["resume"]
        await self._send(self._codec.encode(hello))

    async def _read(self, connection: ClientWebSocketResponse) -> tuple[int, str]:
        while True:
            frame = await connection.receive()
            arrived_ns = time.perf_counter_ns()
            if frame.type in (WSMsgType.BINARY, WSMsgType.TEXT):
                await self._received(frame.data, arrived_ns)
            else:
                reason = frame.extra if frame.type is WSMsgType.CLOSE else ""
                return connection.close_code or ABNORMAL, str(reason or "")

    async def _received(self, data: bytes | str, arrived_ns: int) -> None:
        message = self._codec.decode(data)
        self._heard_s = asyncio.get_running_loop().time()
        if self._on_frame is not None:
            self._on_frame(message, arrived_ns, len(data))
        if message["type"] == "welcome":
            await self._welcomed(cast(Welcome, message))
        elif message["type"] == "reconnect":
            self._hint_s = message["after_ms"] / 1000
        elif message["type"] == "token" and "re" not in message and callable(self._token):
            await self._renew()
        self._snapshots.apply(message)
        self._in_flight.settle(message)
        self._changes.happened(self)

    async def _welcomed(self, welcome: Welcome) -> None:
        self.welcome = welcome
        self.connections += 1
        self.connected = True
        self._snapshots.reconnected()
        for frame in self._in_flight.frames():
            await self._send(frame)

    async def _renew(self) -> None:
        """Nobody waits for the reply: the old token's end tells that the new one was no good."""
        assert callable(self._token)
        renew = {"type": "renew", "id": next(self._ids), "token": self._token()}
        await self._send(self._codec.encode(renew))

    async def _send(self, frame: bytes) -> None:
        """Hand a frame to the socket. A lost one is no error: requests are sent again after the
        next welcome, and the reader learns of the loss by itself."""
        if self._socket is None:
            return
        self._sent_s = asyncio.get_running_loop().time()
        kind = WSMsgType.BINARY if self._codec.binary else WSMsgType.TEXT
        with contextlib.suppress(ClientError, ConnectionError):
            await self._socket.send_frame(frame, kind)

    def beat(self, now_s: float) -> None:
        """Called once a second by the network: ping when we were silent, cut when they are."""
        if self._socket is None:
            return
        every_s = self.welcome["ping_every_ms"] / 1000 if self.welcome is not None else 0.0
        if now_s - self._heard_s > every_s + SILENCE_S:
            self.drop()
        elif self.connected and now_s - self._sent_s >= every_s:
            ping = self._codec.encode({"type": "ping", "id": next(self._ids)})
            self._network.spawn(self._send(ping))

    # The end

    def _over(self, closed: ConnectionClosed) -> None:
        """Everybody who waits for something learns why it will not come."""
        if self.closed is None:
            self.closed = closed
        self.connected = False
        self._changes.end(self.closed)
        self._in_flight.end(self.closed)

    def _check_open(self) -> None:
        if self.closed is not None:
            raise self.closed
