"""What thousands of clients of one process share: one HTTP session and one heartbeat."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

from aiohttp import ClientSession, ClientWebSocketResponse, ClientWSTimeout, TCPConnector

from .lifetime import Lifetime

CONNECT_TIMEOUT_S = 5.0  # TCP connect and HTTP upgrade
CLOSE_TIMEOUT_S = 2.0  # the peer must answer our close frame within this
MAX_FRAME_BYTES = 256 * 1024  # what a node may send; an SDP answer is the largest
TICK_S = 1.0


class Beating(Protocol):
    def beat(self, now_s: float) -> None:
        """Look after your liveness; `now_s` is the loop's time."""


class Network(Lifetime):
    """One per process is enough. A timer per client would wake a load generator thousands of
    times for nothing, so a single one asks all clients once a second."""

    def __init__(self) -> None:
        self._session: ClientSession | None = None
        self._clients: set[Beating] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        # limit=0: the connector's default would let only 100 clients in.
        self._session = ClientSession(connector=TCPConnector(limit=0))
        self.spawn(self._beat())

    async def close(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> ClientSession:
        if self._session is None:
            raise RuntimeError("use `async with Network() as network`")
        return self._session

    async def connect(self, url: str, subprotocol: str) -> ClientWebSocketResponse:
        """Open a WebSocket; raises aiohttp.ClientError, OSError or TimeoutError."""
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await self.session.ws_connect(
                url,
                protocols=(subprotocol,),
                max_msg_size=MAX_FRAME_BYTES,
                timeout=ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
            )

    def watch(self, client: Beating) -> None:
        self._clients.add(client)

    def forget(self, client: Beating) -> None:
        self._clients.discard(client)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something short beside the callers; it ends with the network."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TICK_S)
            now_s = loop.time()
            for client in tuple(self._clients):
                client.beat(now_s)
