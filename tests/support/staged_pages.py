"""Kolapp's pages in a real Chromium, with a WebSocket that the test plays the server on.

The files come over HTTP from the package, with the headers that the real server sends, so what its
content security policy forbids fails here too. Anything that a page asks others for is noted.
"""

from __future__ import annotations

import asyncio
import json
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from kolapp_signalling.routes import PAGES, STATIC, add_headers
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    Request,
    WebSocketRoute,
)

PATIENCE_S = 5.0
BLANK = "/blank"  # a page without code of its own
NO_BOARD = {"type": "board", "queue": "drop-in", "may_pull": False}
PHONE, DESKTOP = (390, 844), (1280, 800)

Message = dict[str, Any]


@dataclass
class Line:
    """One WebSocket as its server sees it."""

    socket: WebSocketRoute
    inbox: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def expect(self, kind: str) -> Message:
        """The next message of the client; pings between are answered."""
        while True:
            message = await asyncio.wait_for(self.inbox.get(), PATIENCE_S)
            if message["type"] == kind:
                return message
            if message["type"] == "board":  # asked for again and again
                self.send(NO_BOARD, re=message["id"])
                continue
            if message["type"] == "read_intake":  # of every live visit
                self.send({"type": "intake", "visit": message["visit"], "text": ""}, message["id"])
                continue
            assert message["type"] == "ping", f"expected {kind}, got {message}"
            self.send({"type": "pong"}, re=message["id"])

    def send(self, message: Message, re: int | None = None) -> None:
        self.socket.send(json.dumps(message if re is None else {**message, "re": re}))

    async def greet(self, **fields: Any) -> Message:
        """Take the hello and welcome the client; the hello."""
        hello = await self.expect("hello")
        self.send(welcome(**fields), re=hello["id"])
        return hello

    async def reply(self, kind: str, message: Message) -> Message:
        """Wait for a request and answer it; the request."""
        request = await self.expect(kind)
        self.send(message, re=request["id"])
        return request

    async def close(self, code: int) -> None:
        await self.socket.close(code=code)


@dataclass
class Stage:
    """One person with one tab. `complaints` holds what must not happen."""

    tab: Page
    origin: str
    lines: asyncio.Queue[Line] = field(default_factory=asyncio.Queue)
    complaints: list[str] = field(default_factory=list)

    async def line(self) -> Line:
        """The next connection that the page opens."""
        return await asyncio.wait_for(self.lines.get(), PATIENCE_S)

    async def page(self, path: str) -> Page:
        await self.tab.goto(self.origin + path)
        return self.tab

    async def set_up(self) -> None:
        await self.tab.route_web_socket("**/ws", self._take)  # the newest route comes first
        for name, listener in self._listeners().items():
            self.tab.on(name, listener)  # type: ignore[call-overload]  # one literal each

    async def tear_down(self) -> None:
        """Leave the tab as if nobody had been there."""
        await self.tab.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        await self.tab.goto("about:blank")
        for name, listener in self._listeners().items():
            self.tab.remove_listener(name, listener)

    def _listeners(self) -> dict[str, Callable[[Any], None]]:
        return {"request": self._asked, "pageerror": self._failed, "console": self._heard}

    def _failed(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _heard(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self.complaints.append(said.text)

    def _take(self, socket: WebSocketRoute) -> None:
        line = Line(socket)
        socket.on_message(lambda text: line.inbox.put_nowait(json.loads(text)))
        socket.on_close(lambda code, reason: line.closed.set())
        self.lines.put_nowait(line)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "blob:", "data:", "about:")):
            self.complaints.append(f"asked for {request.url}")


@asynccontextmanager
async def files_served() -> AsyncIterator[str]:
    """A server of pages, files and demo tokens; its origin."""
    app = web.Application()
    for file in STATIC.rglob("*.*"):
        app.router.add_get(f"/static/{file.relative_to(STATIC)}", _file(file))
    for path, name in PAGES.items():
        app.router.add_get(path, _file(STATIC / name))
    app.router.add_get(BLANK, _blank)
    app.router.add_post("/demo/token", _token)
    app.on_response_prepare.append(add_headers)
    # No kept connections: the browser's would look like leaks of the test that opened them.
    runner = web.AppRunner(app, keepalive_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _file(file: Path) -> Callable[[web.Request], Awaitable[web.Response]]:
    body, kind = file.read_bytes(), mimetypes.guess_type(file.name)[0] or "font/woff2"

    async def answer(request: web.Request) -> web.Response:
        # Cached, unlike the real server's: a test run opens each page dozens of times.
        headers = {"Cache-Control": "max-age=3600"}
        return web.Response(body=body, content_type=kind, headers=headers)

    return answer


async def _blank(request: web.Request) -> web.Response:
    page = '<!doctype html><title>.</title><link rel="icon" href="/static/icon.svg">'
    return web.Response(text=page, content_type="text/html")


async def _token(request: web.Request) -> web.Response:
    return web.json_response({"token": "demo"})


@asynccontextmanager
async def staged(
    browser: Browser, origin: str, *, size: tuple[int, int] = PHONE, **options: Any
) -> AsyncIterator[Stage]:
    """A person with a browser of their own; for most tests the shared tab will do."""
    async with device(browser, size=size, **options) as tab:
        stage = Stage(tab, origin)
        await stage.set_up()
        yield stage


@asynccontextmanager
async def device(
    browser: Browser, *, size: tuple[int, int] = PHONE, **options: Any
) -> AsyncIterator[Page]:
    options = {"locale": "en-GB", "permissions": ["camera", "microphone"], **options}
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
    try:
        yield await context.new_page()
    finally:
        await context.close()


async def state(page: Page, wanted: str) -> None:
    """Until the page is in this state."""
    await page.wait_for_selector(
        f'body[data-state="{wanted}"]', state="attached", timeout=PATIENCE_S * 1000
    )


async def says(page: Page, selector: str, wanted: str) -> None:
    """Until the element says exactly that."""
    await page.wait_for_function(
        "([selector, wanted]) => document.querySelector(selector).textContent.trim() === wanted",
        arg=[selector, wanted],
        timeout=PATIENCE_S * 1000,
    )


# What a server says


def welcome(**fields: Any) -> Message:
    queues = [{"name": "drop-in", "title": "Drop-in", "place": place(3, waiting=3)}]
    return {
        "type": "welcome",
        "role": "patient",
        "session": "public",
        "resume": "private",
        "resumed": False,
        "node": "node",
        "version": "1",
        "queues": queues,
        "ping_every_ms": 20_000,
        **fields,
    }


def place(position: int, low_s: int = 300, high_s: int = 700, **fields: Any) -> Message:
    wait = {"known": True, "low_s": low_s, "high_s": high_s, "why": "", **fields.pop("wait", {})}
    return {"position": position, "waiting": position, "wait": wait, **fields}


def ticket(state: str = "waiting", version: int = 1, **fields: Any) -> Message:
    return {
        "type": "ticket",
        "version": version,
        "ticket": "ticket",
        "queue": "drop-in",
        "number": 14,
        "state": state,
        **fields,
    }


def called(version: int, ring_ms: int = 45_000) -> Message:
    call = {"visit": "visit", "epoch": 7, "answer_within_ms": ring_ms}
    return ticket("called", version, call=call)


def visit(state: str = "live", **fields: Any) -> Message:
    return {
        "id": "visit",
        "epoch": 7,
        "state": state,
        "queue": "drop-in",
        "number": 14,
        "media_epoch": 0,
        "participants": [
            {"role": "patient", "media": "none"},
            {"role": "clinician", "media": "none"},
        ],
        "ring_ms": 0,
        "live_ms": 0,
        "reason": "",
        **fields,
    }


def duty(version: int, *, on_duty: bool = True, waiting: int = 2, **fields: Any) -> Message:
    queue = {"name": "drop-in", "title": "Drop-in", "waiting": waiting, "on_duty": int(on_duty)}
    return {
        "type": "duty",
        "version": version,
        "on_duty": on_duty,
        "queues": [queue],
        "serves": ["drop-in"] if on_duty else [],
        **fields,
    }


def error(code: str) -> Message:
    return {"type": "error", "code": code, "message": "A sentence."}
