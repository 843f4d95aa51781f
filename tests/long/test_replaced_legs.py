"""What breaks in the middle of a call of two browsers, and how long their pictures stand still.

From the pages' own clocks. Deadlines here are a busy machine's; `-s` shows the figures.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_people import Person
from faulty_call import in_call
from processes import Serve, serving
from udp_faults import FaultyNetwork

DRAIN_S = 4.0
SLOW = 3  # how many times longer a busy machine may take
# Each frame that is shown, with the one before: `pause` is the longest standstill since `watch()`.
FRAMES = """
addEventListener("DOMContentLoaded", () => setTimeout(() => {
  const video = document.querySelector("video#remote");
  let last = 0;
  window.first = 0;
  window.watch = () => { window.pause = 0; window.frames = 0; last = performance.now(); };
  window.watch();
  const seen = (now) => {
    window.first ||= performance.timeOrigin + now;
    window.pause = Math.max(window.pause, now - last);
    window.frames += 1;
    last = now;
    video.requestVideoFrameCallback(seen);
  };
  video.requestVideoFrameCallback(seen);
}));
"""
TRACKS = "() => document.querySelector('video#remote').srcObject.getTracks().map(({ id }) => id)"


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    drain = {"KOLAPP_MEDIA_DRAIN_TIMEOUT": str(DRAIN_S)}
    with serving(tmp_path / "data", "--media-nodes", "2", environment=drain) as serve:
        yield serve


async def watch(*people: Person) -> None:
    for each in people:
        await each.page.evaluate("() => window.watch()")


async def standstill(who: Person, more: int = 60) -> float:
    """The longest since `watch`, in ms, once so many more frames have come."""
    now = await who.page.evaluate("() => window.frames")
    await who.page.wait_for_function(
        "(wanted) => window.frames >= wanted", arg=now + more, timeout=60_000
    )
    return float(await who.page.evaluate("() => window.pause"))


def said(what: str, ms: float, promised_ms: float) -> None:
    sys.stdout.write(f"{what}: {ms:.0f} ms (promised {promised_ms:.0f})\n")
    assert ms <= SLOW * promised_ms


async def test_another_address_is_a_short_freeze_and_no_other_track(serve: Serve) -> None:
    async with FaultyNetwork() as network, in_call(serve, network, FRAMES) as (patient, clinician):
        before = await clinician.page.evaluate(TRACKS)
        await watch(patient, clinician)
        carried = network.faults.carried
        assert carried
        await network.move()
        said("another address, the other side", await standstill(clinician), 1_500)
        said("another address, the own side", await standstill(patient), 1_500)
        assert await clinician.page.evaluate(TRACKS) == before
        assert network.faults.carried > carried


async def test_who_reloads_the_page_is_back_without_a_question(serve: Serve) -> None:
    async with in_call(serve, script=FRAMES) as (patient, clinician):
        before = await clinician.page.evaluate(TRACKS)
        await watch(clinician)
        left_at = await patient.page.evaluate("() => Date.now()")
        await patient.page.reload()
        await patient.page.wait_for_function("() => window.first > 0", timeout=30_000)
        said("reload", await patient.page.evaluate("() => window.first") - left_at, 3_000)
        said("reload, the other side", await standstill(clinician), 3_000)
        assert await clinician.page.evaluate(TRACKS) == before


def carrier(serve: Serve) -> int:
    """The media node that has the most sockets open."""
    pids = serve.pids_of("media")
    return max(pids, key=lambda pid: len(os.listdir(f"/proc/{pid}/fd")))


async def test_a_media_node_that_dies_costs_seconds(serve: Serve) -> None:
    async with in_call(serve, script=FRAMES) as people:
        await watch(*people)
        os.kill(carrier(serve), signal.SIGKILL)
        for who, found in zip(
            ("patient", "clinician"), await asyncio.gather(*map(standstill, people)), strict=True
        ):
            said(f"media node killed, {who}", found, 5_000)


async def test_a_media_node_that_is_told_to_stop_lets_calls_end_and_then_moves_them(
    serve: Serve,
) -> None:
    async with in_call(serve, script=FRAMES) as people:
        legs = [await each.page.evaluate("() => window.legs.length") for each in people]
        await watch(*people)
        started, stopped = time.monotonic(), carrier(serve)
        os.kill(stopped, signal.SIGTERM)
        for each, before in zip(people, legs, strict=True):
            await each.page.wait_for_function(
                "(before) => window.legs.length > before", arg=before, timeout=60_000
            )
        assert time.monotonic() - started >= DRAIN_S - 0.5  # not before the calls had their time
        found = await asyncio.gather(*map(standstill, people))
        for who, pause in zip(("patient", "clinician"), found, strict=True):
            said(f"media node drained, {who}", pause, 5_000)
        assert carrier(serve) != stopped


async def test_a_signalling_node_that_dies_costs_nothing(serve: Serve) -> None:
    async with in_call(serve, script=FRAMES) as people:
        await watch(*people)
        serve.kill("signalling")
        frames = [standstill(each, more=200) for each in people]  # seconds: it is back by then
        for who, found in zip(("patient", "clinician"), await asyncio.gather(*frames), strict=True):
            said(f"signalling node killed, {who}", found, 500)
        assert await people[0].page.evaluate("() => window.legs.length") == 1
