"""Encrypted calls between different browsers: they agree on keys, see and hear each other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from browser_people import house_of
from encrypted_people import Tab, couple
from firefox import FirefoxPage
from kolapp_media.client import MediaClient
from media_events import dialled
from staged_pages import BLANK, files_served


@pytest.fixture
async def client() -> AsyncIterator[MediaClient]:
    async with dialled() as (_, client):
        yield client


@pytest.fixture
async def open_tab() -> AsyncIterator[Callable[[str], Awaitable[Tab]]]:
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(files_served())
        house = await stack.enter_async_context(house_of(site.origin))

        async def open_tab(browser: str) -> Tab:
            if browser == "chromium":
                return (await house.person(BLANK, phone=False)).page
            page = await stack.enter_async_context(FirefoxPage())
            await page.goto(site.origin + BLANK)
            return page

        yield open_tab


@pytest.mark.parametrize(
    ("patient", "clinician"),
    [("firefox", "chromium"), ("chromium", "firefox"), ("firefox", "firefox")],
)
async def test_pair(
    patient: str,
    clinician: str,
    client: MediaClient,
    open_tab: Callable[[str], Awaitable[Tab]],
) -> None:
    tabs = [await open_tab(browser) for browser in (patient, clinician)]
    async with couple(tabs, client, encrypted=True) as people:
        here, there = await people.see_and_hear(60)
    assert here["code"] == there["code"] != ""
