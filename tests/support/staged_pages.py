"""Kolapp's pages in a real Chromium, with a WebSocket that the test plays the server on.

The files come from the package with the headers that the real server sends, so what its content
security policy forbids fails here too. Anything else that a page asks for is refused and noted.
"""

from __future__ import annotations

import asyncio
import json
import mimetypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from kolapp_signalling.routes import PAGES, STATIC, add_headers
from playwright.async_api import Browser, BrowserContext, Page, Route, WebSocketRoute

ORIGIN = "http://localhost:9"  # nothing listens there: every request is answered by the stage
PATIENCE_S = 5.0
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
    """One person's browser context. `complaints` holds what must not happen."""

    context: BrowserContext
    lines: asyncio.Queue[Line] = field(default_factory=asyncio.Queue)
    complaints: list[str] = field(default_factory=list)
    token_status: int = 200

    async def line(self) -> Line:
        """The next connection that the page opens."""
        return await asyncio.wait_for(self.lines.get(), PATIENCE_S)

    async def page(self, path: str) -> Page:
        page = await self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self._heard(said.type, said.text))
        await page.goto(ORIGIN + path)
        return page

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def take(self, socket: WebSocketRoute) -> None:
        line = Line(socket)
        socket.on_message(lambda text: line.inbox.put_nowait(json.loads(text)))
        socket.on_close(lambda code, reason: line.closed.set())
        self.lines.put_nowait(line)

    async def serve(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if not route.request.url.startswith(ORIGIN + "/"):
            self.complaints.append(f"asked for {route.request.url}")
            await route.abort()
        elif path == "/demo/token":
            await route.fulfill(status=self.token_status, json={"token": "demo"})
        else:
            await self._file(route, PAGES.get(path, path.removeprefix("/static/")))

    async def _file(self, route: Route, name: str) -> None:
        file = STATIC / name
        if not file.is_file():
            self.complaints.append(f"there is no {name}")
            await route.fulfill(status=404)
            return
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        headers = {**await real_headers(), "Content-Type": kind}
        await route.fulfill(body=file.read_bytes(), headers=headers)


@asynccontextmanager
async def staged(
    browser: Browser, *, size: tuple[int, int] = PHONE, **options: Any
) -> AsyncIterator[Stage]:
    options = {"locale": "en-GB", "permissions": ["camera", "microphone"], **options}
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
    stage = Stage(context)
    await context.route("**/*", stage.serve)
    await context.route_web_socket("**/ws", stage.take)
    try:
        yield stage
    finally:
        await context.close()


async def real_headers() -> dict[str, str]:
    response = web.Response()
    await add_headers(make_mocked_request("GET", "/"), response)
    return dict(response.headers)


async def state(page: Page, wanted: str) -> None:
    """Until the page is in this state."""
    await page.wait_for_selector(
        f'body[data-state="{wanted}"]', state="attached", timeout=PATIENCE_S * 1000
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


