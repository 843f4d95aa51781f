"""Kolapp's pages in a real Chromium, with a WebSocket that the test plays the server on.

The files come over HTTP from the package, with the headers that the real server sends, so what its
content security policy forbids fails here too.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from kolapp_signalling.pages import PAGES, STATIC
from kolapp_signalling.routes import add_headers
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    Request,
    ViewportSize,
    WebSocketRoute,
)
from staged_words import NO_BOARD, Message, welcome

PATIENCE_S = 20.0  # what a busy machine may take; nobody tests how fast it is
BLANK = "/blank"  # a page without code of its own
TOKENS = "/demo/token"
PHONE, DESKTOP = (390, 844), (1280, 800)
# `until` waits in the page for what tells nobody, without a fixed pause.
UNTIL = f"""() => {{
  window.until = async (condition) => {{
    const limit = performance.now() + {PATIENCE_S * 1000};
    while (!condition()) {{
      if (performance.now() > limit) throw new Error(`never: ${{condition}}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }}
  }};
}}"""
FORGET = """() => {
  localStorage.clear();
  sessionStorage.clear();
  const videos = [...document.querySelectorAll("video")];
  return Boolean(window.media) || videos.some(({ srcObject }) => srcObject);
}"""


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

    def hear(self, text: str) -> None:
        message = json.loads(text)
        if message["type"] == "prepare":  # of every clinician on duty; here they are never warm
            self.send({"type": "error", "code": "forbidden", "message": "."}, message["id"])
        else:
            self.inbox.put_nowait(message)

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


@dataclass(frozen=True)
class Site:
    """A server of pages, files and demo tokens."""

    origin: str
    runner: web.AppRunner
    named: list[Message]  # the body of every request for a token

    async def drop_idle(self) -> None:
        """Browsers open connections ahead, which would look like leaks of the present test."""
        assert self.runner.server is not None
        for connection in self.runner.server.connections:
            connection.force_close()
        await asyncio.sleep(0)  # a transport closes in the next turn of the loop


@dataclass
class Stage:
    """One tab, and in each test the person who has it. `complaints` holds what must not happen."""

    tab: Page
    site: Site
    lines: asyncio.Queue[Line] = field(default_factory=asyncio.Queue)
    complaints: list[str] = field(default_factory=list)

    async def set_up(self) -> None:
        """Once, for all who will have it."""
        await self.tab.route_web_socket("**/ws", self._take)
        self.tab.on("pageerror", self._failed)
        self.tab.on("console", self._heard)

    async def page(self, path: str) -> Page:
        """Open it. What the page of somebody before did until now is forgotten with it: leaving
        that one between two tests would cost as much as a second page."""
        self.site.named.clear()
        self.tab.once("framenavigated", self._begin)
        await self.tab.goto(self.site.origin + path)
        return self.tab

    async def blank(self) -> Page:
        """A page without code of its own, in which `until` waits."""
        page = await self.page(BLANK)
        await page.evaluate(UNTIL)
        return page

    @asynccontextmanager
    async def another_tab(self) -> AsyncIterator[Page]:
        """Beside the one of whoever is tested: a page without code of its own."""
        tab = await self.tab.context.new_page()
        try:
            await tab.goto(self.site.origin + BLANK)
            yield tab
        finally:
            await tab.close()

    def _begin(self, _: object) -> None:
        self.lines = asyncio.Queue()
        self.complaints.clear()

    async def line(self) -> Line:
        """The next connection that the page opens."""
        return await asyncio.wait_for(self.lines.get(), PATIENCE_S)

    async def leave(self) -> None:
        """Nothing of this person stays, and nothing was wrong."""
        if self.tab.viewport_size != viewport(PHONE):
            await self.tab.set_viewport_size(viewport(PHONE))
        if await self.tab.evaluate(FORGET):
            await self.tab.goto(self.site.origin + BLANK)  # a camera costs the tests after this one
        await self.site.drop_idle()
        assert self.complaints == []

    def _failed(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _heard(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self.complaints.append(said.text)

    def _take(self, socket: WebSocketRoute) -> None:
        line = Line(socket)
        socket.on_message(lambda text: line.hear(str(text)))
        socket.on_close(lambda code, reason: line.closed.set())
        self.lines.put_nowait(line)

    @contextmanager
    def overheard(self) -> Iterator[None]:
        """Whoever else the page asks is a complaint. Costly: not for every test."""
        self.tab.on("request", self._asked)
        yield
        self.tab.remove_listener("request", self._asked)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.site.origin, "blob:", "data:", "about:")):
            self.complaints.append(f"asked for {request.url}")


@asynccontextmanager
async def files_served() -> AsyncIterator[Site]:
    app = web.Application()
    for file in STATIC.rglob("*.*"):
        app.router.add_get(f"/static/{file.relative_to(STATIC)}", _file(file))
    for path, name in PAGES.items():
        app.router.add_get(path, _file(STATIC / name))
    app.router.add_get(BLANK, _blank)
    named: list[Message] = []
    app.router.add_post(TOKENS, _token(named))
    app.on_response_prepare.append(add_headers)
    # No kept connections: the browser's would look like leaks of the test that opened them.
    runner = web.AppRunner(app, keepalive_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield Site(f"http://localhost:{runner.addresses[0][1]}", runner, named)
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


def _token(named: list[Message]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Never the same twice, as of a real server."""
    numbers = itertools.count(1)

    async def answer(request: web.Request) -> web.Response:
        named.append(await request.json())
        return web.json_response({"token": f"demo-{next(numbers)}"})

    return answer


@asynccontextmanager
async def phone_of(browser: Browser, site: Site, *, timeless: bool = False) -> AsyncIterator[Stage]:
    """A phone with one tab. Nothing moves: drawing costs more than all that is tested. `timeless`:
    time passes only when the test says so, or while it waits."""
    context = await browser.new_context(
        viewport=viewport(PHONE),
        locale="en-GB",
        permissions=["camera", "microphone"],
        reduced_motion="reduce",
    )
    try:
        stage = Stage(await context.new_page(), site)
        if timeless:
            await stage.tab.clock.install()
        await stage.set_up()
        yield stage
    finally:
        await context.close()


def viewport(size: tuple[int, int]) -> ViewportSize:
    return {"width": size[0], "height": size[1]}


async def run(page: Page, body: str, argument: Any = None) -> Any:
    """What `body` returns, with the argument as `given`."""
    return await page.evaluate(f"async (given) => {{ {body} }}", argument)


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
