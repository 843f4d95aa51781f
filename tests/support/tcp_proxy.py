"""A TCP connection to a server that can be cut: what is sent stays on the way, unnoticed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

PIECE = 65_536


class TcpProxy:
    """In front of a server on a Unix socket. While `cut`, bytes of both sides wait, and so does who
    connects; `mend(lost=True)`: they are lost, and every connection is gone."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._whole = asyncio.Event()
        self._whole.set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.url = ""

    def cut(self) -> None:
        self._whole.clear()

    def mend(self, *, lost: bool = False) -> None:
        if lost:
            self.drop()
        self._whole.set()

    def drop(self) -> None:
        for pump in self._pumps:
            pump.cancel()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_unix_connection(self._path)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        for source, sink in ((reader, back), (there, writer)):
            pump = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(PIECE):
                await self._whole.wait()
                sink.write(data)
                await sink.drain()
        await self._whole.wait()
        self._writers.discard(sink)
        sink.transport.abort()


@asynccontextmanager
async def tcp_proxy(store_url: str) -> AsyncIterator[TcpProxy]:
    """`store_url` is of a Unix socket, as the embedded store's is."""
    proxy = TcpProxy(urlsplit(store_url).path)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        proxy.drop()
        while proxy._pumps:
            await asyncio.wait(proxy._pumps)
        await server.wait_closed()
