"""Two peers and their legs, connected without a node between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kolapp_media.rtc.leg import Leg
from media_peers import QuietPeer


class Call:
    """Two connected peers and their legs, joined or not."""

    def __init__(self, legs: Any, make_quiet_peer: Callable[..., QuietPeer]) -> None:
        self.legs = legs
        self.make = make_quiet_peer

    async def participant(
        self, change: Callable[[str], str] = lambda offer: offer
    ) -> tuple[QuietPeer, Leg]:
        peer = self.make()
        leg, answer = await self.legs.answer(change(await peer.offer()))
        await peer.accept(answer)
        await peer.connected()
        await self.legs.reaches(leg, "connected")
        return peer, leg

    async def joined(self) -> tuple[QuietPeer, Leg, QuietPeer, Leg]:
        alice, alices = await self.participant()
        bob, bobs = await self.participant()
        join(alices, bobs)
        return alice, alices, bob, bobs


def join(*legs: Leg) -> None:
    """Each of these is sent all others, in this order, and nobody else."""
    wirings = [leg.incoming.wiring for leg in legs if leg.incoming is not None]
    for each in wirings:
        each.hear([other for other in wirings if other is not each])


def received(peer: QuietPeer) -> list[tuple[int, int, bytes]]:
    return [(each.ssrc, each.sequence_number, each.payload) for each in peer.rtp]


def ours(leg: Leg, kind: str, *, repair: bool = False) -> int:
    section = next(each for each in leg._sections if each.kind == kind)
    return section.track.repair_ssrc if repair else section.track.ssrc
