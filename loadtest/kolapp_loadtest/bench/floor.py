"""The floor of a run: one script call on the server's store and one raw WebSocket echo."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.resources import files

import msgpack
from aiohttp import ClientWebSocketResponse
from redis.asyncio import Redis

from ..network import Network

KEYS = 6  # of floor.lua
ECHOES = 16  # connections: as many samples may be under way while the machine stalls
RECORD = {"id": "x" * 22, "patient": "y" * 43, "number": 1, "state": "waiting", "version": 0}


class Floor:
    """Measured from one process, one step after the other, like the two halves of a pull."""

    def __init__(
        self, store: Redis, echoes: Sequence[ClientWebSocketResponse], frame: bytes
    ) -> None:
        self._store = store
        self._idle: asyncio.Queue[ClientWebSocketResponse] = asyncio.Queue()
        for echo in echoes:
            self._idle.put_nowait(echo)
        self._frame = frame
        tag = secrets.token_hex(8)  # one hash tag, so that a Cluster takes the script too
        self._keys = [f"bench:{{{tag}}}:{number}" for number in range(KEYS)]
        self._script = store.register_script(
            files(__package__).joinpath("floor.lua").read_text(encoding="utf-8")
        )

    async def fill(self, waiting: int) -> None:
        """A line as long as the real one: the cost of a sorted set grows with its size."""
        ids = [f"{number:022d}" for number in range(waiting)]
        row = msgpack.packb(RECORD)
        await self._store.zadd(self._keys[0], {one: number for number, one in enumerate(ids)})
        await self._store.hset(self._keys[1], mapping=dict.fromkeys(ids, row))

    async def sample(self) -> tuple[int, int]:
        """Nanoseconds of the script call, and of the echo."""
        echo = await self._idle.get()
        start_ns = time.perf_counter_ns()
        await self._script(keys=self._keys, args=["bench"])
        scripted_ns = time.perf_counter_ns()
        await echo.send_bytes(self._frame)
        await echo.receive_bytes()
        echoed_ns = time.perf_counter_ns()
        self._idle.put_nowait(echo)
        return scripted_ns - start_ns, echoed_ns - scripted_ns

    async def close(self) -> None:
        await self._store.delete(*self._keys)


@asynccontextmanager
async def open_floor(
    network: Network, store_url: str, echo_url: str, frame_bytes: int, waiting: int
) -> AsyncIterator[Floor]:
    store = Redis.from_url(store_url, protocol=3)
    try:
        async with AsyncExitStack() as stack:
            echoes = [
                await stack.enter_async_context(network.session.ws_connect(echo_url, compress=0))
                for _ in range(ECHOES)
            ]
            floor = Floor(store, echoes, b"x" * frame_bytes)
            await floor.fill(waiting)
            stack.push_async_callback(floor.close)
            yield floor
    finally:
        await store.aclose()
