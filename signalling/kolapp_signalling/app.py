"""The web server of a signalling node: built, started, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiohttp import web
from kolapp_queue.errors import StoreUnavailable

from .app_keys import NODE, SETTINGS
from .assembly import SignallingNode, running_node
from .garbage import Garbage
from .process import StartRefused, report_ready, told_to_stop
from .routes import add_headers, routes
from .settings import Settings

# A request's head must be there this long after connecting or after the last answer.
_HEAD_S = 15.0
_BODY_BYTES = 8_192  # of a request: the longest word in the longest way of writing it
_LINGER_S = 1.0  # for the rest of a body that nobody wants, so that the answer is read
_TIDY_S = 1.0  # how often what has lived for a while is put aside for the collector
_STOP_S = 3.0  # for handlers that still run when the node stops


def create_app(settings: Settings) -> web.Application:
    """The application of one node. `settings` are prepared: keys, pepper and store are set."""
    app = web.Application(client_max_size=_BODY_BYTES)
    app[SETTINGS] = settings
    app.add_routes(routes(settings))
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(_node)
    app.on_shutdown.append(_tell_everybody)
    return app


async def _node(app: web.Application) -> AsyncIterator[None]:
    async with running_node(app[SETTINGS]) as node:
        app[NODE] = node
        yield


async def _tell_everybody(app: web.Application) -> None:
    await app[NODE].dismiss()


class Served(NamedTuple):
    url: str  # of the pages
    node: SignallingNode


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Served]:
    """A node with its web server."""
    app = create_app(settings)
    runner = web.AppRunner(
        app,
        access_log=None,  # addresses and what people do belong in no log
        keepalive_timeout=_HEAD_S,
        lingering_time=_LINGER_S,
        shutdown_timeout=_STOP_S,
    )
    try:
        await runner.setup()
        tls = _tls(settings)
        site = web.TCPSite(
            runner,
            settings.http_host,
            settings.http_port,
            ssl_context=tls,
            reuse_port=settings.share_port or None,
        )
        await site.start()
        host, port = runner.addresses[0][:2]
        shown = f"[{host}]" if ":" in host else host
        yield Served(f"{'https' if tls else 'http'}://{shown}:{port}", app[NODE])
    finally:
        await runner.cleanup()


async def run_signalling(settings: Settings) -> None:
    """Serve until told to stop. Raises OSError when the address cannot be listened on, and
    StartRefused when keys or store are missing."""
    stop = told_to_stop()
    _allow_many_sockets()
    try:
        async with serving(settings) as served:
            report_ready({"url": served.url})
            async with asyncio.TaskGroup() as tasks:
                tidying = tasks.create_task(_tidy(served.node), name="put garbage aside")
                await stop.wait()
                served.node.leaving.set()  # whoever asks for its readiness sends nobody here now
                await asyncio.sleep(settings.leaving_ms / 1000)
                tidying.cancel()
    except StoreUnavailable as error:
        raise StartRefused("The store does not answer; is it running?") from error


async def _tidy(node: SignallingNode) -> None:
    """For a process that does nothing else: the collector is the whole interpreter's."""
    garbage = Garbage(lambda: (len(node.connections), node.entrance.served))
    while True:
        await asyncio.sleep(_TIDY_S)
        garbage.put_aside()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # whatever the machine's own default is
    context.load_cert_chain(settings.tls_cert, settings.tls_key)
    return context


def _allow_many_sockets() -> None:
    """Thousands wait at once; the usual soft limit is 1,024 descriptors."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
