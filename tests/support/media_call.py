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
        self, change: Callable[[str], str] = lambda offer: offer, *, slots: int = 1
    ) -> tuple[QuietPeer, Leg]:
        peer = self.make(slots=slots)
        leg, answer = await self.legs.answer(change(await peer.offer()))
        await peer.accept(answer)
        await peer.connected()
        await self.legs.reaches(leg, "connected")
        return peer, leg

    async def company(self, people: int, slots: int = 3) -> tuple[list[QuietPeer], list[Leg]]:
        """So many who are each sent all others, in the order in which they are returned."""
        peers, legs = [], []
        for _ in range(people):
            peer, leg = await self.participant(slots=slots)
            peers.append(peer)
            legs.append(leg)
        join(*legs)
        return peers, legs

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


def other_numbers(offer: str) -> str:
    """An offer with other types and extensions than all peers here have."""
    for old, new in (
        ("UDP/TLS/RTP/SAVPF 97 98", "UDP/TLS/RTP/SAVPF 120 121"),
        (":97 ", ":120 "),
        (":98 ", ":121 "),
        ("apt=97", "apt=120"),
        ("extmap:1 ", "extmap:9 "),
        ("extmap:3 ", "extmap:1 "),
    ):
        offer = offer.replace(old, new)
    return offer


def received(peer: QuietPeer) -> list[tuple[int, int, bytes]]:
    return [(each.ssrc, each.sequence_number, each.payload) for each in peer.rtp]


def ours(leg: Leg, kind: str, *, repair: bool = False, slot: int = 0) -> int:
    section = [each for each in leg._sections if each.kind == kind][slot]
    return section.track.repair_ssrc if repair else section.track.ssrc
