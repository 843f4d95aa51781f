"""The network between one person's browser and the server, which freezes when told.

Playwright's `set_offline` leaves an open WebSocket as it is, and a closed one is not what a phone
in a lift has: there the connection stays open, and nothing passes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

CHUNK = 65_536


class Network:
    """`url` is the server's as this person sees it. Media does not pass through here."""

    def __init__(self, server_url: str) -> None:
        parts = urlsplit(server_url)
        self._server = (parts.hostname or "", parts.port or 80)
        self._passing = asyncio.Event()
        self._passing.set()
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.url = ""

    def freeze(self) -> None:
        """Hold back whatever comes, in both directions and on new connections too."""
        self._passing.clear()

    def thaw(self) -> None:
        """Let it pass, late: TCP loses nothing."""
        self._passing.set()

    async def carry(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        """One connection of the browser, until either side ends it."""
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = to_near
        try:
            far, to_far = await asyncio.open_connection(*self._server)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(near, to_far))
                both.create_task(self._pass(far, to_near))
        except* OSError:
            to_near.close()
        finally:
            del self._open[task]

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(CHUNK):
                await self._passing.wait()
                target.write(data)
                await target.drain()
        finally:
            target.close()

    async def end(self) -> None:
        self.thaw()
        tasks = list(self._open)
        for to_near in self._open.values():
            to_near.transport.abort()
        await asyncio.gather(*tasks)


@asynccontextmanager
async def network_to(server_url: str) -> AsyncIterator[Network]:
    network = Network(server_url)
    server = await asyncio.start_server(network.carry, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    network.url = f"http://{host}:{port}"
    try:
        yield network
    finally:
        server.close()
        await network.end()
        await server.wait_closed()
