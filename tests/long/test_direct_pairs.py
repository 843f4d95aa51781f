"""Direct visits between different browsers, with the pages as they are: each offers and answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest
from browser_people import HEARD, WATCH_LEGS, house_of
from firefox import FirefoxPage
from processes import Serve, serving

WAIT_MS = 50_000
# Until it can be pressed; then it is.
CLICK = """
async ({ selector, ms }) => {
  const until = Date.now() + ms;
  for (;;) {
    const button = document.querySelector(selector);
    if (button && !button.disabled && button.checkVisibility()) return button.click();
    if (Date.now() > until) throw new Error(`never there: ${selector}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
"""
STATE = """
async ({ state, ms }) => {
  const until = Date.now() + ms;
  while (document.body.dataset.state !== state) {
    if (Date.now() > until) throw new Error(`never ${state}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
"""


class Tab(Protocol):
    async def evaluate(self, expression: str, arg: Any = None, /) -> Any: ...


@pytest.fixture(params=["no", "yes"], ids=["plain", "encrypted"])
def direct(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Serve]:
    """Encrypted by the pages too: what one lets out in clear the other does not show."""
    environment = {"KOLAPP_QUEUE_MODE": "direct", "KOLAPP_QUEUE_ENCRYPTED": request.param}
    with serving(tmp_path / "data", environment=environment) as serve:
        yield serve


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def page_of(stack: AsyncExitStack, browser: str, url: str) -> Tab:
    if browser == "chromium":
        house = await stack.enter_async_context(house_of(""))
        return (await house.person(url, phone=False)).page
    page = await stack.enter_async_context(FirefoxPage())
    await page.goto(url)
    await page.evaluate(f"() => {{ {WATCH_LEGS} }}")
    return page


async def click(tab: Tab, selector: str) -> None:
    await tab.evaluate(CLICK, {"selector": selector, "ms": WAIT_MS})


async def state(tab: Tab, wanted: str) -> None:
    await tab.evaluate(STATE, {"state": wanted, "ms": WAIT_MS})


@pytest.mark.parametrize(
    ("patient_in", "clinician_in"), [("firefox", "chromium"), ("chromium", "firefox")]
)
async def test_two_browsers_find_each_other(
    direct: Serve, stack: AsyncExitStack, patient_in: str, clinician_in: str
) -> None:
    url = direct.url.rstrip("/")
    patient = await page_of(stack, patient_in, f"{url}/patient")
    clinician = await page_of(stack, clinician_in, f"{url}/clinician")
    await click(patient, "#join")
    await state(patient, "waiting")
    await click(clinician, "#ready")
    await click(clinician, "#next")
    await click(patient, "#answer")
    for tab in (patient, clinician):
        found = await tab.evaluate(HEARD, {"frames": 60, "ms": WAIT_MS})
        assert found["frames"] >= 60, found
        assert found["energy"] > 1e-4, found
    await click(clinician, "#hang-up")
    await state(patient, "ended")
