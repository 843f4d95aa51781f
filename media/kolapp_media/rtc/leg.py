"""One participant's WebRTC connection: an offer in, an answer out, states, a clean end.

aiortc negotiates (SDP, ICE, DTLS); its RTP senders and receivers are never started, so a leg
costs no decoder, no encoder, no thread and no task per track.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial

from aiortc import (
    InvalidStateError,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceParameters, RTCIceTransport

from ..answers import with_slots_apart
from ..errors import BadOffer, MediaError, TooManyLegs
from ..sdp import Offer, Section
from ..settings import MediaSettings
from .counters import Counters
from .forward import Incoming
from .ice import LegConnection
from .negotiated import negotiated
from .outgoing import Outgoing
from .ports import NoFreePort
from .sockets import Engine
from .srtp import PROFILES, ciphers
from .streams import LegSection

# The codecs every WebRTC endpoint must have (RFC 7742, 5; RFC 7874, 3), so that any two legs
# understand each other without a decoder between them. A browser sends the first it knows.
_COMMON = ("audio/opus", "video/vp8")
# H.264 is passed on for who chooses to send it, where the other one has it too.
_CODECS = {"audio": ("audio/opus",), "video": ("video/vp8", "video/h264", "video/rtx")}
# The receivers are browsers and repair lost voice by themselves, if the sender helps (RFC 7587).
_OPUS = {"minptime": 10, "useinbandfec": 1}
_BEAT = 0.5  # seconds after each second's reports: a browser knows soon that nothing comes at all


class Leg:
    """`state` is new, connecting, connected, failed or closed; each change is told once."""

    def __init__(
        self,
        settings: MediaSettings,
        hosts: Sequence[str],
        engine: Engine,
        on_change: Callable[[Leg, str], None],
    ) -> None:
        self.counters = Counters()
        self.state = "new"
        self.profile = ""  # of SRTP, once connected
        self.incoming: Incoming | None = None
        self._settings = settings
        self._engine = engine
        self._on_change: Callable[[Leg, str], None] | None = on_change
        self._outgoing = Outgoing(engine.workspace, self.counters)
        self._connection = LegConnection(settings, hosts, engine, self.counters)
        self._connection.on_selected = self._outgoing.select
        self._connection.on_consent_lost = self._lost
        self._sections: tuple[LegSection, ...] = ()
        self._next_second = self._next_beat = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None
        self._peer = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._peer.on("connectionstatechange", self._peer_changed)

    async def answer(self, offer: Offer) -> str:
        """The answer's SDP. Raises `BadOffer`; the leg is closed then."""
        try:
            return await self._answer(offer)
        except NoFreePort as error:
            await self.close()
            raise TooManyLegs("every UDP port of this node's range is taken") from error
        except OSError as error:
            await self.close()
            raise MediaError("none of the media addresses can be bound") from error
        except Exception:  # whatever a parser without limits may raise
            await self.close()
            # Without the cause: its text may quote the offer, and tracebacks end up in logs.
            raise BadOffer("the offer lacks VP8, Opus or something else we need") from None

    async def _answer(self, offer: Offer) -> str:
        transceivers = [self._add_section(each) for each in offer.sections]
        transport = self._take_transport(transceivers[0], offer.setup)
        await self._peer.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
        for transceiver in transceivers:
            if transceiver.receiver.transport is not transport:
                raise BadOffer("the media sections are not one bundle")
            if not any(each.mimeType.lower() in _COMMON for each in transceiver._codecs):
                raise BadOffer("a media section has neither VP8 nor Opus")
            if transceiver.kind == "audio":
                for codec in transceiver._codecs:
                    codec.parameters = dict(_OPUS)
        await self._peer.setLocalDescription()
        answer, names = with_slots_apart(str(self._peer.localDescription.sdp))
        self._sections = tuple(
            negotiated(*each, self._settings)
            for each in zip(offer.sections, transceivers, names, strict=True)
        )
        self._timer = asyncio.get_running_loop().call_later(
            self._settings.connect_timeout, self._lost
        )
        return answer

    def _add_section(self, section: Section) -> RTCRtpTransceiver:
        transceiver = self._peer.addTransceiver(section.kind, direction="sendrecv")
        capabilities = RTCRtpSender.getCapabilities(section.kind)
        transceiver.setCodecPreferences(
            [each for each in capabilities.codecs if each.mimeType.lower() in _CODECS[section.kind]]
        )
        # Never started: see the module's docstring. The estimator alone is a thousand objects.
        transceiver.receiver._RTCRtpReceiver__remote_bitrate_estimator = None  # type: ignore[attr-defined]
        transceiver.sender.send = _nothing  # type: ignore[assignment,method-assign]
        transceiver.receiver.receive = _nothing  # type: ignore[assignment,method-assign]
        return transceiver

    def _take_transport(self, first: RTCRtpTransceiver, setup: str) -> RTCDtlsTransport:
        """Put our ICE connection under the one transport that all sections share."""
        transport: RTCDtlsTransport = first.receiver.transport
        ice = transport.transport
        ice.iceGatherer._connection = self._connection
        ice._connection = self._connection
        ice._recv = self._connection.recv
        ice._send = self._connection.send
        ice.start = partial(_start_unless_closed, ice)  # type: ignore[method-assign]
        transport._srtp_profiles = PROFILES
        if setup != "passive":  # be the DTLS server wherever we may: the server picks the cipher
            transport._set_role("server")
        self._transport = transport
        return transport

    def tick(self, now: float) -> bool:
        """To be called many times a second: budgets and reports, once a second of the leg; True
        if it was that."""
        if self.incoming is None:
            return False
        if now < self._next_second:
            if now >= self._next_beat:
                self._next_beat = self._next_second + _BEAT
                self.incoming.feedback.beat()
            return False
        self._next_second, self._next_beat = now + 1.0, now + _BEAT
        if self._connection.round_trip is not None:
            self.incoming.feedback.note_round_trip(
                self._connection.round_trip, self._connection.answered_at
            )
        self.incoming.tick(now)
        return True

    # States

    def _peer_changed(self) -> None:
        state = self._peer.connectionState
        if state == "connected":
            self._connected()
        if state in ("failed", "closed"):
            self._end(state)
        elif state == "connecting":
            self.state = state

    def _connected(self) -> None:
        if self.state == "connected" or self._closing is not None:
            return
        incoming, outgoing, self.profile = ciphers(self._transport)
        self._outgoing.use(outgoing)
        self.incoming = Incoming(
            self._settings,
            self._engine,
            self.counters,
            incoming,
            self._sections,
            self._outgoing,
        )
        self._connection.set_media_handler(self.incoming.receive)
        self._connection.is_heard = self.incoming.was_heard
        self._stop_timer()
        self._tell("connected")

    def _lost(self) -> None:
        """Nobody connected in time, or nobody answers any more."""
        self._end("failed")

    def _end(self, state: str) -> None:
        """Stop forwarding at once, tell, and close what is left in a task of its own."""
        if self._closing is not None:
            return
        self._silence()
        self._closing = asyncio.get_running_loop().create_task(self._close_peer())
        self._tell(state)

    def _tell(self, state: str) -> None:
        self.state = state
        if self._on_change is not None:
            self._on_change(self, state)

    def fail(self) -> None:
        """Nobody is there any more: as if ICE had found out, which takes it longer."""
        self._end("failed")

    def end(self) -> None:
        """End the leg at once, and close what is left behind in a task of its own; idempotent."""
        self._end("closed")

    async def close(self) -> None:
        """End the leg; idempotent, and returns when its sockets are closed."""
        self.end()
        if self._closing is not None:
            await asyncio.shield(self._closing)

    def _silence(self) -> None:
        """Before anything is freed: no route leads here, no packet is taken any more."""
        self._stop_timer()
        if self.incoming is not None:
            self.incoming.wiring.part()
        self._connection.set_media_handler(None)
        self._outgoing.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _close_peer(self) -> None:
        await self._peer.close()
        await self._connection.close()  # in case negotiation failed before it was put in place
        self._on_change = None
        self._connection.on_selected = self._connection.on_consent_lost = None
        self._connection.is_heard = None
        self._untie()

    def _untie(self) -> None:
        """Cut the library's rings of references: what is left of a leg must not wait for a
        collection, which stops all media for as long as it takes to look at every other leg."""
        transceivers = self._peer.getTransceivers()
        transport = transceivers[0].receiver.transport if transceivers else None
        if transport is None:
            return
        ice = transport.transport
        vars(ice).pop("start", None)
        for each in (self._peer, transport, ice, ice.iceGatherer):
            each.remove_all_listeners()
        for section in self._sections:
            section.streams.clear()


async def _start_unless_closed(ice: RTCIceTransport, parameters: RTCIceParameters) -> None:
    """A leg closed while it connects would leave an exception that nobody awaits."""
    with contextlib.suppress(InvalidStateError):
        await RTCIceTransport.start(ice, parameters)


async def _nothing(_parameters: object) -> None:
    """In place of a sender's or receiver's start."""
