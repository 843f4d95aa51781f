"""Packets of one leg on their way to another: the hot path.

Everything from the socket to the socket happens in one call, synchronously, in one buffer: no
queue, task or await, no parse into objects. Refused: aiortc's receivers and senders, which
decode and encode in threads, and its router, which builds an object per packet.
"""

from __future__ import annotations

import time
from itertools import islice

from .. import rtcp, rtp
from ..settings import MediaSettings
from .counters import Counters
from .outgoing import Outgoing
from .srtp import Cipher, Workspace, unprotect_rtcp, unprotect_rtp
from .streams import MID, LegSection, Route, Stream

_SMALLEST_RTP = rtp.HEADER_SIZE
_SMALLEST_RTCP = 8
_header = rtp.HEADER.unpack_from
_rewrite = rtp.REWRITE.pack_into


class Incoming:
    """Takes the media datagrams of one leg, from the moment its keys are known."""

    def __init__(
        self,
        settings: MediaSettings,
        workspace: Workspace,
        counters: Counters,
        cipher: Cipher,
        sections: tuple[LegSection, ...],
        back: Outgoing,
    ) -> None:
        self._settings = settings
        self._view = workspace.view
        self._memory = workspace.memory
        self._length = workspace.length
        self._counters = counters
        self._cipher = cipher
        self._sections = sections
        self._back = back
        self._other: Incoming | None = None
        self._limit = settings.sources_per_leg
        announced = (stream for each in sections for stream in each.streams)
        self._streams = {stream.ssrc: stream for stream in islice(announced, self._limit)}
        # The cipher keeps memory, and searches it, for each SSRC of which it accepted a packet,
        # whether that becomes a stream or not. So these are counted, announced ones before they
        # come, and a packet of one beyond the limit never reaches the cipher.
        self._sources = set(self._streams)
        self._reporters: set[bytes] = set()  # the same for RTCP
        self._budget = settings.packets_per_second

    def refill(self) -> None:
        """To be called once a second: allow another second's worth of packets."""
        self._budget = self._settings.packets_per_second

    def receive(self, size: int) -> None:
        """An SRTP or SRTCP packet of this leg lies at the start of the workspace."""
        self._budget -= 1
        if self._budget < 0:
            self._counters.over_rate += 1
            return
        view = self._view
        if size < _SMALLEST_RTP or 192 <= view[1] <= 223:  # RFC 5761, 4
            self._receive_rtcp(size)
            return
        _, kind, sequence, timestamp, ssrc = _header(view)
        stream = self._streams.get(ssrc)
        if stream is None and len(self._sources) >= self._limit and ssrc not in self._sources:
            self._counters.strange += 1
            return
        length = self._length
        length[0] = size
        # Also what is not forwarded is decrypted: the cipher counts the packet numbers' rounds.
        if unprotect_rtp(self._cipher.context, self._memory, length):
            self._counters.forged += 1
            return
        if stream is None:
            self._sources.add(ssrc)
            stream = self._learn(ssrc, kind & 0x7F, length[0])
            if stream is None:
                return
        stream.packets += 1
        route = stream.route
        if route is None:
            self._counters.held += 1
            return
        self._forward(route, kind, sequence, timestamp, length[0])

    def _forward(self, route: Route, kind: int, sequence: int, timestamp: int, size: int) -> None:
        kind = route.types[kind]
        if not kind:
            self._counters.strange += 1
            return
        now = time.monotonic()
        if not route.bound and not route.bind(sequence, timestamp, now):
            self._counters.held += 1
            return
        view = self._view
        track = route.track
        sequence = (sequence + route.sequence_offset) & 0xFFFF
        timestamp = (timestamp + route.timestamp_offset) & 0xFFFFFFFF
        _rewrite(view, 1, kind, sequence, timestamp, track.ssrc)
        try:
            if route.ids is not None:
                rtp.rewrite_extensions(view, size, route.ids, route.fixed)
            if route.original is not None and route.original.sequence_offset:
                rtp.shift_original_sequence(view, size, route.original.sequence_offset)
        except rtp.MalformedPacket:
            self._counters.strange += 1
            return
        if track.last_at is None or rtp.newer(sequence, track.last_sequence):
            track.last_sequence = sequence
            track.last_timestamp = timestamp
        track.last_at = now
        if route.outgoing.send_rtp(size):
            self._counters.forwarded += 1

    # Streams the offer did not announce

    def _learn(self, ssrc: int, payload_type: int, size: int) -> Stream | None:
        """Find the section of a new, authenticated SSRC: by its mid, else by payload type."""
        try:
            section = self._section_of(payload_type, size)
        except rtp.MalformedPacket:
            section = None
        if section is None:
            self._counters.strange += 1
            return None
        repairs = None
        if payload_type in section.repair_types.values():
            repairs = section.newest()
            if repairs is None:
                self._counters.strange += 1
                return None
        stream = Stream(ssrc, section, repairs)
        section.streams.append(stream)
        self._streams[ssrc] = stream
        if self._other is not None:
            self._other.open_route(stream)
        return stream

    def _section_of(self, payload_type: int, size: int) -> LegSection | None:
        fitting = [
            each
            for each in self._sections
            if payload_type in each.types.values() or payload_type in each.repair_types.values()
        ]
        for section in fitting:
            number = section.extensions.get(MID)
            mid = rtp.find_extension(self._view, size, number) if number else None
            if mid == section.mid.encode():
                return section
        return fitting[0] if len(fitting) == 1 else None

    # Routes

    def join(self, other: Incoming) -> None:
        """From now on these two legs hear and see each other, and nobody else."""
        self.part()
        other.part()
        self._other, other._other = other, self
        for here, there in ((self, other), (other, self)):
            for stream in list(here._streams.values()):
                there.open_route(stream)

    def is_joined_to(self, other: Incoming) -> bool:
        return self._other is other

    def part(self) -> None:
        """End the forwarding, both ways; the other leg may be joined to another one."""
        other, self._other = self._other, None
        if other is None:
            return
        other._other = None
        for stream in (*self._streams.values(), *other._streams.values()):
            stream.route = None

    def open_route(self, stream: Stream) -> None:
        """Route another leg's stream to this leg's section of the same kind."""
        if not stream.section.sends:
            return
        target = next((each for each in self._sections if each.kind == stream.section.kind), None)
        if target is not None and target.receives:
            stream.route = Route(stream, target, self._back)

    # RTCP

    def _receive_rtcp(self, size: int) -> None:
        if size < _SMALLEST_RTCP:
            self._counters.strange += 1
            return
        reporter = bytes(self._view[4:8])
        if reporter not in self._reporters and len(self._reporters) >= self._limit:
            self._counters.strange += 1
            return
        length = self._length
        length[0] = size
        if unprotect_rtcp(self._cipher.context, self._memory, length):
            self._counters.forged += 1
            return
        self._reporters.add(reporter)
        other = self._other
        if other is None:
            return
        try:
            result = rtcp.translate(bytes(self._view[: length[0]]), self._translation(other))
        except rtcp.MalformedRtcp:
            self._counters.strange += 1
            return
        if result.compound:
            other._back.send_rtcp(result.compound)
        for ssrc in result.key_frames:
            other.ask_key_frame(ssrc, time.monotonic())

    def _translation(self, other: Incoming) -> rtcp.Translation:
        published = {
            ssrc: rtcp.Published(stream.route.track.ssrc, stream.route.timestamp_offset)
            for ssrc, stream in self._streams.items()
            if stream.route is not None
        }
        heard = {
            stream.route.track.ssrc: rtcp.Heard(ssrc, stream.route.sequence_offset)
            for ssrc, stream in other._streams.items()
            if stream.route is not None
        }
        return rtcp.Translation(other._own, published, heard)

    @property
    def _own(self) -> int:
        """The SSRC under which we report to this leg."""
        return self._sections[0].track.ssrc

    # Key frames

    def ask_key_frame(self, ssrc: int, now: float) -> None:
        """Ask this leg's browser for a key frame, unless it was asked a moment ago."""
        stream = self._streams.get(ssrc)
        if stream is None or now - stream.key_frame_at < self._settings.key_frame_interval:
            return
        stream.key_frame_at = now
        self._back.send_rtcp(rtcp.key_frame_request(self._own, ssrc))

    def ask_key_frames(self, *, silent_since: dict[int, int] | None = None) -> dict[int, int]:
        """Ask for one on every video stream, or only on those silent since an earlier ask.

        Returns how many packets each had sent, for the next ask.
        """
        seen = {}
        for ssrc, stream in self._streams.items():
            if stream.section.kind != "video" or stream.repairs is not None:
                continue
            seen[ssrc] = stream.packets
            if silent_since is None or silent_since.get(ssrc) == stream.packets:
                self.ask_key_frame(ssrc, time.monotonic())
        return seen
