"""One participant's leg without a browser: aiortc sends a test picture and a tone, and measures
what comes from the other side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, Self, TypeVar

from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCInboundRtpStreamStats,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from .errors import RequestRefused
from .lifetime import Lifetime
from .picture import MovingPicture, PictureMeter
from .tone import Tone, ToneMeter
from .waiting import Changes
from .wire import SdpAnswer

T = TypeVar("T")
CONNECT_TIMEOUT_S = 10.0  # from the first offer to its answer, and from there to the connection
OFFER_AGAIN_S = 1.0
NO_MEDIA = ("media_unavailable", "media_full")


class Offers(Protocol):
    async def offer(self, sdp: str, generation: int = 1) -> SdpAnswer: ...


@dataclass(frozen=True, slots=True)
class Signature:
    """What tells one sender from another in what a receiver sees and hears."""

    mark: int  # 0 to 15, in the picture
    hertz: int


@dataclass(slots=True)
class Received:
    picture: PictureMeter = field(default_factory=PictureMeter)
    sound: ToneMeter = field(default_factory=ToneMeter)


class VisitPeer(Lifetime):
    """`async with VisitPeer(patient, Signature(1, 440)) as peer: await peer.until(...)`

    Entering offers through `participant` and waits until the leg is connected.
    """

    def __init__(
        self,
        participant: Offers,
        signature: Signature,
        *,
        generation: int = 1,
        address: str | None = "127.0.0.1",
        tracks: Sequence[MediaStreamTrack] = (),
        slots: int = 1,
    ) -> None:
        """`tracks`: what is sent in place of a fresh picture and tone of the signature. `slots`:
        how many others can be received."""
        self._participant = participant
        self._generation = generation
        self._address = address
        # No server at all: the default would be a public STUN server, which blocks for 5 s
        # where it cannot be reached. One bundle, because the node opens one socket a leg.
        self._connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._tracks = tracks or (Tone(signature.hertz), MovingPicture(signature.mark))
        self._readers: list[asyncio.Task[None]] = []
        self._changes = Changes()
        self.slots = [Received() for _ in range(slots)]
        self.names: list[str] = []  # who is in which slot, as the server says

    @property
    def received(self) -> Received:
        """What comes of the first of the others."""
        return self.slots[0]

    def of(self, name: str) -> Received:
        """What comes of this participant. Raises ValueError for who is in no slot."""
        return self.slots[self.names.index(name)]

    @property
    def state(self) -> str:
        """new, connecting, connected, failed or closed (W3C webrtc, RTCPeerConnectionState)."""
        return self._connection.connectionState

    async def until(
        self, predicate: Callable[[Self], T | None], timeout: float, what: str = ""
    ) -> T:
        """Wait until `predicate(self)` is true, looking again at every frame; see `Changes`."""
        return await self._changes.until(self, predicate, timeout, what)

    async def packets_lost(self) -> int:
        """RTP packets missing on this leg, of picture and sound together (RFC 3550, A.3)."""
        return sum(stream.packetsLost for stream in await self._inbound())

    async def packets_received(self) -> int:
        return sum(stream.packetsReceived for stream in await self._inbound())

    async def _inbound(self) -> list[RTCInboundRtpStreamStats]:
        reports = [await receiver.getStats() for receiver in self._connection.getReceivers()]
        streams = [stream for report in reports for stream in report.values()]
        return [one for one in streams if isinstance(one, RTCInboundRtpStreamStats)]

    async def close(self) -> None:
        await self._connection.close()
        for reader in self._readers:
            reader.cancel()
        if self._readers:
            await asyncio.wait(self._readers)
        for track in self._tracks:
            track.stop()

    async def open(self) -> None:
        self._connection.on("track", self._arrived)
        self._connection.on("connectionstatechange", partial(self._changes.happened, self))
        for track in self._tracks:
            self._connection.addTrack(track)
        for _ in self.slots[1:]:
            for kind in ("audio", "video"):
                self._connection.addTransceiver(kind, direction="recvonly")
        await self._gather_only(self._address)
        await self._connection.setLocalDescription(await self._connection.createOffer())
        answer = await self._offer(self._connection.localDescription.sdp)
        self.names = answer.get("slots", [])[: len(self.slots)]
        await self._connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        await self.until(lambda peer: peer.state == "connected", CONNECT_TIMEOUT_S, "connected leg")

    async def _offer(self, sdp: str) -> SdpAnswer:
        """Offer, and again every second while no media node can take the call: what the errors
        tell a client to do, for instance while a killed node is being replaced."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + CONNECT_TIMEOUT_S
        while True:
            try:
                return await self._participant.offer(sdp, self._generation)
            except RequestRefused as refused:
                if refused.code not in NO_MEDIA or loop.time() >= until_s:
                    raise
            await asyncio.sleep(OFFER_AGAIN_S)

    async def _gather_only(self, address: str | None) -> None:
        """aiortc never gathers 127.0.0.1, where a development server listens. So this peer's ICE
        agent gathers here, from the one address it is given, and finds its work done later;
        nobody else in the process is touched."""
        if address is None:
            return
        ice = self._connection.getTransceivers()[0].sender.transport.transport.iceGatherer
        agent = ice._connection
        agent._local_candidates_start = True
        agent._local_candidates += await agent.get_component_candidates(1, [address])
        agent._local_candidates_end = True

    def _arrived(self, track: MediaStreamTrack) -> None:
        self._readers.append(asyncio.create_task(self._consume(track), name=f"{track.kind} reader"))

    def _slot_of(self, track: MediaStreamTrack) -> int:
        same = [
            each.receiver.track
            for each in self._connection.getTransceivers()
            if each.kind == track.kind
        ]
        return same.index(track)

    async def _consume(self, track: MediaStreamTrack) -> None:
        slot = self.slots[self._slot_of(track)]
        meter = slot.picture.see if track.kind == "video" else slot.sound.hear
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:  # the track ended
                return
            meter(frame)
            self._changes.happened(self)
