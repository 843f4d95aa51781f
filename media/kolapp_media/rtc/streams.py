"""What is forwarded: a publisher's streams, the tracks they become, and the routes between.

Stream   one SSRC a browser sends to us
Track    one SSRC we send to a browser; it keeps its numbers going when its source changes
Route    a stream's way to a track: everything a packet needs on it
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .outgoing import Outgoing

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"  # RFC 9143, 15
_CLOCK_RATES = {"audio": 48_000, "video": 90_000}
_FORBIDDEN = bytes(256)


class Track:
    """One SSRC towards a browser. `last_at` is None until a packet was sent on it."""

    __slots__ = ("clock_rate", "last_at", "last_sequence", "last_timestamp", "ssrc")

    def __init__(self, ssrc: int, clock_rate: int) -> None:
        self.ssrc = ssrc
        self.clock_rate = clock_rate
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


@dataclass(eq=False, slots=True)
class Stream:
    """One SSRC from a browser; `repairs` is the stream whose lost packets it repeats (RTX)."""

    ssrc: int
    section: LegSection
    repairs: Stream | None = None
    route: Route | None = None
    key_frame_at: float = float("-inf")  # when its sender was last asked for one
    packets: int = 0


@dataclass(eq=False, slots=True)
class LegSection:
    """One media section of a leg as negotiated; `sends` and `receives` as the browser does.

    `types` and `repair_types` name the codec of each payload type; `extensions` are ids by URI.
    """

    kind: str
    mid: str
    sends: bool
    receives: bool
    types: Mapping[str, int]
    repair_types: Mapping[str, int]
    extensions: Mapping[str, int]
    track: Track
    repair_track: Track
    streams: list[Stream] = field(default_factory=list)

    def newest(self) -> Stream | None:
        """The stream that a retransmission of unknown origin repairs."""
        return next((each for each in reversed(self.streams) if each.repairs is None), None)


class Route:
    """A stream's way to a track of another leg."""

    __slots__ = (
        "bound",
        "fixed",
        "ids",
        "original",
        "outgoing",
        "sequence_offset",
        "timestamp_offset",
        "track",
        "types",
    )

    def __init__(self, stream: Stream, target: LegSection, outgoing: Outgoing) -> None:
        source = stream.section
        repair = stream.repairs is not None
        self.outgoing = outgoing
        self.track = target.repair_track if repair else target.track
        self.original = stream.repairs.route if stream.repairs else None
        self.types = (
            _type_table(source.repair_types, target.repair_types)
            if repair
            else _type_table(source.types, target.types)
        )
        self.ids, self.fixed = _extension_tables(source, target)
        self.bound = False  # offsets are fixed by the first packet
        self.sequence_offset = 0
        self.timestamp_offset = 0

    def bind(self, sequence: int, timestamp: int, now: float) -> bool:
        """Fix the offsets; False while the stream this one repairs has not begun."""
        self.sequence_offset, self.timestamp_offset = self.track.offsets(sequence, timestamp, now)
        if self.original is not None:
            if not self.original.bound:
                return False
            self.timestamp_offset = self.original.timestamp_offset
        self.bound = True
        return True


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


def _extension_tables(
    source: LegSection, target: LegSection
) -> tuple[dict[int, int] | None, dict[int, bytes]]:
    """Outgoing by incoming id, None if packets can stay as they are; and the mid to write."""
    ids = {number: target.extensions.get(uri, 0) for uri, number in source.extensions.items()}
    same_ids = all(incoming == outgoing for incoming, outgoing in ids.items())
    mid = source.extensions.get(MID)
    if same_ids and (mid is None or source.mid == target.mid):
        return None, {}
    return ids, {mid: target.mid.encode()} if mid is not None else {}
