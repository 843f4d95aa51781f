"""One Chromium for all tests of the pages, and one tab for most of them."""

from collections.abc import AsyncIterator

import pytest_asyncio
from browser import chromium_path
from playwright.async_api import Browser, Page, async_playwright
from staged_pages import Stage, device, files_served

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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def origin() -> AsyncIterator[str]:
    async with files_served() as origin:
        yield origin


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def phone(browser: Browser) -> AsyncIterator[Page]:
    async with device(browser) as tab:
        yield tab


@pytest_asyncio.fixture(loop_scope="session")
async def stage(phone: Page, origin: str) -> AsyncIterator[Stage]:
    """A person with a phone, in which nothing may complain."""
    stage = Stage(phone, origin)
    await stage.set_up()
    yield stage
    await stage.tear_down()
    assert stage.complaints == []
