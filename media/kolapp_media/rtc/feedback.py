"""What a leg and its browser tell each other about how the media arrives, and the repair.

All of it ends at the leg: losses between this browser and us are repaired from our own history,
losses from it to us are asked for by us, and reports are about this one way alone. What crosses
to the other leg is only what its browser alone can do: a key frame, and a smaller picture.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from .. import rtcp, rtp
from ..bandwidth import share, smallest
from ..settings import MediaSettings
from .counters import Counters
from .outgoing import Outgoing
from .rates import Rates
from .streams import SEND_TIME, LegSection, Stream

_FIRST_ROUND_TRIP = 0.1  # seconds, until one was measured
_STALE = 10.0  # seconds after which another measurement is better than none
_SOON = 0.2  # seconds between two words about bandwidth, unless it fell
_REMEMBERED = 64  # of our reports, to know the one an answer is about
_TOO_EARLY = -1
_NAMED = 16  # sources in one word about bandwidth
_FEW = 10  # packets sent again in a second, however bad the line
_PACKET_BITS = 9_600  # of a video packet
_UNITS = 65_536  # of a report's times, in a second
_NTP = 1 << 32


class Feedback:
    """One leg's. `streams` are what its browser sends, `sections` hold what it is sent."""

    def __init__(
        self,
        settings: MediaSettings,
        counters: Counters,
        sections: Sequence[LegSection],
        streams: Mapping[int, Stream],
        back: Outgoing,
    ) -> None:
        self.sources: list[Feedback] = []  # of those whom this browser is sent
        self.receivers: list[Feedback] = []  # of those who are sent what it publishes
        self.round_trip = _FIRST_ROUND_TRIP
        self.heard_at = time.monotonic()  # any sign of life, to the second
        self._packets = 0
        self._settings = settings
        self._counters = counters
        self._sections = {each.track.ssrc: each for each in sections}
        self._streams = streams
        self._back = back
        self._own = sections[0].track.ssrc  # under which we report to this browser
        self._named = {self._own: sections[0].name}
        self._sent: OrderedDict[int, float] = OrderedDict()  # when, by a report's short time
        self._messages = settings.feedback_per_second
        self._resends = settings.resends_per_second
        self.rates = Rates(settings, sections, streams)
        self._measured_at = float("-inf")
        self.told_bandwidth = 0  # bits a second that the browser may send, as it knows
        self._told_at = float("-inf")

    # What the browser says

    def take(self, compound: bytes) -> None:
        """A decrypted compound. Raises `MalformedRtcp`."""
        self._messages -= 1
        if self._messages < 0:
            self._counters.over_rate += 1
            return
        self.heard_at = now = time.monotonic()
        heard = rtcp.read(compound)
        for info in heard.senders:
            stream = self._streams.get(info.ssrc)
            if stream is not None:
                stream.report(info, now)
        for block in heard.blocks:
            self._arrived(block, now)
        for ssrc, lost in heard.lost.items():
            self._resend(ssrc, lost, now)
        for ssrc in heard.key_frames:
            self._pass_on_key_frame(ssrc, now)
        if heard.bandwidth is not None:
            self.rates.said.says(heard.bandwidth, now)
            for source in self.sources:
                source.tell_bandwidth(now)

    def _arrived(self, block: rtcp.Block, now: float) -> None:
        """How what we send arrives there."""
        section = self._sections.get(block.ssrc)
        if section is None:
            return
        self.rates.heard(block, section, now)
        sent = self._sent.get(block.last_report)
        if sent is not None:
            self.round_trip = max(0.0, now - sent - block.delay / _UNITS)
            self._measured_at = now

    def note_round_trip(self, seconds: float, at: float) -> None:
        """As the check for consent took that was answered then; for a browser whose reports do
        not tell."""
        self.heard_at = max(self.heard_at, at)
        if at - self._measured_at > _STALE:
            self.round_trip = seconds

    def _resend(self, ssrc: int, lost: Sequence[int], now: float) -> None:
        """Repeat what was lost on the way to the browser. Beyond the budget a key frame is the
        smaller effort, and sound must not wait behind old pictures."""
        section = self._sections.get(ssrc)
        if section is None or section.track.history is None:
            return
        history = section.track.history
        if len(lost) > self._resends:
            self._pass_on_key_frame(ssrc, now)
            return
        for sequence in lost:
            found = history.find(sequence, now, self.round_trip / 2)
            if found is None:
                self._counters.unknown += 1  # never came here, or was repeated a moment ago
                continue
            self._resends -= 1
            if self._repeat(section, *found):
                self._counters.resent += 1

    def _repeat(self, section: LegSection, packet: bytes, age: float) -> bool:
        track = section.track
        assert track.history is not None
        if not track.history.plain:
            return self._back.repeat(packet, protected=True)
        payload_type = section.repairs[packet[1] & 0x7F]
        again = rtp.repetition(packet, track.repair_ssrc, payload_type, track.repair_sequence)
        track.repair_sequence = (track.repair_sequence + 1) & 0xFFFF
        if number := section.extensions.get(SEND_TIME):
            rtp.shift_send_time(again, len(again), number, age)
        return self._back.repeat(bytes(again), protected=False)

    # What we ask of the browser

    def repair(self, now: float) -> bool:
        """Ask for what is missing; False when nothing is, and no need to call again."""
        waiting = False
        for ssrc, stream in list(self._streams.items()):
            missing = stream.missing
            if missing is None:
                continue
            if lost := missing.due(now, self.round_trip):
                self._counters.asked += len(lost)
                self._back.send_rtcp(rtcp.loss_report(self._own, ssrc, lost))
            if missing.hopeless:
                missing.hopeless = False
                self.ask_key_frame(ssrc, now)
            waiting = waiting or len(missing) > 0
        return waiting

    def ask_key_frame(self, ssrc: int, now: float) -> bool:
        """Ask this leg's browser for a key frame, unless it was asked a moment ago."""
        stream = self._streams.get(ssrc)
        if stream is None or now - stream.key_frame_at < self._settings.key_frame_interval:
            return False
        stream.key_frame_at = now
        self._back.send_rtcp(rtcp.key_frame_request(self._own, ssrc))
        return True

    def ask_key_frames(self, *, silent_since: dict[int, int] | None = None) -> dict[int, int]:
        """Ask for one on every video stream that somebody is sent, or only on those of them that
        are silent since an earlier ask.

        Returns how many packets each had sent, for the next ask; of one that was asked only a
        moment ago -1, since what it then sent may have come too early.
        """
        seen = {}
        now = time.monotonic()
        for ssrc, stream in self._streams.items():
            if stream.section.kind != "video" or not stream.routes:
                continue
            seen[ssrc] = stream.packets
            due = silent_since is None or silent_since.get(ssrc) in (stream.packets, _TOO_EARLY)
            if due and not self.ask_key_frame(ssrc, now):
                seen[ssrc] = _TOO_EARLY
        return seen

    def _pass_on_key_frame(self, ssrc: int, now: float) -> None:
        """Ask whoever is seen on this track of ours."""
        section = self._sections.get(ssrc)
        if section is None:
            return
        for source in self.sources:
            for stream in list(source._streams.values()):
                if any(route.track is section.track for route in stream.routes):
                    source.ask_key_frame(stream.ssrc, now)

    def tell_bandwidth(self, now: float) -> None:
        """Tell this leg's browser how much it may send: at once when that fell."""
        limit = self.rates.limit([each._carries(self, now) for each in self.receivers], now)
        if limit is None:
            if not self.told_bandwidth:
                return
            limit = self._settings.most_bandwidth  # what limited it is over
        if limit >= self.told_bandwidth * 0.97 and now - self._told_at < _SOON:
            return
        publishers = [each.ssrc for each in self._streams.values() if each.repairs is None]
        self.told_bandwidth, self._told_at = limit, now
        self._back.send_rtcp(rtcp.bandwidth(self._own, limit, publishers[:_NAMED]))

    def _carries(self, sender: Feedback, now: float) -> int | None:
        """What this browser's line has for one of those whom it is sent."""
        total = self.rates.carries(now)
        others = [each.rates.up.bits for each in self.sources if each is not sender]
        return None if total is None else share(total, others)

    # Our reports

    def tick(self, now: float) -> None:
        """Once a second: new budgets, and our reports on both directions of this leg."""
        self._messages = self._settings.feedback_per_second
        self._resends = self._affordable_resends()
        before, self._packets = self._packets, sum(each.packets for each in self._streams.values())
        if self._packets > before:
            self.heard_at = now
        blocks = [
            block
            for stream in list(self._streams.values())
            if stream.repairs is None and (block := stream.block(stream.ssrc, now)) is not None
        ]
        self.rates.tick(now)
        if self.sources:
            self.rates.try_more([each.rates for each in self.sources], 1.0)
        self.tell_bandwidth(now)
        reports: list[bytes] = []
        named: dict[int, str] = {}
        for info in self._sender_infos(now):
            reports.append(rtcp.sender_report(info, () if reports else blocks[:31]))
            named[info.ssrc] = self._sections[info.ssrc].name
            self._remember(info.ntp >> 16 & 0xFFFFFFFF, now)
        if not reports:
            if not blocks:
                return
            reports.append(rtcp.receiver_report(self._own, blocks[:31]))
        reports.append(rtcp.description(named or self._named))
        self._back.send_rtcp(b"".join(reports))

    def beat(self) -> None:
        """A report of nothing, between two reports."""
        reports = rtcp.receiver_report(self._own, []), rtcp.description(self._named)
        self._back.send_rtcp(b"".join(reports))

    def _affordable_resends(self) -> int:
        """A quarter of what gets through to the browser: old pictures must not crowd out sound."""
        most = self._settings.resends_per_second
        carried = smallest(self.rates.said.bits, self.rates.down.hop.estimate)
        return most if carried is None else min(most, max(_FEW, carried // 4 // _PACKET_BITS))

    def _sender_infos(self, now: float) -> list[rtcp.SenderInfo]:
        """For each track the publisher's own pairing of wall clock and timestamps, moved on to
        this moment: what belongs together there stays together here, lips and voice above all."""
        found = []
        for section in self._sections.values():
            route = section.track.source
            if route is None or route.stream.clock is None:
                continue
            stream = route.stream
            said, at = route.stream.clock
            found.append(
                rtcp.SenderInfo(
                    ssrc=route.ssrc,
                    ntp=said.ntp + int((now - at) * _NTP),
                    timestamp=said.timestamp
                    + route.timestamp_offset
                    + int((now - at) * stream.clock_rate),
                    packets=route.track.packets,
                    octets=route.track.octets,
                )
            )
        return found

    def _remember(self, short_time: int, now: float) -> None:
        self._sent[short_time] = now
        if len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
