"""The ring is laid out in one go: a timer of a page out of sight would be late."""

from __future__ import annotations

import pytest
from staged_pages import BLANK, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_whole_ring_is_laid_out_at_once_and_stops(stage: Stage) -> None:
    page = await stage.page(BLANK)
    await page.mouse.click(1, 1)  # without that, a phone may not vibrate
    tones, buzzes, ringing = await page.evaluate(
        """async () => {
          const { Ring } = await import("/static/ring.js");
          const tones = [], buzzes = [];
          const start = OscillatorNode.prototype.start;
          OscillatorNode.prototype.start = function (at) { tones.push(at); start.call(this, at); };
          navigator.vibrate = (pattern) => buzzes.push(pattern);
          const ring = new Ring();
          ring.start(45);  // without a tap before there is no sound, and no error either
          ring.stop();
          const unlocked = ring.unlock();  // stays open for as long as sound is forbidden
          ring.start(45);
          const during = ring.ringing;
          ring.stop();
          return [tones, buzzes, [during, ring.ringing]];
        }"""
    )
    chimes = 19  # one every 2.4 s for 45 s, of three tones each
    assert len(tones) == 3 * chimes
    assert tones == sorted(tones)
    assert 43 <= tones[-1] - tones[0] <= 45
    patterns = [buzz for buzz in buzzes if buzz != 0]
    assert [len(pattern) for pattern in patterns] == [4 * chimes, 4 * chimes]
    assert buzzes[-1] == 0
    assert ringing == [True, False]
