"""What is forwarded: a publisher's streams, the tracks they become, and the routes between.

Stream   one SSRC a browser sends to us
Track    one SSRC we send to a browser; it keeps its numbers going when its source changes
Route    a stream's way to a track: everything a packet needs on it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .. import rtp
from ..bandwidth import Queue
from ..history import History
from ..reception import Missing, Reception
from ..rtcp import SenderInfo
from ..settings import MediaSettings
from .outgoing import Outgoing
from .send_times import SendClock

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"  # RFC 9143, 15
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
_CLOCK_RATES = {"audio": 48_000, "video": 90_000}
_FORBIDDEN = bytes(256)


class Track:
    """One SSRC towards a browser. `last_at` is None until a packet was sent on it.

    `history` is None where lost packets are not asked for. `repair_ssrc` carries repetitions.
    """

    __slots__ = (
        "clock_rate",
        "history",
        "last_at",
        "last_sequence",
        "last_timestamp",
        "octets",
        "packets",
        "repair_sequence",
        "repair_ssrc",
        "source",
        "ssrc",
    )

    def __init__(self, ssrc: int, clock_rate: int, repair_ssrc: int = 0) -> None:
        self.ssrc = ssrc
        self.clock_rate = clock_rate
        self.repair_ssrc = repair_ssrc
        self.repair_sequence = 0
        self.history: History | None = None
        self.source: Route | None = None  # who sends on it now
        self.packets = 0
        self.octets = 0
        self.last_at: float | None = None
        self.last_sequence = 0
        self.last_timestamp = 0

    def offsets(self, sequence: int, timestamp: int, now: float) -> tuple[int, int]:
        """What to add to a new source's numbers so that they go on where the last one stopped.

        Time passed in between is added to the timestamps, or lips and voice would drift apart.
        """
        if self.last_at is None:
            return 0, 0
        passed = max(1, int((now - self.last_at) * self.clock_rate))
        return (
            (self.last_sequence + 1 - sequence) & 0xFFFF,
            (self.last_timestamp + passed - timestamp) & 0xFFFFFFFF,
        )


class Stream(Reception):
    """One SSRC from a browser; `repairs` is the stream whose lost packets it repeats (RTX).

    `routes` are its ways to others. `route` is the only one where it has just one, as most have:
    the hot path looks there first, and copies nothing then.
    """

    __slots__ = ("clock", "key_frame_at", "repairs", "route", "routes", "section", "ssrc")

    def __init__(
        self, ssrc: int, section: LegSection, settings: MediaSettings, repairs: Stream | None = None
    ) -> None:
        wanted = section.asks_again and repairs is None
        super().__init__(
            clock_rate(section.kind),
            Missing(settings.most_missing, settings.reorder_patience, settings.repair_for)
            if wanted
            else None,
            Queue() if section.kind == "video" and repairs is None else None,
        )
        self.ssrc = ssrc
        self.section = section
        self.repairs = repairs
        self.route: Route | None = None
        self.routes: tuple[Route, ...] = ()
        self.key_frame_at = float("-inf")  # when its sender was last asked for one
        self.clock: tuple[SenderInfo, float] | None = None  # its newest sender report, and when

    def add(self, route: Route) -> None:
        self._lead((*self.routes, route))

    def remove(self, route: Route) -> None:
        self._lead(tuple(each for each in self.routes if each is not route))

    def _lead(self, routes: tuple[Route, ...]) -> None:
        self.routes = routes
        self.route = routes[0] if len(routes) == 1 else None

    def report(self, info: SenderInfo, now: float) -> None:
        """Its sender's report: the same moment in its wall clock and in its timestamps."""
        self.reported(info.ntp, now)
        self.clock = info, now


@dataclass(eq=False, slots=True)
class LegSection:
    """One media section of a leg as negotiated; `sends` and `receives` as the browser does.

    `name` is the one under which we send in it: streams of one person have the same.
    `types` are payload types by codec; `repairs` the type that repeats a payload type, and
    `originals` the other way round; `extensions` are ids by URI. `asks_again`: lost packets may
    be asked for, both ways.
    """

    kind: str
    mid: str
    name: str
    sends: bool
    receives: bool
    types: Mapping[str, int]
    repairs: Mapping[int, int]
    originals: Mapping[int, int]
    extensions: Mapping[str, int]
    asks_again: bool
    track: Track
    streams: list[Stream] = field(default_factory=list)

    def newest(self) -> Stream | None:
        """The stream that a retransmission of unknown origin repairs."""
        return next((each for each in reversed(self.streams) if each.repairs is None), None)


def section_of(
    sections: Sequence[LegSection], payload_type: int, packet: memoryview, size: int
) -> LegSection | None:
    """Whose packet this is: by its mid, else by payload type. Raises `rtp.MalformedPacket`."""
    fitting = [
        each
        for each in sections
        if each.sends and (payload_type in each.types.values() or payload_type in each.originals)
    ]
    for section in fitting:
        number = section.extensions.get(MID)
        mid = rtp.find_extension(packet, size, number) if number else None
        if mid == section.mid.encode():
            return section
    return fitting[0] if len(fitting) == 1 else None


class Route:
    """A stream's way to a track of another leg."""

    __slots__ = (
        "_target",
        "bound",
        "clock",
        "fixed",
        "ids",
        "outgoing",
        "sequence_offset",
        "ssrc",
        "stream",
        "time_id",
        "timestamp_offset",
        "track",
        "types",
    )

    def __init__(self, stream: Stream, target: LegSection, outgoing: Outgoing) -> None:
        self.stream = stream
        self.outgoing = outgoing
        self._target = target
        self.track = target.track
        self.ssrc = target.track.ssrc
        self.types = _type_table(stream.section.types, target.types)
        self.ids, self.fixed = _extension_tables(stream.section, target)
        self.clock: SendClock | None = None
        self.time_id = stream.section.extensions.get(SEND_TIME, 0)  # as it comes
        self.bound = False  # offsets are fixed by the first packet
        self.sequence_offset = 0
        self.timestamp_offset = 0

    def tell_time(self, clock: SendClock) -> None:
        """From now on packets say when they left here."""
        if self.time_id and SEND_TIME in self._target.extensions:
            self.clock = clock
            self.ids = _outgoing_ids(self.stream.section, self._target)

    def bind(self, sequence: int, timestamp: int, now: float) -> None:
        """Take the track over from whoever had it: a browser may change its SSRC."""
        if self.track.source is not None:
            self.track.source.pause()
        self.track.source = self
        self.sequence_offset, self.timestamp_offset = self.track.offsets(sequence, timestamp, now)
        self.bound = True

    def pause(self) -> None:
        """Note where the next source is to go on."""
        stream, track = self.stream, self.track
        track.last_sequence = (stream.next - 1 + self.sequence_offset) & 0xFFFF
        track.last_timestamp = (stream.timestamp + self.timestamp_offset) & 0xFFFFFFFF
        track.last_at = stream.at
        track.source = None
        self.bound = False

    def leave(self) -> None:
        if self.bound:
            self.pause()
        self.stream.remove(self)


def clock_rate(kind: str) -> int:
    return _CLOCK_RATES[kind]


def _type_table(source: Mapping[str, int], target: Mapping[str, int]) -> bytes:
    """Outgoing second octet by incoming one, marker bit included; 0 means not negotiated."""
    table = bytearray(_FORBIDDEN)
    for codec, number in source.items():
        if codec in target:
            table[number] = target[codec]
            table[number | 0x80] = target[codec] | 0x80
    return bytes(table)


def _outgoing_ids(source: LegSection, target: LegSection) -> dict[int, int]:
    return {number: target.extensions.get(uri, 0) for uri, number in source.extensions.items()}


def _extension_tables(
    source: LegSection, target: LegSection
) -> tuple[dict[int, int] | None, dict[int, bytes]]:
    """Outgoing by incoming id, None if packets can stay as they are; and the mid to write."""
    ids = _outgoing_ids(source, target)
    same_ids = all(incoming == outgoing for incoming, outgoing in ids.items())
    mid = source.extensions.get(MID)
    if same_ids and (mid is None or source.mid == target.mid):
        return None, {}
    return ids, {mid: target.mid.encode()} if mid is not None else {}
