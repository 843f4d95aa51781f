"""The people of the stories: their tokens, their clients, and what it means to see each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kolapp_loadtest.backoff import Backoff
from kolapp_loadtest.clinician import Clinician
from kolapp_loadtest.demo import demo_token
from kolapp_loadtest.guest import Guest, redeem
from kolapp_loadtest.network import Network
from kolapp_loadtest.patient import Patient
from kolapp_loadtest.peer import Signature, VisitPeer

QUEUE = "drop-in"
FRAMES = 60  # two seconds of picture
GLANCE = 15  # enough to see that a call works, where the call is not what a test is about
SEEN_WITHIN_S = 20.0


class Town:
    """Patients and clinicians of one server. Each has a token and keeps it over reconnections."""

    def __init__(self, url: str, network: Network) -> None:
        self.url = url
        self._network = network

    @asynccontextmanager
    async def patient(self, token: str = "") -> AsyncIterator[Patient]:
        token = token or await self.token("patient")
        async with Patient(
            self.url, token, network=self._network, backoff=Backoff(first_s=0.1, ceiling_s=0.5)
        ) as patient:
            yield patient

    @asynccontextmanager
    async def clinician(self, token: str = "") -> AsyncIterator[Clinician]:
        token = token or await self.token("clinician")
        async with Clinician(
            self.url, token, network=self._network, backoff=Backoff(first_s=0.1, ceiling_s=0.5)
        ) as clinician:
            yield clinician

    @asynccontextmanager
    async def guest(self, code: str) -> AsyncIterator[Guest]:
        """Somebody with a link that nobody has used."""
        token = await redeem(self._network.session, self.url, code)
        async with Guest(
            self.url, token, network=self._network, backoff=Backoff(first_s=0.1, ceiling_s=0.5)
        ) as guest:
            yield guest

    async def redeem(self, code: str) -> str:
        return await redeem(self._network.session, self.url, code)

    async def token(self, role: str) -> str:
        return await demo_token(self._network.session, self.url, role)


@asynccontextmanager
async def town_of(url: str) -> AsyncIterator[Town]:
    async with Network() as network:
        yield Town(url, network)


async def sees_and_hears(peer: VisitPeer, other: Signature, frames: int = FRAMES) -> None:
    """The other's picture moves on this screen, and the other's tone is in this ear."""
    picture, sound = peer.received.picture, peer.received.sound

    def enough(peer: VisitPeer) -> bool:
        return picture.frames >= frames and abs(sound.hertz() - other.hertz) < 5

    await peer.until(enough, SEEN_WITHIN_S, f"{frames} pictures and a tone of {other.hertz} Hz")
    assert picture.changed >= picture.frames - 1
    assert picture.marks == {other.mark}
    assert picture.skipped == 0
    assert sound.level > 0.05
