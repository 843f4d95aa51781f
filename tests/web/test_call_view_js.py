"""The call's view by itself: sound that the browser forbids until somebody taps."""

from __future__ import annotations

import pytest
from staged_pages import BLANK, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_forbidden_sound_asks_for_a_tap(stage: Stage) -> None:
    page = await stage.page(BLANK)
    await page.evaluate(
        """async () => {
          const { CallView } = await import("/static/call-view.js");
          const { LocalMedia } = await import("/static/devices.js");
          const { Words } = await import("/static/ui.js");
          const words = new Words(document.createElement("select"), () => {});
          const root = document.body.appendChild(document.createElement("main"));
          window.view = new CallView(root, new LocalMedia(), words);
          window.tapped = false;
          addEventListener("click", () => { window.tapped = true; }, { capture: true });
          HTMLMediaElement.prototype.play = async function () {
            if (!this.muted && !tapped) throw new DOMException("", "NotAllowedError");
          };
          const pen = document.createElement("canvas").getContext("2d");
          view.tiles.seat("patient");
          view.tiles.draw([{ role: "clinician", name: "Clinician", note: "", icon: "" }]);
          view.tiles.give({ who: "clinician", stream: pen.canvas.captureStream() });
        }"""
    )
    await page.wait_for_selector("#hear", state="visible")
    assert await page.evaluate("() => view.tiles.first.muted")  # the picture runs meanwhile
    await page.click("#hear")
    await page.wait_for_selector("#hear", state="hidden")
    assert not await page.evaluate("() => view.tiles.first.muted")
