"""The screen stays on while somebody waits, and never longer."""

from __future__ import annotations

import pytest
from staged_pages import BLANK, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_asks_once_asks_again_after_the_browser_took_it_and_lets_go(stage: Stage) -> None:
    page = await stage.page(BLANK)
    counts = await page.evaluate(
        """async () => {
          const { keepAwake } = await import("/static/wake-lock.js");
          const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
          const counts = { asked: 0, released: 0 };
          let sentinel;
          const request = async () => {
            counts.asked += 1;
            sentinel = new EventTarget();
            sentinel.release = async () => { counts.released += 1; };
            return sentinel;
          };
          Object.defineProperty(navigator, "wakeLock", { value: { request } });
          keepAwake(true); keepAwake(true);
          await turn();
          keepAwake(true);
          sentinel.dispatchEvent(new Event("release"));  // the page was out of sight
          keepAwake(true);
          await turn();
          keepAwake(false); keepAwake(false);
          return counts;
        }"""
    )
    assert counts == {"asked": 2, "released": 1}


async def test_a_browser_that_cannot_is_no_error(stage: Stage) -> None:
    page = await stage.page(BLANK)
    await page.evaluate(
        """async () => {
          const { keepAwake } = await import("/static/wake-lock.js");
          const request = () => Promise.reject(new DOMException("", "NotAllowedError"));
          Object.defineProperty(navigator, "wakeLock", { value: { request } });
          keepAwake(true);
          await new Promise((resolve) => setTimeout(resolve, 0));
        }"""
    )
