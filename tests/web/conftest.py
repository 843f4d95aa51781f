"""One Chromium and two tabs for all tests of the pages: a new context for each would cost more
than most of them."""

from collections.abc import AsyncIterator

import pytest_asyncio
from browser import chromium_path
from playwright.async_api import Browser, async_playwright
from staged_pages import Site, Stage, files_served, phone_of

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
async def site() -> AsyncIterator[Site]:
    async with files_served() as site:
        yield site


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def phone(browser: Browser, site: Site) -> AsyncIterator[Stage]:
    async with phone_of(browser, site) as phone:
        yield phone


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def timeless_phone(browser: Browser, site: Site) -> AsyncIterator[Stage]:
    async with phone_of(browser, site, timeless=True) as phone:
        yield phone


@pytest_asyncio.fixture(loop_scope="session")
async def stage(phone: Stage) -> AsyncIterator[Stage]:
    """A person with a phone, in which nothing may complain."""
    yield phone
    await phone.leave()


@pytest_asyncio.fixture(loop_scope="session")
async def timeless(timeless_phone: Stage) -> AsyncIterator[Stage]:
    """The same, but time passes only when the test says so, or while it waits."""
    yield timeless_phone
    await timeless_phone.tab.clock.resume()
    await timeless_phone.leave()
