"""Real WebRTC peers for tests: aiortc ends that offer to a media node.

`Peer` has a moving picture and a tone and decodes what comes; `QuietPeer` has no codecs at all
and shows the packets themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import itertools
import math
from collections.abc import Callable

import numpy as np
from aiortc import (
    InvalidStateError,
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.rtp import (
    AnyRtcpPacket,
    HeaderExtensionsMap,
    RtcpPacket,
    RtpPacket,
)
from av import AudioFrame, VideoFrame

SAMPLE_RATE = 48_000
SAMPLES = 960  # 20 ms
DEADLINE_S = 20.0
SEEN_S = 60.0  # what a slow machine takes to decode; nobody tests how fast that is
_CONFIGURATION = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)


async def until(condition: Callable[[], object], deadline: float = 10.0) -> None:
    """Let the loop run until a counter or a state that tells nobody has changed."""
    async with asyncio.timeout(deadline):
        while not condition():  # noqa: ASYNC110  # the counters of the hot path tell nobody
            await asyncio.sleep(0)


class Tone(MediaStreamTrack):
    """A 440 Hz tone at real-time speed."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._start = asyncio.get_running_loop().time()

    async def recv(self) -> AudioFrame:
        due = self._start + self._count * SAMPLES / SAMPLE_RATE
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        at = np.arange(self._count * SAMPLES, (self._count + 1) * SAMPLES)
        wave = (8_000 * np.sin(2 * math.pi * 440 * at / SAMPLE_RATE)).astype(np.int16)
        frame = AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        frame.pts = self._count * SAMPLES
        frame.time_base = fractions.Fraction(1, SAMPLE_RATE)
        self._count += 1
        return frame


class Picture(MediaStreamTrack):
    """A bar that moves across a small picture, 20 frames a second."""

    kind = "video"
    rate = 20

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._start = asyncio.get_running_loop().time()

    async def recv(self) -> VideoFrame:
        due = self._start + self._count / self.rate
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        image = np.full((120, 160, 3), 40, np.uint8)
        left = self._count * 8 % 160
        image[:, left : left + 16] = 220
        frame = VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts = self._count * 90_000 // self.rate
        frame.time_base = fractions.Fraction(1, 90_000)
        self._count += 1
        return frame


class Peer:
    """One end of a call: offers, then counts what it hears and sees."""

    def __init__(self) -> None:
        self.connection = RTCPeerConnection(_CONFIGURATION)
        self.frames = 0
        self.pictures: set[int] = set()  # distinct positions of the bar
        self.loudest = 0
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.connection.on("track", self._take)

    async def offer(self) -> str:
        self.connection.addTrack(Tone())
        self.connection.addTrack(Picture())
        await self.connection.setLocalDescription()
        return str(self.connection.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def sees_and_hears(self, frames: int = 10) -> None:
        """Until so many more frames were decoded, the picture moved and a tone was heard."""
        target = self.frames + frames
        async with asyncio.timeout(SEEN_S):
            while self.frames < target or len(self.pictures) < 3 or self.loudest < 1_000:
                self._changed.clear()
                await self._changed.wait()

    async def lost(self) -> int:
        """RTP packets this end knows it did not get."""
        report = await self.connection.getStats()
        return sum(each.packetsLost for each in report.values() if each.type == "inbound-rtp")

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await _close(self.connection)

    def _take(self, track: MediaStreamTrack) -> None:
        consume = self._watch if track.kind == "video" else self._listen
        self._tasks.append(asyncio.create_task(consume(track)))

    async def _watch(self, track: MediaStreamTrack) -> None:
        while True:
            frame = await track.recv()
            line = frame.to_ndarray(format="gray")[60]
            self.frames += 1
            self.pictures.add(int(line.argmax()))
            self._changed.set()

    async def _listen(self, track: MediaStreamTrack) -> None:
        while True:
            frame = await track.recv()
            self.loudest = max(self.loudest, int(np.abs(frame.to_ndarray()).max()))
            self._changed.set()


class QuietPeer:
    """A peer that starts no sender and no receiver: packets are put in and taken out by hand.

    Of each kind it sends in the first section; in those of further `slots` it only receives."""

    def __init__(self, kinds: tuple[str, ...] = ("audio", "video"), slots: int = 1) -> None:
        self.connection = RTCPeerConnection(_CONFIGURATION)
        self.rtp: list[RtpPacket] = []
        self.rtcp: list[AnyRtcpPacket] = []
        self.sequence = itertools.count(1)  # for who sends pictures and minds no numbers
        self._changed = asyncio.Event()
        self._extensions = HeaderExtensionsMap()
        self.sections = [
            self.connection.addTransceiver(kind, direction="recvonly" if slot else "sendrecv")
            for slot in range(slots)
            for kind in kinds
        ]
        for each in self.sections:
            each.sender.send = each.receiver.receive = _nothing
        self.transport = self.sections[0].receiver.transport
        self.transport._handle_rtp_data = self._take_rtp
        self.transport._handle_rtcp_data = self._take_rtcp
        self.connection.on("connectionstatechange", self._changed.set)

    async def offer(self) -> str:
        await self.connection.setLocalDescription()
        return str(self.connection.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        for each in self.sections:
            self._extensions.configure(self.connection._RTCPeerConnection__localRtp(each))

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something that a packet or a change of state brings about."""
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def connected(self) -> None:
        await self.until(lambda: self.connection.connectionState == "connected")

    def ssrc(self, kind: str, *, repair: bool = False) -> int:
        sender = self._section(kind).sender
        return int(sender._rtx_ssrc if repair else sender._ssrc)

    def payload_type(self, kind: str, *, repair: bool = False) -> int:
        return int(self._section(kind)._codecs[1 if repair else 0].payloadType)

    async def send(
        self,
        kind: str,
        sequence: int,
        payload: bytes = b"payload",
        *,
        timestamp: int = 0,
        repair: bool = False,
        ssrc: int | None = None,
        mid: str | None = None,
        send_time: int | None = None,
    ) -> None:
        packet = RtpPacket(
            payload_type=self.payload_type(kind, repair=repair),
            sequence_number=sequence,
            timestamp=timestamp,
            ssrc=self.ssrc(kind, repair=repair) if ssrc is None else ssrc,
            payload=payload,
        )
        packet.extensions.mid = mid
        packet.extensions.abs_send_time = send_time
        await self.transport._send_rtp(packet.serialize(self._extensions))

    async def report(self, *packets: AnyRtcpPacket) -> None:
        await self.transport._send_rtp(b"".join(bytes(each) for each in packets))

    async def close(self) -> None:
        await _close(self.connection)

    def _section(self, kind: str) -> object:
        return next(each for each in self.sections if each.kind == kind)

    async def _take_rtp(self, data: bytes, arrival_time_ms: int) -> None:
        self.rtp.append(RtpPacket.parse(data, self._extensions))
        self._changed.set()

    async def _take_rtcp(self, data: bytes) -> None:
        self.rtcp.extend(RtcpPacket.parse(data))
        self._changed.set()


async def gets_through(sender: QuietPeer, receiver: QuietPeer) -> None:
    """Until a packet of the one has arrived at the other."""
    arrived = len(receiver.rtp)
    async with asyncio.timeout(DEADLINE_S):
        while len(receiver.rtp) == arrived:
            await sender.send("video", next(sender.sequence))
            await asyncio.sleep(0)


async def _close(connection: RTCPeerConnection) -> None:
    """Close, also in the middle of connecting, when aiortc would leave two things behind: the
    exception of a second start that nobody awaits, and a task that asks for consent."""
    transceivers = connection.getTransceivers()
    if transceivers:
        ice = transceivers[0].receiver.transport.transport
        start = ice.start

        async def quiet_start(parameters: object) -> None:
            with contextlib.suppress(InvalidStateError):
                await start(parameters)

        ice.start = quiet_start
        await connection.close()
        started = ice._RTCIceTransport__start
        if started is not None:
            await started.wait()  # one that had just succeeded when it was closed goes on
        consent = ice._connection._query_consent_task
        if consent is not None and not consent.done():
            consent.cancel()
    await connection.close()


async def _nothing(_parameters: object) -> None:
    """In place of a sender's or receiver's start."""
