"""Worker: the legs of some people, in a process of their own, so that pictures and sound hold back
nobody's requests. Offers and answers go through the people's process, which speaks the protocol."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from ..bench.worker import Verb, run_worker
from ..peer import Signature, VisitPeer
from ..recorded import Played, picture, tone
from ..wire import SdpAnswer
from .legs import PITCHES, signature
from .measures import HIGHEST_US, new_histogram

OFFER_S = 10.0
NEAR_HERTZ = 15  # pitches of neighbours are further apart


class Handed:
    """Stands for the participant: its offer is handed out, and the answer handed in."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.offered: asyncio.Future[str] = loop.create_future()
        self.answered: asyncio.Future[str] = loop.create_future()

    async def offer(self, sdp: str, generation: int = 1) -> SdpAnswer:
        self.offered.set_result(sdp)
        sdp = await self.answered
        return SdpAnswer(visit="", media_epoch=0, generation=generation, sdp=sdp)


@dataclass(slots=True)
class Leg:
    peer: VisitPeer
    handed: Handed
    opening: asyncio.Task[None]
    expected: Signature  # of whom it should see and hear
    late: Any = field(default_factory=new_histogram)  # frames sent later than due, microseconds


class Legs:
    def __init__(self) -> None:
        self._legs: dict[str, Leg] = {}

    async def prepare(self) -> None:
        """Encode everything now, and not while the first legs wait for it."""
        for mark in range(PITCHES):
            one = signature(mark)
            picture(one.mark)
            tone(one.hertz)

    async def offer(self, leg: str, sends: list[int], sees: list[int], address: str) -> str:
        """Signatures are mark and hertz. Returns the SDP."""
        late, handed = new_histogram(), Handed()

        def note(late_ns: int) -> None:
            late.record_value(min(max(1, late_ns // 1000), HIGHEST_US))

        own = Signature(*sends)
        tracks = (Played(tone(own.hertz), note), Played(picture(own.mark), note))
        peer = VisitPeer(handed, own, address=address or None, tracks=tracks)
        opening = asyncio.create_task(peer.open())
        self._legs[leg] = Leg(peer, handed, opening, Signature(*sees), late)
        async with asyncio.timeout(OFFER_S):
            await asyncio.wait((opening, handed.offered), return_when=asyncio.FIRST_COMPLETED)
        return handed.offered.result() if handed.offered.done() else opening.result() or ""

    async def accept(self, leg: str, sdp: str) -> int:
        """Returns when the leg was connected (perf_counter_ns)."""
        one = self._legs[leg]
        one.handed.answered.set_result(sdp)
        await asyncio.shield(one.opening)
        return time.perf_counter_ns()

    async def close(self, leg: str) -> dict[str, Any]:
        """What came through it."""
        one = self._legs.pop(leg)
        received, lost = await one.peer.packets_received(), await one.peer.packets_lost()
        await _end(one)
        seen, heard = one.peer.received.picture, one.peer.received.sound
        return {
            "picture_ns": seen.first_ns,
            "sound_ns": heard.first_ns,
            "pictures": seen.frames,
            "sounds": heard.frames,
            "right_picture": seen.marks == {one.expected.mark},
            "right_sound": abs(heard.hertz() - one.expected.hertz) <= NEAR_HERTZ,
            "received": received,
            "lost": lost,
            "late_ms": one.late.get_value_at_percentile(99.0) / 1000,
        }

    async def end(self) -> None:
        for leg in list(self._legs.values()):
            await _end(leg)


async def _end(leg: Leg) -> None:
    leg.opening.cancel()
    await asyncio.wait([leg.opening])
    await leg.peer.close()


@asynccontextmanager
async def job() -> AsyncIterator[Mapping[str, Verb]]:
    legs = Legs()
    try:
        yield {verb.__name__: verb for verb in (legs.prepare, legs.offer, legs.accept, legs.close)}
    finally:
        await legs.end()


if __name__ == "__main__":
    run_worker(job())
