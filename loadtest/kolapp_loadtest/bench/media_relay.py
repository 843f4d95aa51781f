"""Worker: the usual Python media server, aiortc's own MediaRelay, which decodes and encodes.

How much later a frame leaves is measured inside, from the last packet of a frame to the moment
its successor is encoded: sockets are not counted, so it looks better than it is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aioice.ice
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.contrib.media import MediaRelay

from .worker import Verb, run_worker

# aiortc never gathers loopback, where the load is.
aioice.ice.get_host_addresses = lambda **_: ["127.0.0.1"]


class Side:
    def __init__(self) -> None:
        self.peer = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self.tracks: dict[str, MediaStreamTrack] = {}
        self.arrived: dict[int, float] = {}  # frames by time stamp
        self.peer.on("track", self._take)

    def _take(self, track: MediaStreamTrack) -> None:
        self.tracks[track.kind] = track

    async def answer(self, offer: str) -> str:
        await self.peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        for transceiver in self.peer.getTransceivers():
            transceiver.direction = "sendrecv"
            if transceiver.kind == "video":
                self._watch(transceiver.receiver)
        await self.peer.setLocalDescription()
        return str(self.peer.localDescription.sdp)

    def _watch(self, receiver: Any) -> None:
        handle = receiver._handle_rtp_packet

        async def noted(packet: Any, arrival_time_ms: int) -> None:
            if packet.marker:
                self.arrived[packet.timestamp] = time.monotonic()
                if len(self.arrived) > 1_000:
                    self.arrived.pop(next(iter(self.arrived)))
            await handle(packet, arrival_time_ms)

        receiver._handle_rtp_packet = noted


class Relays:
    def __init__(self) -> None:
        self._calls: dict[str, list[Side]] = {}
        self._relay = MediaRelay()
        self._late: list[float] = []

    async def answer(self, call: str, sdp: str) -> str:
        side = Side()
        sides = self._calls.setdefault(call, [])
        sides.append(side)
        answer = await side.answer(sdp)
        if len(sides) == 2:
            for source, target in (sides, sides[::-1]):
                self._join(source, target)
        return answer

    def _join(self, source: Side, target: Side) -> None:
        for sender in target.peer.getSenders():
            track = source.tracks[sender.kind]
            sender.replaceTrack(self._relay.subscribe(track))
            if sender.kind == "video":
                self._time(sender, source)

    def _time(self, sender: Any, source: Side) -> None:
        encode = sender._next_encoded_frame

        async def timed(codec: Any) -> Any:
            frame = await encode(codec)
            if frame is not None:
                arrived = source.arrived.get(frame.timestamp)
                if arrived is not None:
                    self._late.append((time.monotonic() - arrived) * 1_000)
            return frame

        sender._next_encoded_frame = timed

    async def late(self) -> list[float]:
        """Milliseconds since the last time it was asked."""
        found, self._late = self._late, []
        return found

    async def close(self) -> None:
        sides = [side for call in self._calls.values() for side in call]
        await asyncio.gather(*(side.peer.close() for side in sides))


@asynccontextmanager
async def job() -> AsyncIterator[Mapping[str, Verb]]:
    relays = Relays()
    yield {"answer": relays.answer, "late": relays.late}
    await relays.close()


if __name__ == "__main__":
    run_worker(job())
