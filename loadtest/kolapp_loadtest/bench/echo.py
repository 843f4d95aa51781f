"""Worker: the least a WebSocket server in aiohttp can do, for the floor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from .worker import Verb, run_worker


async def echo(request: web.Request) -> web.StreamResponse:
    socket: web.WebSocketResponse[Any] = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    async for frame in socket:
        await socket.send_bytes(frame.data)
    return socket


@asynccontextmanager
async def job() -> AsyncIterator[Mapping[str, Verb]]:
    app = web.Application()
    app.router.add_get("/ws", echo)
    runner = web.AppRunner(app, shutdown_timeout=1.0, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/ws"

        async def url() -> str:
            return address

        yield {"url": url}
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    run_worker(job())
