"""The check before the call on the patient's own page, in each condition it must tell apart."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from browser import chromium_path
from browser_people import FLAGS
from faulty_call import through
from playwright.async_api import Page, async_playwright
from processes import Serve, serving
from udp_faults import Faults, FaultyNetwork

PICTURES = Path(os.environ.get("KOLAPP_PICTURES", "build/pictures"))
FAKE_CAMERA, YES_TO_ALL = "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"
ENDS_WITHIN_MS = 12_000  # the check's ten seconds, and a slow machine's own
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    with serving(tmp_path_factory.mktemp("data")) as serve:
        yield serve


@asynccontextmanager
async def waiting_patient(url: str, network: FaultyNetwork, without: str) -> AsyncIterator[Page]:
    """A patient near the front, whose media goes through `network`; in a browser without this
    flag."""
    async with async_playwright() as playwright:
        flags = [flag for flag in FLAGS if flag != without]
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=flags)
        context = await browser.new_context(locale="en-GB", viewport={"width": 390, "height": 844})
        page = await context.new_page()
        await page.route_web_socket("**/ws", lambda socket: through(network, socket))
        await page.goto(f"{url.rstrip('/')}/patient")
        await page.click("#join")
        await page.wait_for_selector("#ready-open")
        yield page
        await page.click("#leave")
        await page.click("#leave-yes")
        await page.wait_for_selector("#again")  # who closes at once still waits, for the next test
        await browser.close()


async def checked(page: Page, name: str) -> str:
    """What the check finds; its pictures are kept."""
    await page.click("#ready-open")
    await page.wait_for_selector("#ready-result", state="visible", timeout=ENDS_WITHIN_MS)
    for size, (width, height) in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        await page.locator("#get-ready").scroll_into_view_if_needed()
        await page.screenshot(path=PICTURES / f"ready-{name}-{size}.png")
    return str(await page.get_attribute("#ready-result", "data-finding"))


CONDITIONS = {
    "good": (Faults(), "good"),
    "narrow": (Faults(bits_per_second=300_000), "stutter"),
    "lossy": (Faults(loss=0.08), "stutter"),
    "blocked": (Faults(dark=True), "blocked"),
}


@pytest.mark.parametrize("name", CONDITIONS)
async def test_the_network_is_judged(server: Serve, name: str) -> None:
    faults, wanted = CONDITIONS[name]
    async with FaultyNetwork() as network:
        network.faults = faults
        async with waiting_patient(server.url, network, "") as page:
            await page.context.grant_permissions(["camera", "microphone"])
            assert await checked(page, name) == wanted


@pytest.mark.parametrize("without", [FAKE_CAMERA, YES_TO_ALL])
async def test_devices_that_cannot_be_had_are_said(server: Serve, without: str) -> None:
    wanted = "no_camera" if without == FAKE_CAMERA else "denied"  # a prompt that nobody answers yes
    async with (
        FaultyNetwork() as network,
        waiting_patient(server.url, network, without) as page,
    ):
        if wanted == "no_camera":
            await page.context.grant_permissions(["camera", "microphone"])
        assert await checked(page, wanted) == wanted
