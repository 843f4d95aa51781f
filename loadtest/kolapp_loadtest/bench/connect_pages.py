"""The pages of `kolapp bench connect`: a clinician's, and a new patient's for each visit."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BenchFailed
from .connect_figures import Marks

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

_FLAGS = (
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
)
_WAIT_MS = 15_000.0
_SCRIPT = Path(__file__).with_name("connect_page.js")
_FRAME = "() => window.connectMarks.frame"


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Raises BenchFailed without Playwright or a browser."""
    try:
        from playwright.async_api import Error, async_playwright
    except ImportError:
        raise BenchFailed("Playwright is not installed (`make setup` does it)") from None
    async with async_playwright() as playwright:
        found = os.environ.get("KOLAPP_CHROMIUM") or shutil.which("chromium")
        try:
            browser = await playwright.chromium.launch(executable_path=found, args=list(_FLAGS))
        except Error:
            raise BenchFailed("no Chromium starts; KOLAPP_CHROMIUM names one") from None
        try:
            yield browser
        except Error as error:
            raise BenchFailed(f"a page did not do what it should: {error.message}") from None
        finally:
            await browser.close()


class Pages:
    """`await pages.visit(warm=...)` is one visit from drawing a number to hanging up."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url.rstrip("/")
        self._desk: Page | None = None

    async def open_desk(self, *, warm: bool) -> None:
        """A clinician on duty; with `warm` until the desk's leg is connected."""
        self._desk = await self._page("/clinician", {"width": 1280, "height": 800})
        await self._desk.click("#ready", timeout=_WAIT_MS)
        await self._desk.wait_for_selector('body[data-state="desk"]', timeout=_WAIT_MS)
        if warm:
            await self._is_warm(self._desk)

    async def close_desk(self) -> None:
        if self._desk is not None:
            await self._desk.context.close()
            self._desk = None

    async def visit(self, *, warm: bool) -> Marks:
        desk = self._desk
        assert desk is not None
        patient = await self._page("/patient", {"width": 390, "height": 844})
        try:
            await patient.click("#join", timeout=_WAIT_MS)
            await self._in_state(patient, "waiting")
            if warm:
                await patient.click("#ready-open", timeout=_WAIT_MS)
                await patient.wait_for_selector("#ready-result", state="visible", timeout=_WAIT_MS)
                await self._is_warm(patient)
                await self._is_warm(desk)
            await desk.evaluate("() => window.connectReset()")
            await desk.click("#next:not([disabled])", timeout=_WAIT_MS)
            await self._in_state(patient, "called")
            await patient.wait_for_timeout(1_000)  # people need longer than that to answer
            await patient.evaluate("() => window.connectReset()")
            await patient.click("#answer", timeout=_WAIT_MS)
            marks = Marks(await self._marks(patient), await self._marks(desk))
            await desk.click("#hang-up", timeout=_WAIT_MS)
            await self._in_state(desk, "desk")
            return marks
        finally:
            await patient.context.close()

    async def _page(self, path: str, size: Any) -> Page:
        context: BrowserContext = await self._browser.new_context(
            viewport=size, permissions=["camera", "microphone"], locale="en-GB"
        )
        await context.add_init_script(path=_SCRIPT)
        page = await context.new_page()
        await page.goto(self._url + path)
        return page

    async def _in_state(self, page: Page, state: str) -> None:
        await page.wait_for_selector(
            f'body[data-state="{state}"]', state="attached", timeout=_WAIT_MS
        )

    async def _is_warm(self, page: Page) -> None:
        await page.wait_for_selector(
            'body[data-warm="connected"]', state="attached", timeout=_WAIT_MS
        )

    async def _marks(self, page: Page) -> dict[str, float]:
        await page.wait_for_function(_FRAME, timeout=_WAIT_MS)
        found: dict[str, float] = await page.evaluate("() => window.connectMarks")
        return found
