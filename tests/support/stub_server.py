"""What servers that a test plays have in common: a free port in the test's own loop, and how the
public protocol begins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from kolapp_loadtest.wire import JSON, MSGPACK, Message

Socket = web.WebSocketResponse[Any]


@asynccontextmanager
async def at_free_port(*routes: web.RouteDef) -> AsyncIterator[str]:
    """Its address."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def accept(request: web.Request) -> Socket:
    """A client's connection, in either encoding."""
    socket: Socket = web.WebSocketResponse(
        protocols=(MSGPACK.subprotocol, JSON.subprotocol), compress=False, timeout=1.0
    )
    await socket.prepare(request)
    return socket


def welcome(number: int, role: str, node: str, *, resumed: bool = False) -> Message:
    """To the `number`th session."""
    return {
        "type": "welcome",
        "role": role,
        "session": f"session{number}",
        "resume": f"resume{number}",
        "resumed": resumed,
        "node": node,
        "version": "0",
        "queues": [],
        "ping_every_ms": 20_000,
    }
