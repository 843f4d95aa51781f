"""The report of a load test in a browser without a network: readable on a phone and on a desk, in
either colour scheme, with every line of its pictures to be seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from kolapp_loadtest.load.page import page as page_of
from lived_day import lived, report_of
from playwright.async_api import Browser
from staged_pages import DESKTOP, PHONE, viewport

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHECK = (Path(__file__).parent / "looks.js").read_text()
# Strokes that carry meaning have 3 : 1 on the page's white (WCAG 2.2, 1.4.11), and two lines of one
# picture differ in colour or dash.
LINES = """
() => {
  const light = (text) => text.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const faults = [];
  let seen = 0;
  for (const picture of document.querySelectorAll("figure > svg")) {
    const strokes = [...picture.querySelectorAll("polyline")].map((line) => getComputedStyle(line));
    for (const { stroke } of strokes) {
      seen += 1;
      const contrast = 1.05 / (light(stroke) + 0.05);
      if (contrast < 3) faults.push(`line of ${contrast.toFixed(2)}: ${stroke}`);
    }
    const kinds = new Set(strokes.map(({ stroke, strokeDasharray }) => stroke + strokeDasharray));
    if (kinds.size < strokes.length) faults.push(`alike: ${picture.getAttribute("aria-label")}`);
    const texts = [...picture.querySelectorAll("text")];
    texts.forEach((text, at) => texts.slice(at + 1).forEach((next) => {
      const [one, other] = [text.getBoundingClientRect(), next.getBoundingClientRect()];
      const apart = one.right <= other.left || other.right <= one.left
        || one.bottom <= other.top + 2 || other.bottom <= one.top + 2;
      if (!apart) faults.push(`over each other: ${text.textContent}, ${next.textContent}`);
    }));
    const frame = picture.getBoundingClientRect();
    for (const text of texts) {
      const box = text.getBoundingClientRect();
      const inside = box.right <= frame.right + 1 && box.left >= frame.left - 1;
      if (!inside) faults.push(`cut: ${text.textContent}`);
      if (box.height < 9) faults.push(`tiny: ${text.textContent} ${box.height}`);
    }
  }
  return seen ? faults : ["no lines"];
}
"""


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desk"])
@pytest.mark.parametrize("slow", [1, 50], ids=["green", "red"])
async def test_the_report_can_be_read_without_a_network(
    browser: Browser, tmp_path: Path, size: tuple[int, int], slow: int
) -> None:
    file = tmp_path / "report.html"
    file.write_text(page_of(report_of(lived(slow))))
    context = await browser.new_context(viewport=viewport(size), offline=True)
    try:
        page = await context.new_page()
        asked: list[str] = []
        complaints: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(file.as_uri())
        found = await page.evaluate(CHECK) + await page.evaluate(LINES)
    finally:
        await context.close()
    assert asked == [file.as_uri()]
    assert complaints == []
    assert [fault for fault in found if "112" not in fault] == []
