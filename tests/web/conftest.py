"""One Chromium for all tests of the pages; every test gets contexts of its own."""

from collections.abc import AsyncIterator

import pytest_asyncio
from browser import chromium_path
from playwright.async_api import Browser, async_playwright
from staged_pages import Stage, staged

FLAGS = (
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-background-networking",
)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(), args=list(FLAGS)
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def stage(browser: Browser) -> AsyncIterator[Stage]:
    """A phone, in which nothing may complain."""
    async with staged(browser) as stage:
        yield stage
    assert stage.complaints == []
