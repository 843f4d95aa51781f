"""What every look at a page must keep: readable text, named controls that a thumb hits, nothing cut
off, the emergency number in sight."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from playwright.async_api import Page
from staged_pages import DESKTOP, PHONE, viewport

CHECK = (Path(__file__).parents[1] / "web" / "looks.js").read_text()
SMALL_PHONE = (320, 568)


class Look(NamedTuple):
    size: tuple[int, int]
    scheme: Literal["light", "dark"]
    language: str


# Colours do not depend on the language; what is cut off depends on both size and language.
LOOKS = (
    Look(SMALL_PHONE, "light", "nb"),
    Look(PHONE, "dark", "sv"),
    Look(DESKTOP, "dark", "en"),
    Look(DESKTOP, "light", "nb"),
)
# The switch is not in sight during a ring or a call, yet the page may be in any language then.
SPEAK = """
(language) => {
  const select = document.querySelector("#language");
  if (!select) return;
  select.value = language;
  select.dispatchEvent(new Event("change"));
}
"""


async def faults_of(page: Page, *looks: Look) -> list[str]:
    found: list[str] = []
    for look in looks:
        await page.set_viewport_size(viewport(look.size))
        await page.emulate_media(color_scheme=look.scheme)
        await page.evaluate(SPEAK, look.language)
        found += [f"{look}: {fault}" for fault in await page.evaluate(CHECK)]
    return found
