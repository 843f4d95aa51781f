"""Photograph the pages for README.md, in a real visit: `python scripts/screenshots.py`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT / "tests" / "support"))

from browser_people import House, house_of  # noqa: E402  # after the path to it
from processes import serving  # noqa: E402

AHEAD = 2
SETTLED = "() => document.getAnimations().every(({ playState }) => playState === 'finished')"


async def photograph(house: House) -> None:
    ahead = [await house.person("/patient", phone=True) for _ in range(AHEAD)]
    patient = await house.person("/patient", phone=True)
    clinician = await house.person("/clinician", phone=False)
    for person in (*ahead, patient):
        await person.state("welcome")
        await person.click("#join")
        await person.state("waiting")
    await clinician.click("#ready")
    await clinician.page.wait_for_selector("#next:not([disabled])")
    await patient.page.wait_for_function(
        "() => /\\d/.test(document.querySelector('#wait').innerText)"
    )
    await patient.page.wait_for_function(SETTLED)
    await patient.page.screenshot(path=IMAGES / "patient.png")

    await clinician.click("#next")
    await ahead[0].state("called")
    await ahead[0].click("#answer")
    await clinician.sees_and_hears(30)
    await clinician.page.screenshot(path=IMAGES / "clinician.png")


async def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, serving(Path(directory) / "data") as serve:
        async with house_of(serve.url) as house:
            await photograph(house)


if __name__ == "__main__":
    asyncio.run(main())
