"""Legs on their own, without a node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from kolapp_media.rtc.leg import Leg
from kolapp_media.rtc.sockets import Engine
from kolapp_media.sdp import clean_offer
from kolapp_media.settings import MediaSettings
from media_call import Call
from media_peers import QuietPeer


@dataclass
class Legs:
    """Makes legs that share one engine, and remembers their states."""

    settings: MediaSettings
    states: dict[Leg, list[str]] = field(default_factory=dict)
    engine: Engine = field(default_factory=Engine)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def make(self) -> Leg:
        leg = Leg(self.settings, self.settings.hosts, self.engine, self._told)
        self.states[leg] = []
        return leg

    async def answer(self, offer: str) -> tuple[Leg, str]:
        leg = self.make()
        return leg, await leg.answer(clean_offer(offer, self.settings))

    async def reaches(self, leg: Leg, state: str) -> None:
        while state not in self.states[leg]:
            self._changed.clear()
            await self._changed.wait()

    def _told(self, leg: Leg, state: str) -> None:
        self.states[leg].append(state)
        self._changed.set()


@pytest.fixture
async def legs(settings: MediaSettings) -> AsyncIterator[Legs]:
    legs = Legs(settings)
    yield legs
    await asyncio.gather(*(leg.close() for leg in legs.states))


@pytest.fixture
def call(legs: Legs, make_quiet_peer: Callable[..., QuietPeer]) -> Call:
    return Call(legs, make_quiet_peer)


@pytest.fixture
def port_of() -> Callable[[str], int]:
    """The UDP port an SDP names, where an attacker would aim."""

    def find(sdp: str) -> int:
        line = next(each for each in sdp.splitlines() if each.startswith("a=candidate"))
        return int(line.split()[5])

    return find
