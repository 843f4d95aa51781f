"""The HTTP side: the WebSocket's door, REST, health, metrics, pages. Handlers of a few lines."""

from __future__ import annotations

import asyncio
import secrets
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from aiohttp import hdrs, web
from kolapp_queue.errors import QueueError

from . import guest_rest, operator_rest
from .app_keys import NODE, SETTINGS
from .codes import CLOSE_TEXT, CloseCode
from .connection import Connection, Limits
from .development import demo_token
from .doorkeeper import Full, Visitor
from .forwarded import address_of
from .frames import GuardedSocket
from .pages import DEMO, PAGES, STATIC, Page
from .rest import rest_routes
from .roles import OF_TOKENS
from .settings import Settings
from .wire import CODECS

_BODY_S = 5.0  # the body of a request must arrive within this
_CLOSE_S = 2.0  # the client's half of a closing handshake

# Everything comes from this server; a WebSocket of another port counts as another origin in some
# browsers, hence the two schemes.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; "
        "media-src 'self' blob: mediastream:; worker-src 'self'; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",  # asked for anew each time, answered by "not modified"
}


class DemoRequest(msgspec.Struct, forbid_unknown_fields=True):
    """`name` gives the same person again; without it everybody is somebody new."""

    role: Annotated[str, msgspec.Meta(pattern=f"^({'|'.join(OF_TOKENS)})$")]
    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""


def routes(settings: Settings) -> list[web.AbstractRouteDef]:
    table: list[web.AbstractRouteDef] = [
        web.get("/ws", websocket),
        web.get("/healthz", healthz),
        web.get("/readyz", readyz),
        web.get("/metrics", metrics),
        *(
            web.get(path, Page.of(path, settings).serve)
            for path in PAGES
            if path != DEMO or settings.demo
        ),
        *rest_routes((*operator_rest.OPERATIONS, *guest_rest.OPERATIONS)),
        web.static("/static", STATIC),
    ]
    if settings.demo:
        table.append(web.post("/demo/token", demo))
    return table


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    if response.status != HTTPStatus.SWITCHING_PROTOCOLS:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)


async def websocket(request: web.Request) -> web.StreamResponse:
    settings, node = request.app[SETTINGS], request.app[NODE]
    if not origin_allowed(request, settings.trusted_origins):
        raise web.HTTPForbidden(text="This web origin may not connect here.\n")
    if request.query_string:  # where people put tokens, and proxies log them
        raise web.HTTPBadRequest(
            text="Nothing belongs into this address; the first message says who you are.\n"
        )
    try:
        with node.entrance.doorkeeper.let_in(address_of(request)) as visitor:
            await node.entrance.one_by_one()
            return await _serve_socket(request, visitor)
    except Full:
        raise web.HTTPServiceUnavailable(
            text="This node is full.\n", headers={"Retry-After": "1"}
        ) from None


async def _serve_socket(request: web.Request, visitor: Visitor) -> web.StreamResponse:
    settings, node = request.app[SETTINGS], request.app[NODE]
    ws = GuardedSocket(
        most_bytes=settings.max_frame_bytes,
        frames_per_s=settings.frames_per_s,
        protocols=tuple(CODECS),
        compress=False,  # it would cost 100 kB a connection
        autoping=False,  # `Connection` looks after pings of both sides, and after closing
        autoclose=False,
        timeout=_CLOSE_S,
    )
    try:
        await ws.prepare(request)
    except ConnectionError:  # gone before it was let in, as attackers often are
        raise web.HTTPBadRequest from None  # which nobody reads; it leaves no line in the log
    transport, codec = request.transport, CODECS.get(ws.ws_protocol or "")
    if codec is None or transport is None:
        await ws.close(
            code=CloseCode.BAD_SUBPROTOCOL, message=CLOSE_TEXT[CloseCode.BAD_SUBPROTOCOL].encode()
        )
        return ws
    connection = Connection(node.lease.connection(), ws, transport, codec, _limits(settings))
    node.connections.add(connection)
    try:
        await node.entrance.serve(connection, visitor)
    finally:
        node.connections.discard(connection)
        ws.untie()
    return ws


def _limits(settings: Settings) -> Limits:
    return Limits(
        settings.outbox_limit,
        settings.errors_before_close,
        settings.messages_per_s,
        settings.ping_every_ms / 1000,
        settings.pong_timeout_ms / 1000,
        settings.message_timeout_ms / 1000,
    )


def origin_allowed(request: web.Request, trusted: tuple[str, ...]) -> bool:
    """A browser says where its page came from: our own host, or one that is configured.

    Other programs send no origin; what lets them in is their token, as it is for everybody.
    """
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None or origin in trusted:
        return True
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc == request.host


async def healthz(request: web.Request) -> web.Response:
    """This process answers."""
    return web.Response(text="ok\n")


async def readyz(request: web.Request) -> web.Response:
    """This node can serve: it stays, the store answers and writes, tokens can be checked."""
    if request.app[NODE].leaving.is_set():
        return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text="leaving\n")
    if not request.app[NODE].entrance.identities.source.keys:
        return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text="no keys of tokens\n")
    try:
        await request.app[NODE].lease.check()
    except QueueError:
        return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text="store unavailable\n")
    return web.Response(text="ready\n")


async def metrics(request: web.Request) -> web.Response:
    return web.Response(
        body=request.app[NODE].metrics.text(),
        headers={hdrs.CONTENT_TYPE: "text/plain; version=0.0.4; charset=utf-8"},
    )


async def demo(request: web.Request) -> web.Response:
    """A token of a made-up person. The route is there in development only."""
    try:
        async with asyncio.timeout(_BODY_S):
            wanted = msgspec.json.decode(await request.read(), type=DemoRequest)
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (ValueError, RecursionError):
        sentence = 'Send {"role": "patient"}, or "clinician", "operator", "backend".'
        return web.json_response({"error": sentence}, status=HTTPStatus.BAD_REQUEST)
    subject = f"demo-{wanted.name or secrets.token_hex(8)}"
    token = demo_token(request.app[SETTINGS], wanted.role, subject)
    return web.json_response({"token": token}, headers={"Cache-Control": "no-store"})
