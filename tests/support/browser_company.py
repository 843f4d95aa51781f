"""Several people in one call of real browsers: whom each of them sees move, and hears."""

from __future__ import annotations

import asyncio
from typing import Any

from browser_people import AUDIBLE, Person
from firefox import FirefoxPage

PATIENCE_S = 50.0  # four browsers with three pictures each are much for a busy machine
# Of everybody whose tile is on the screen, until all of them move and sound, or the time is over:
# how the picture changed on the screen, and what was heard since the newest leg began.
COMPANY = """
async ({ names, audible, ms }) => {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const grey = (video) => {
    pen.drawImage(video, 0, 0, 32, 24);
    return Array.from(pen.getImageData(0, 0, 32, 24).data).filter((_, i) => i % 4 === 1);
  };
  const tiles = () => [...document.querySelectorAll(".tile:not([hidden])")];
  const energies = async () => {
    const found = [];
    const peer = window.legs.at(-1);
    if (!peer) return found;
    const mids = peer.getTransceivers().map(({ mid }) => mid);
    for (const entry of (await peer.getStats()).values()) {
      if (entry.type !== "inbound-rtp" || entry.kind !== "audio") continue;
      found[mids.indexOf(entry.mid) >> 1] = entry.totalAudioEnergy;
    }
    return found;
  };
  const until = Date.now() + ms;
  const before = new Map();
  const moved = {};
  for (;;) {
    const heard = await energies();
    const found = {};
    for (const tile of tiles()) {
      const name = tile.querySelector(".tile-name").textContent;
      const video = tile.querySelector("video");
      const now = video.videoWidth ? grey(video) : [];
      const last = before.get(name)?.length ? before.get(name) : now;
      before.set(name, now);
      const change = now.reduce((sum, g, i) => sum + Math.abs(g - last[i]), 0);
      moved[name] = Math.max(moved[name] ?? 0, change);
      const slot = [...tile.parentElement.children].indexOf(tile);
      found[name] = { moved: moved[name], heard: heard[slot] ?? 0 };
    }
    const all = Object.keys(found).sort().join() === names.join()
      && Object.values(found).every(({ moved, heard }) => moved > 300 && heard > audible);
    if (all || Date.now() > until) return { all, found };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
"""


async def sees_and_hears_all(one: Person | FirefoxPage, *names: str) -> None:
    """Exactly these are on this person's screen, all of them move, and all of them are heard."""
    asked = {"names": sorted(names), "audible": AUDIBLE, "ms": PATIENCE_S * 1000}
    page = one.page if isinstance(one, Person) else one
    seen: dict[str, Any] = await page.evaluate(COMPANY, asked)
    assert seen["all"], f"of {names} only {seen['found']}"


async def all_see_all(people: dict[str, Person]) -> None:
    await asyncio.gather(
        *(
            sees_and_hears_all(one, *(other for other in people if other != name))
            for name, one in people.items()
        )
    )


async def invite(clinician: Person, kind: str) -> str:
    """The path of the link that the clinician's page shows."""
    if await clinician.page.is_hidden("#people"):
        await clinician.click("#people-open")
    await clinician.click(f'#invite-kinds [data-kind="{kind}"]')
    await clinician.page.wait_for_selector("#invite-new", state="visible")
    link: str = await clinician.page.input_value("#invite-link")
    return link[link.index("/guest#") :]
