"""Packets of one leg on their way to another: the hot path.

Everything from the socket to the socket happens in one call, synchronously, in one buffer: no
queue, task or await, no parse into objects. Refused: aiortc's receivers and senders, which
decode and encode in threads, and its router, which builds an object per packet.
"""

from __future__ import annotations

import time
from collections.abc import Set
from itertools import islice

from .. import rtcp, rtp
from ..settings import MediaSettings
from .counters import Counters
from .feedback import Feedback
from .outgoing import Outgoing
from .sockets import Engine
from .srtp import Cipher, protect_rtp, unprotect_rtcp, unprotect_rtp
from .streams import LegSection, Route, Stream, section_of
from .wiring import Wiring

_SMALLEST_RTP = rtp.HEADER_SIZE
_SMALLEST_RTCP = 8
_LOOKS = 200  # at packets of unknown sources, in a second
_header = rtp.HEADER.unpack_from
_rewrite = rtp.REWRITE.pack_into
_now = time.monotonic


class Incoming:
    """Takes the media datagrams of one leg, from the moment its keys are known."""

    __slots__ = (  # looked up for every packet
        "__weakref__", "_bytes_left", "_cipher", "_context", "_counters", "_first", "_heard",
        "_length", "_limit", "_looks_left", "_memory", "_packets_left", "_pulse", "_reporters",
        "_sections", "_settings", "_sources", "_streams", "_view", "feedback", "wiring",
    )  # fmt: skip

    def __init__(
        self,
        settings: MediaSettings,
        engine: Engine,
        counters: Counters,
        cipher: Cipher,
        sections: tuple[LegSection, ...],
        back: Outgoing,
    ) -> None:
        self._settings, self._pulse = settings, engine.pulse
        workspace = engine.workspace
        self._view, self._memory, self._length = workspace.view, workspace.memory, workspace.length
        self._first = workspace.first
        self._counters = counters
        self._cipher, self._context = cipher, cipher.context
        self._sections = sections
        self._limit = settings.sources_per_leg
        announced = (stream for each in sections for stream in each.streams)
        self._streams = {stream.ssrc: stream for stream in islice(announced, self._limit)}
        # The cipher keeps memory, and searches it, for each SSRC of which it accepted a packet,
        # whether that becomes a stream or not. So these are counted, announced ones before they
        # come, and a packet of one beyond the limit never reaches the cipher.
        self._sources = set(self._streams)
        self._reporters: set[bytes] = set()  # the same for RTCP
        self._packets_left = settings.packets_per_second
        self._bytes_left = settings.bytes_per_second
        self._looks_left = _LOOKS
        self._heard = 0
        self.feedback = Feedback(settings, counters, sections, self._streams, back)
        self.wiring = Wiring(sections, self._streams, back, self.feedback)

    def tick(self, now: float) -> None:
        """To be called once a second: another second's budget, and our reports."""
        self._packets_left = self._settings.packets_per_second
        self._bytes_left = self._settings.bytes_per_second
        self._looks_left = _LOOKS
        self.feedback.tick(now)

    def was_heard(self) -> bool:
        """Whether authentic packets came since this was asked last."""
        before, self._heard = self._heard, sum(each.packets for each in self._streams.values())
        return self._heard > before

    def receive(self, size: int) -> None:
        """An SRTP or SRTCP packet of this leg lies at the start of the workspace."""
        counters, view = self._counters, self._view
        if size < _SMALLEST_RTP or 192 <= view[1] <= 223:  # RFC 5761, 4
            return self._receive_rtcp(size)
        _, kind, sequence, timestamp, ssrc = _header(view)
        stream = self._streams.get(ssrc)
        if stream is None and not self._is_worth_a_look(ssrc, self._sources):
            return
        self._packets_left -= 1
        self._bytes_left -= size
        if self._packets_left < 0 or self._bytes_left < 0:
            counters.over_rate += 1
            return
        length, memory = self._length, self._memory
        length[0] = size
        # Also what is not forwarded is decrypted: the cipher counts the packet numbers' rounds.
        if unprotect_rtp(self._context, memory, length):
            counters.forged += 1
            return
        size = length[0]
        if stream is None and (stream := self._learn(ssrc, kind & 0x7F, size)) is None:
            return
        stream.packets += 1
        stream.octets += size
        if stream.repairs is not None:
            self._repetition(stream, kind, timestamp, size)
            return
        now = _now()
        if sequence == stream.next:
            stream.next = (sequence + 1) & 0xFFFF
        elif not self._out_of_order(stream, sequence, now):
            counters.repeated += 1
            return
        if timestamp != stream.timestamp:
            stream.begin(timestamp, now)
        if stream.route is not None:
            self._forward(stream.route, kind, sequence, timestamp, size, now)
        else:
            self._spread(stream.routes, kind, sequence, timestamp, size, now)

    def _forward(
        self, route: Route, kind: int, sequence: int, timestamp: int, size: int, now: float
    ) -> None:
        kind = route.types[kind]
        outgoing, track, view = route.outgoing, route.track, self._view
        context, send, history = outgoing.context, outgoing.send, track.history
        if not kind or context is None or send is None:
            self._counters.held += 1  # not negotiated there, or that leg is about to go
            return
        if not route.bound:
            route.bind(sequence, timestamp, now)
        sequence = (sequence + route.sequence_offset) & 0xFFFF
        timestamp = (timestamp + route.timestamp_offset) & 0xFFFFFFFF
        _rewrite(view, 1, kind, sequence, timestamp, route.ssrc)
        if route.ids is not None and not self._renumber(route, size, now):
            return
        track.packets += 1
        track.octets += size
        if history is not None and history.plain:
            slot = sequence & history.mask
            history.packets[slot] = self._first[size].tobytes()
            history.at[slot] = now
        length = self._length
        length[0] = size
        if protect_rtp(context, self._memory, length):
            self._counters.unsent += 1
            return
        packet = self._first[length[0]]
        if history is not None and not history.plain:
            history.packets[sequence & history.mask] = packet.tobytes()
            history.at[sequence & history.mask] = now
        try:
            send(packet)
        except OSError:  # a full socket buffer, an unreachable network: RTP expects loss
            self._counters.unsent += 1
            return
        self._counters.forwarded += 1

    def _spread(
        self,
        routes: tuple[Route, ...],
        kind: int,
        sequence: int,
        timestamp: int,
        size: int,
        now: float,
    ) -> None:
        """To several or nobody: what is sent to one is rewritten and encrypted where it lies."""
        if not routes:
            self._counters.held += 1
            return
        area = self._first[size]
        plain = area.tobytes()
        for route in routes:
            area[:] = plain
            self._forward(route, kind, sequence, timestamp, size, now)

    def _renumber(self, route: Route, size: int, now: float) -> bool:
        assert route.ids is not None
        try:
            if route.clock is not None:
                route.fixed[route.time_id] = route.clock.at(route, self._view, size, now)
            rtp.rewrite_extensions(self._view, size, route.ids, route.fixed)
        except rtp.MalformedPacket:
            self._counters.strange += 1
            return False
        return True

    def _out_of_order(self, stream: Stream, sequence: int, now: float) -> bool:
        """Not the number after the last one; False if it is not to be passed on."""
        if not stream.takes(sequence, now):
            return False
        if stream.missing is not None and (len(stream.missing) or stream.missing.hopeless):
            self._pulse.need(self.feedback.repair)
        return True

    def _repetition(self, repair: Stream, kind: int, timestamp: int, size: int) -> None:
        """Take what is repeated out, in place, and pass it on if it is missing: else it came
        after all, or only tries the line."""
        stream = repair.repairs
        assert stream is not None
        original = stream.section.originals.get(kind & 0x7F)
        try:
            found = rtp.unwrap_repetition(self._view, size)
        except rtp.MalformedPacket:
            original = None
        if original is None:
            self._counters.strange += 1
            return
        if found is None or stream.missing is None or not stream.missing.came(found[0]):
            self._counters.repeated += 1
            return
        self._counters.repaired += 1
        if stream.routes:
            kind = kind & 0x80 | original
            self._spread(stream.routes, kind, found[0], timestamp, found[1], _now())

    # Streams the offer did not announce

    def _is_worth_a_look(self, source: object, sources: Set[object]) -> bool:
        """A packet of what is no stream, not even decrypted yet. Only so many: whoever writes the
        browser's address on his own packets must not use up what the browser may send."""
        self._looks_left -= 1
        if self._looks_left < 0 or (len(sources) >= self._limit and source not in sources):
            self._counters.strange += 1
            return False
        return True

    def _learn(self, ssrc: int, payload_type: int, size: int) -> Stream | None:
        """Find the section of a new, authenticated SSRC: by its mid, else by payload type."""
        self._sources.add(ssrc)
        try:
            section = section_of(self._sections, payload_type, self._view, size)
        except rtp.MalformedPacket:
            section = None
        if section is None:
            self._counters.strange += 1
            return None
        repairs = None
        if payload_type in section.originals:
            repairs = section.newest()
            if repairs is None:
                self._counters.strange += 1
                return None
        stream = Stream(ssrc, section, self._settings, repairs)
        section.streams.append(stream)
        self._streams[ssrc] = stream
        self.wiring.learnt(stream)
        return stream

    # RTCP

    def _receive_rtcp(self, size: int) -> None:
        if size < _SMALLEST_RTCP:
            self._counters.strange += 1
            return
        reporter = bytes(self._view[4:8])
        if reporter not in self._reporters and not self._is_worth_a_look(reporter, self._reporters):
            return
        self._packets_left -= 1
        self._bytes_left -= size
        if self._packets_left < 0 or self._bytes_left < 0:
            self._counters.over_rate += 1
            return
        length = self._length
        length[0] = size
        if unprotect_rtcp(self._cipher.context, self._memory, length):
            self._counters.forged += 1
            return
        self._reporters.add(reporter)
        try:
            self.feedback.take(bytes(self._view[: length[0]]))
        except rtcp.MalformedRtcp:
            self._counters.strange += 1
