"""Codes to scan, held to those of a library."""

from __future__ import annotations

import pytest
import segno
from segno import encoder
from staged_pages import BLANK, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEXT = "https://kolapp.example/guest#" + "Ab3-_xYz" * 120
# Bytes that fit into versions 1, 7, 10, 14 and 20, and some that leave room.
LENGTHS = (17, 154, 60, 271, 100, 200, 458, 858)
CODES = """
async (asked) => {
  const { qrCode } = await import("/static/qr.js");
  const codes = asked.map(([text, mask]) => qrCode(text, mask ?? undefined));
  return codes.map((rows) => rows?.map((row) => row.map(Number)) ?? null);
}
"""


def spaced(buff: encoder.Buffer, version: int, length: int) -> None:
    """Zeros up to the next codeword; none where one is whole already (ISO/IEC 18004, 7.4.10)."""
    buff.extend([0] * (-length % 8))


async def test_every_version_and_mask_is_as_the_library_draws_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "write_padding_bits", spaced)  # it adds a whole codeword there
    page = await stage.page(BLANK)
    asked = [(TEXT[:length], mask) for mask, length in enumerate(LENGTHS)]
    drawn = await page.evaluate(CODES, asked)
    for (text, mask), rows in zip(asked, drawn, strict=True):
        code = segno.make(text, error="l", mask=mask, mode="byte", boost_error=False, micro=False)
        assert rows == [list(row) for row in code.matrix], (len(text), mask)


async def test_a_code_may_choose_its_mask_and_is_none_for_a_novel(stage: Stage) -> None:
    page = await stage.page(BLANK)
    drawn = await page.evaluate(CODES, [[TEXT[:200], None], [TEXT[:859], None]])
    masked = await page.evaluate(CODES, [[TEXT[:200], mask] for mask in range(8)])
    assert drawn[0] in masked
    assert drawn[1] is None
