"""Sound without pictures, by choice and because the network is poor, in real browsers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_people import Person
from faulty_call import in_call
from processes import Serve, serving
from udp_faults import FaultyNetwork

PICTURES = Path(os.environ.get("KOLAPP_PICTURES", "build/pictures"))
# Bytes of picture and of sound that came through the newest leg.
BYTES = """
async () => {
  const found = { video: 0, audio: 0 };
  for (const entry of (await window.legs.at(-1).getStats()).values()) {
    if (entry.type === "inbound-rtp") found[entry.kind] = entry.bytesReceived;
  }
  return found;
}
"""
# Until so much more sound has come; then how much picture came meanwhile.
PICTURE_BESIDE = f"""
async (sound) => {{
  const bytes = {BYTES};
  const before = await bytes();
  for (;;) {{
    const now = await bytes();
    if (now.audio - before.audio >= sound) return now.video - before.video;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }}
}}
"""


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with serving(tmp_path / "data") as serve:
        yield serve


async def picture_beside(who: Person, sound: int = 8_000) -> int:
    return int(await who.page.evaluate(PICTURE_BESIDE, sound))


async def connected_again(who: Person) -> None:
    await who.page.wait_for_function(
        """() => window.legs.at(-1).connectionState === "connected" """, timeout=30_000
    )


async def test_who_wants_sound_only_gets_no_picture_and_all_the_sound(serve: Serve) -> None:
    async with in_call(serve) as (patient, clinician):
        legs = await patient.page.evaluate("() => window.legs.length")
        await patient.click("#settings")
        await patient.page.check("#sound-only")
        await patient.click("#devices-dialog .primary")
        await patient.page.wait_for_function("(n) => window.legs.length > n", arg=legs)
        await connected_again(patient)
        await picture_beside(patient)  # what was on its way
        assert await picture_beside(patient) == 0
        assert await picture_beside(clinician) > 0  # the crossed-out camera
        await patient.page.screenshot(path=PICTURES / "sound-only-phone.png")
        await clinician.page.screenshot(path=PICTURES / "sound-only-other-desktop.png")
        await patient.click("#video-again")
        await patient.page.wait_for_selector("#no-video", state="hidden")
        await connected_again(patient)
        await patient.page.wait_for_function(
            "() => document.querySelector('#remote').videoWidth > 0", timeout=30_000
        )


async def test_a_network_that_stays_poor_leaves_the_sound(serve: Serve) -> None:
    async with FaultyNetwork() as network, in_call(serve, network) as (patient, _):
        network.faults.loss = 0.3
        await patient.says(
            "#no-video p", "Your connection is weak. Sound goes on without pictures.", 60
        )
        network.faults.loss = 0.0
        await connected_again(patient)
        assert await picture_beside(patient, 2_000) == 0
