"""People of the browser story: one Chromium context a person, and what the page shows them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from browser import chromium_path
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from processes import serving

FLAGS = (
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
)
# What the fake microphone's beeps add up to within a second is ten times this.
AUDIBLE = 1e-4
# Remembers every leg.
WATCH_LEGS = """
window.legs = [];
const Native = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Native {
  constructor(...args) { super(...args); window.legs.push(this); }
};
"""
# Runs before the page's own code: also remembers when the page entered each state. `Date.now` is
# one clock for all contexts of this machine.
WATCH = (
    WATCH_LEGS
    + """
window.entered = {};
window.clicked = {};
addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) window.clicked[button.id] = Date.now();
}, true);
addEventListener("DOMContentLoaded", () => {
  new MutationObserver(() => { window.entered[document.body.dataset.state] = Date.now(); })
    .observe(document.body, { attributes: true, attributeFilter: ["data-state"] });
});
"""
)
# Numbers of the newest leg, straight from the browser's own statistics.
STATS = """
async () => {
  const leg = window.legs.at(-1);
  const found = { frames: 0, lost: 0, energy: 0, packets: 0 };
  if (!leg) return found;
  for (const entry of (await leg.getStats()).values()) {
    if (entry.type !== "inbound-rtp") continue;
    found.lost += entry.packetsLost;
    found.packets += entry.packetsReceived;
    if (entry.kind === "video") found.frames = entry.framesDecoded;
    if (entry.kind === "audio") found.energy = entry.totalAudioEnergy;
  }
  return found;
}
"""
# The same figures once there are enough frames and sound, or when the time is over.
HEARD = f"""
async ({{ frames, ms }}) => {{
  const until = Date.now() + ms;
  for (;;) {{
    const found = await ({STATS})();
    if ((found.frames >= frames && found.energy > {AUDIBLE}) || Date.now() > until) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }}
}}
"""
# The remote picture as it is on the screen, small, as a list of grey levels.
PICTURE = """
() => {
  const video = document.querySelector("video#remote");
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0, 64, 48);
  const bytes = pen.getImageData(0, 0, 64, 48).data;
  return Array.from({ length: 64 * 48 }, (_, i) => bytes[4 * i] + bytes[4 * i + 1]);
}
"""


@dataclass(frozen=True)
class Person:
    page: Page

    async def state(self, wanted: str, timeout: float = 10.0) -> None:
        """Until the page is in this state."""
        await self.page.wait_for_selector(
            f'body[data-state="{wanted}"]', state="attached", timeout=timeout * 1000
        )

    async def click(self, selector: str) -> None:
        await self.page.click(selector, timeout=10_000)

    async def says(self, selector: str, wanted: str, timeout: float = 10.0) -> None:
        """Until the element says exactly that."""
        found = self.page.locator(selector, has_text=re.compile(f"^{re.escape(wanted)}$"))
        await found.wait_for(timeout=timeout * 1000)

    async def ahead(self, wanted: int) -> None:
        """Until the page says that so many people are ahead."""
        await self.page.wait_for_selector(f'#ahead[data-ahead="{wanted}"]', timeout=10_000)

    async def number(self) -> int:
        return int(await self.page.inner_text("#number"))

    async def entered(self, state: str) -> int:
        """When the page entered a state, in ms of the machine's clock."""
        return int(await self.page.evaluate("(state) => window.entered[state]", state))

    async def clicked(self, button: str) -> int:
        return int(await self.page.evaluate("(id) => window.clicked[id]", button))

    async def media(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.page.evaluate(STATS)
        return found

    async def sees_and_hears(self, frames: int, timeout: float = 30.0) -> dict[str, Any]:
        """Until so many frames are decoded and sound has been heard; then the figures."""
        found: dict[str, Any] = await self.page.evaluate(
            HEARD, {"frames": frames, "ms": timeout * 1000}
        )
        assert found["frames"] >= frames, f"only {found} after {timeout} s"
        assert found["energy"] > AUDIBLE, f"silence: {found}"
        return found

    async def picture(self) -> list[int]:
        found: list[int] = await self.page.evaluate(PICTURE)
        return found


class House:
    """Opens pages of one server for people."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []  # page errors and console errors, of everybody

    async def person(self, path: str, *, phone: bool, url: str = "", script: str = "") -> Person:
        """`url`: of the server as this person sees it, if there is something in between. `script`
        runs before everything else of each page."""
        size = (390, 844) if phone else (1280, 800)
        context = await self._browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            permissions=["camera", "microphone"],
            ignore_https_errors=True,
            locale="en-GB",
        )
        self._contexts.append(context)
        await context.add_init_script(script + WATCH)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type == "error" else None,
        )
        await page.goto((url or self._url).rstrip("/") + path)
        return Person(page)

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()


@asynccontextmanager
async def house_of(url: str) -> AsyncIterator[House]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(), args=list(FLAGS)
        )
        house = House(browser, url)
        try:
            yield house
        finally:
            await house.close()
            await browser.close()


@asynccontextmanager
async def house_with(data_dir: Path, **environment: str) -> AsyncIterator[House]:
    """Of a server with these settings."""
    with serving(data_dir, environment=environment) as serve:
        async with house_of(serve.url) as house:
            yield house


async def two_in_call(
    house: House, *, script: str = "", patience: float = 10.0
) -> tuple[Person, Person]:
    """A patient who drew a number, and the clinician who asked for the next one."""
    patient = await house.person("/patient", phone=True, script=script)
    clinician = await house.person("/clinician", phone=False, script=script)
    await meet(patient, clinician, patience)
    return patient, clinician


async def meet(patient: Person, clinician: Person, patience: float = 10.0) -> None:
    """From the pages that they have opened into a call with each other."""
    await patient.state("welcome", patience)
    await patient.click("#join")
    await patient.state("waiting", patience)
    await clinician.click("#ready")
    await clinician.click("#next")
    await patient.state("called", patience)
    await patient.click("#answer")
    await asyncio.gather(patient.state("call", patience), clinician.state("call", patience))
