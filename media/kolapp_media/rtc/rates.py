"""What flows on both hops of a leg, second by second, and how much its browser may send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..bandwidth import Hop, Said, smallest
from ..rtcp import Block
from ..settings import MediaSettings
from .streams import LegSection, Stream

_CLEAR_LOSS = 0.02
_CLEAR_QUEUE = 0.05  # seconds


@dataclass(slots=True)
class Flow:
    """One direction in the last second: bits a second, and of the picture (of the sound where
    there is none) the part that was lost and the jitter in seconds."""

    bits: float = 0.0
    loss: float = 0.0
    jitter: float = 0.0
    hop: Hop = field(default_factory=Hop)


@dataclass(slots=True)
class _Arrival:
    """What the browser last said of one track: `packets` it had been sent by then, and `sent`
    since it had said so before."""

    kind: str
    at: float
    packets: int
    sent: int
    loss: float
    jitter: float


class Rates:
    """`up` is from the browser to us, `down` from us to the browser."""

    def __init__(
        self,
        settings: MediaSettings,
        sections: Sequence[LegSection],
        streams: Mapping[int, Stream],
    ) -> None:
        self.up = Flow()
        self.down = Flow()
        self.said = Said()
        self.is_clear = False  # neither loss nor queues worth a word in the last second
        self._settings = settings
        self._sections = sections
        self._streams = streams
        self._arrivals: dict[LegSection, _Arrival] = {}
        self._at = 0.0
        self._octets = [0, 0]
        self._sending_since: float | None = None
        self._receiving_since: float | None = None

    def heard(self, block: Block, section: LegSection, now: float) -> None:
        """The browser's report on what we send: of several pictures, each by what it sent."""
        self.said.heard_at = now
        if section.kind != "video" and self._sends("video"):
            return
        track, before = section.track, self._arrivals.get(section)
        sent = track.packets - (before.packets if before is not None else 0)
        jitter = block.jitter / track.clock_rate
        found = _Arrival(section.kind, now, track.packets, sent, block.fraction / 256, jitter)
        self._arrivals[section] = found
        fresh = [each for each in self._arrivals.values() if self._counts(each, found)]
        if not (total := sum(each.sent for each in fresh)):
            self.down.loss, self.down.jitter = found.loss, found.jitter
            return
        self.down.loss = sum(each.loss * each.sent for each in fresh) / total
        self.down.jitter = sum(each.jitter * each.sent for each in fresh) / total

    def _counts(self, other: _Arrival, newest: _Arrival) -> bool:
        patience = self._settings.feedback_patience
        return other.kind == newest.kind and newest.at - other.at < patience

    def _sends(self, kind: str) -> bool:
        return any(each.kind == kind and each.track.packets for each in self._sections)

    def tick(self, now: float) -> None:
        """Once a second, after our own reports were made up."""
        seconds = now - self._at
        self._at = now
        up = sum(each.octets for each in self._streams.values())
        down = sum(each.track.octets for each in self._sections)
        before, self._octets = self._octets, [up, down]
        if not 0 < seconds < 60:  # the first time
            return
        self.up.bits = max(0, up - before[0]) * 8 / seconds
        self.down.bits = (down - before[1]) * 8 / seconds
        self._receiving_since = _since(self._receiving_since, self.up.bits, now)
        self._sending_since = _since(self._sending_since, self.down.bits, now)
        queue = self._look_at_streams()
        self.up.hop.look(self.up.bits, self.up.loss, queue, seconds)
        if now - self.said.heard_at < self._settings.feedback_patience:
            self.down.hop.look(self.down.bits, self.down.loss, 0.0, seconds)
        self.is_clear = max(self.up.loss, self.down.loss) < _CLEAR_LOSS and queue < _CLEAR_QUEUE

    def try_more(self, senders: Sequence[Rates], seconds: float) -> None:
        """See `Said`. `senders` are whom this browser is sent: one on a bad line holds back
        nobody else."""
        clear = self.is_clear and any(each.is_clear for each in senders)
        self.said.try_more(self.down.bits, seconds, clear=clear)

    def _look_at_streams(self) -> float:
        """Loss and jitter of the newest picture; returns how long packets stood in a queue."""
        media = [each for each in self._streams.values() if not each.repairs and each.next >= 0]
        media.sort(key=lambda each: (each.section.kind == "video", each.at))
        if not media:
            return 0.0
        chosen = media[-1]
        self.up.loss = chosen.fraction
        self.up.jitter = chosen.jitter / chosen.clock_rate
        return chosen.queue.delay if chosen.queue is not None else 0.0

    def carries(self, now: float) -> int | None:
        """What the line to this browser carries, all that it is sent together; None: no word."""
        if self._sending_since is None:
            return None
        patience, cap = self._settings.feedback_patience, self._settings.silent_bandwidth
        said = self.said.limit(now, self._sending_since, patience, cap)
        return smallest(self.down.hop.estimate, said)

    def limit(self, receivers: Sequence[int | None], now: float) -> int | None:
        """What this browser may send, sound and picture together; None: nothing to say.
        `receivers`: what the line to each of those who are sent it has for it."""
        found = smallest(self.up.hop.estimate, *receivers)
        if found is None and self._is_beginning(now):
            found = self._settings.first_bandwidth
        return None if found is None else min(found, self._settings.most_bandwidth)

    def _is_beginning(self, now: float) -> bool:
        """A browser that begins believes what it is told and need not try it out (libwebrtc: in
        the first two seconds); nobody has had the time to measure yet."""
        since = self._receiving_since
        return since is None or now - since < self._settings.feedback_patience


def _since(known: float | None, bits: float, now: float) -> float | None:
    if not bits:
        return None
    return now if known is None else known
