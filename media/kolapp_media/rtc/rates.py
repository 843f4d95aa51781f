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
        self._at = 0.0
        self._octets = [0, 0]
        self._sending_since: float | None = None
        self._receiving_since: float | None = None

    def heard(self, block: Block, section: LegSection, now: float) -> None:
        """The browser's report on what we send."""
        self.said.heard_at = now
        if section.kind == "video" or not self._sends("video"):
            self.down.loss = block.fraction / 256
            self.down.jitter = block.jitter / section.track.clock_rate

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

    def try_more(self, sender: Rates, seconds: float) -> None:
        """See `Said`. `sender` is who this browser is sent from."""
        clear = self.is_clear and sender.is_clear
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

    def limit(self, receiver: Rates | None, now: float) -> int | None:
        """What this browser may send, sound and picture together; None: nothing to say."""
        settings = self._settings
        found = self.up.hop.estimate
        if receiver is not None and receiver._sending_since is not None:
            found = smallest(
                found,
                receiver.down.hop.estimate,
                receiver.said.limit(
                    now,
                    receiver._sending_since,
                    settings.feedback_patience,
                    settings.silent_bandwidth,
                ),
            )
        if found is None and self._is_beginning(now):
            found = settings.first_bandwidth
        return None if found is None else min(found, settings.most_bandwidth)

    def _is_beginning(self, now: float) -> bool:
        """A browser that begins believes what it is told and need not try it out (libwebrtc: in
        the first two seconds); nobody has had the time to measure yet."""
        since = self._receiving_since
        return since is None or now - since < self._settings.feedback_patience


def _since(known: float | None, bits: float, now: float) -> float | None:
    if not bits:
        return None
    return now if known is None else known
