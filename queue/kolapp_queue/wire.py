"""One connection that all commands of a process to one server share.

A command is written as soon as it is given, and answers come in the order of the commands; nobody
waits for somebody else's answer before asking. redis-py's own client lends every command a
connection and waits on it: that costs a multiple of what the command itself does.

redis-py still does what it does well: URLs, sockets, TLS, passwords, the protocol and the shapes of
the answers. A transaction takes a connection of the pool, as ever.

Needs `socket_timeout=None`: with one, redis-py writes in another task, so not in order, and Python
3.11's `wait_for` there may lose a cancellation. Whoever asks has a deadline (`link`).

Not for commands that make the server wait, for they would make everybody wait: a subscription has a
connection of its own (`feed`).
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Any

import hiredis
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError, ResponseError

MOST_ASKED = 10_000  # commands not answered yet; one more is refused as `OVERFLOW`
OVERFLOW = "too many commands wait for the store's answer"
# Who gives up after this, while nobody is answered, has the connection closed: it may be dead.
SILENCE_S = 0.1


class _Line:
    """One connection, from its first command to its loss."""

    def __init__(self, connection: AbstractConnection) -> None:
        self.connection = connection
        self.lost = False
        self._asked: deque[asyncio.Future[Any]] = deque()
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._reader = asyncio.create_task(self._read(), name="store wire")

    async def ask(self, packed: bytes) -> Any:
        if len(self._asked) >= MOST_ASKED:
            raise RedisError(OVERFLOW)
        if not self._asked:
            self._heard_at = self._loop.time()
        answer = self._loop.create_future()
        self._asked.append(answer)
        try:
            # Written before anybody else has a turn, so in the order of `_asked`.
            await self.connection.send_packed_command(packed, check_health=False)
        except BaseException:
            answer.cancel()
            self._reader.cancel()
            raise
        try:
            return await answer
        except asyncio.CancelledError:
            if not self.lost and self._loop.time() - self._heard_at > SILENCE_S:
                self._reader.cancel()
            raise

    async def close(self) -> None:
        self._reader.cancel()
        await asyncio.wait([self._reader])

    async def _read(self) -> None:
        why = "the connection was given up"
        try:
            while True:
                reply = await self._reply()
                self._heard_at = self._loop.time()
                self._tell(self._asked.popleft(), reply)
        except (RedisError, OSError) as error:
            why = str(error)
        finally:
            self.lost = True
            for answer in self._asked:
                self._tell(answer, LostConnection(why))
            self._asked.clear()
            await self.connection.disconnect(nowait=True)

    async def _reply(self) -> Any:
        try:
            return await self.connection.read_response(
                disable_decoding=True, timeout=math.inf, disconnect_on_error=False
            )
        except ResponseError as error:
            return error

    @staticmethod
    def _tell(answer: asyncio.Future[Any], reply: Any) -> None:
        if answer.done():
            return
        if isinstance(reply, Exception):
            answer.set_exception(reply)
        else:
            answer.set_result(reply)


class WireClient(Redis):
    """redis-py's client of one server, with one connection for all single commands."""

    _line: _Line | None = None
    _connecting: asyncio.Lock | None = None

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        line = self._line
        if line is None or line.lost:
            line = await self._connected()
        reply = await line.ask(_packed(args))
        shape: Callable[..., Any] | None = self.response_callbacks.get(args[0])
        if shape is None:
            return reply
        options.pop("keys", None)  # for redis-py's cache, which is not used
        return shape(reply, **options)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        if self._line is not None:
            await self._line.close()
        await super().aclose(close_connection_pool)

    async def _connected(self) -> _Line:
        if self._connecting is None:
            self._connecting = asyncio.Lock()
        async with self._connecting:
            if self._line is None or self._line.lost:
                connection = self.connection_pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py's gap
                await connection.connect()
                self._line = _Line(connection)
            return self._line


def _packed(args: tuple[Any, ...]) -> bytes:
    """redis-py gives some commands as one word with a space: "SCRIPT LOAD"."""
    packed: bytes = hiredis.pack_command((*args[0].split(" "), *args[1:]))
    return packed
