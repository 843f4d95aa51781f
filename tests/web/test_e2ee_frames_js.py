"""Sealed frames: what they look like, and what becomes of those that somebody has touched."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page
from staged_pages import Stage, run

pytestmark = pytest.mark.asyncio(loop_scope="session")

OVERHEAD = 27  # tag, counter, key id, version
SETTING = """
async () => {
  const m = await import("/static/e2ee-frames.js");
  const { frameKey, newFrameKey } = await import("/static/e2ee-crypto.js");
  window.pairOf = async (id = 7) => {
    const told = newFrameKey(id);
    const sealer = new m.Sealer(await frameKey(told, "encrypt"));
    return { sealer, opener: new m.Opener(await frameKey(told, "decrypt")), told };
  };
  window.frameOf = (first, length) =>
    Uint8Array.from({ length }, (_, i) => (i ? i * 7 : first) & 255);
  window.reason = (opened) => opened.then(() => "", (error) => error.reason ?? String(error));
  window.same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
  window.m = m;
}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(phone: Stage) -> AsyncIterator[Page]:
    async with phone.another_tab() as tab:
        await tab.evaluate(SETTING)
        yield tab


# The first byte says what it is: VP8's lowest bit is 0 in a key frame (RFC 6386, 9.1).
@pytest.mark.parametrize(
    ("kind", "first", "clear"), [("video", 0x10, 10), ("video", 0x11, 3), ("audio", 0x78, 1)]
)
async def test_only_what_bridges_look_at_stays_clear(
    page: Page, kind: str, first: int, clear: int
) -> None:
    found = await run(
        page,
        """const { sealer, opener } = await pairOf();
        const frame = frameOf(given.first, 100);
        const sealed = await sealer.seal(given.kind, frame);
        const same_at = [...frame].filter((byte, i) => sealed[i] === byte).length;
        return [sealed.length, sealed.findIndex((byte, i) => byte !== frame[i]), same_at,
          same(await opener.open(given.kind, sealed), frame), sealed.at(-1)];""",
        {"kind": kind, "first": first},
    )
    length, differs_at, same_at, opens, version = found
    assert length == 100 + OVERHEAD
    assert clear <= differs_at <= clear + 2  # a byte of the cipher may be the same by chance
    assert same_at < clear + 10
    assert opens
    assert version == 0xE1


async def test_frames_of_every_length_come_through(page: Page) -> None:
    wrong = await run(
        page,
        """const wrong = [];
        const { sealer, opener } = await pairOf();
        for (const kind of ["audio", "video"]) for (const first of [0, 1]) {
          for (const length of [...Array(40).keys(), 1_200, 70_000]) {
            const frame = frameOf(first, length);
            const opened = await opener.open(kind, await sealer.seal(kind, frame));
            if (!same(opened, frame)) wrong.push([kind, first, length]);
          }
        }
        return wrong;""",
    )
    assert wrong == []


async def test_any_bit_that_is_changed_is_noticed(page: Page) -> None:
    reasons = await run(
        page,
        """const reasons = {};
        const { sealer, opener } = await pairOf();
        const sealed = await sealer.seal("video", frameOf(0x10, 40));
        for (let at = 0; at < sealed.length; at += 1) {
          for (const bit of [1, 128]) {
            const other = sealed.slice();
            other[at] ^= bit;
            const why = await reason(opener.open("video", other));
            reasons[why] = (reasons[why] ?? 0) + 1;
          }
        }
        reasons.other_stream = await reason(opener.open("audio", sealed));
        reasons.cut = await reason(opener.open("video", sealed.slice(0, -1)));
        reasons.clear = await reason(opener.open("video", frameOf(0x10, 40)));
        reasons.short = await reason(opener.open("video", sealed.slice(-26)));
        reasons.whole = await reason(opener.open("video", sealed));
        return reasons;""",
    )
    assert reasons["malformed"] == 2  # the version
    assert reasons["forged"] == 2 * (40 + OVERHEAD - 1)
    assert reasons["other_stream"] == "forged"
    assert reasons["cut"] == reasons["clear"] == reasons["short"] == "malformed"
    assert reasons["whole"] == ""


async def test_what_came_once_does_not_come_again(page: Page) -> None:
    found = await run(
        page,
        """const { sealer, opener } = await pairOf();
        const sealed = [];
        for (let i = 0; i < m.WINDOW + 3; i += 1) {
          sealed.push(await sealer.seal("audio", frameOf(i, 9)));
        }
        const open = (i) => reason(opener.open("audio", sealed[i]));
        const found = [await open(5), await open(5), await open(3), await open(3)];
        for (const i of [m.WINDOW + 2, 3, 2, 1, 1_000]) found.push(await open(i));
        // Two at once: only one of them comes through.
        found.push((await Promise.all([open(900), open(900)])).sort().join("+"));
        return found;""",
    )
    assert found[:4] == ["", "replayed", "", "replayed"]
    assert found[4:9] == ["", "replayed", "too_old", "too_old", ""]
    assert found[9] == "+replayed"


async def test_a_forged_frame_does_not_move_the_window(page: Page) -> None:
    found = await run(
        page,
        """const { sealer, opener } = await pairOf();
        const sealed = await sealer.seal("audio", frameOf(1, 9));
        const far = sealed.slice();
        far[far.length - 11] = 255;
        const open = (frame) => reason(opener.open("audio", frame));
        return [await open(far), await open(sealed)];""",
    )
    assert found == ["forged", ""]


async def test_a_nonce_never_comes_twice(page: Page) -> None:
    """Over both streams, and also when frames are sealed at the same time."""
    found = await run(
        page,
        """const { sealer } = await pairOf();
        const ivs = new Set(), encrypt = crypto.subtle.encrypt;
        crypto.subtle.encrypt = function (how, ...rest) {
          ivs.add(String(how.iv));
          return encrypt.call(this, how, ...rest);
        };
        const jobs = Array.from({ length: 600 }, (_, i) =>
          sealer.seal(i % 3 ? "video" : "audio", frameOf(i, 20)));
        const counters = (await Promise.all(jobs)).map((sealed) => m.readTrailer(sealed).counter);
        delete crypto.subtle.encrypt;
        return [ivs.size, new Set(counters).size, Math.max(...counters)];""",
    )
    assert found == [600, 600, 599]


async def test_another_key_opens_nothing(page: Page) -> None:
    found = await run(
        page,
        """const one = await pairOf(7), other = await pairOf(7), third = await pairOf(2 ** 32 - 1);
        const [sealed, far] = await Promise.all([one, third].map(({ sealer }) =>
          sealer.seal("video", frameOf(1, 50))));
        return [await reason(other.opener.open("video", sealed)), m.readTrailer(far).id];""",
    )
    assert found == ["forged", 2**32 - 1]
