"""Who of a visit's legs is sent what: the routes between them, opened and ended.

A leg's sections that receive are its slots: its first of each kind are slot 0, the second ones
slot 1. What a leg publishes are its first sections that send; further ones reach nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from .feedback import Feedback
from .outgoing import Outgoing
from .send_times import SendClock
from .streams import LegSection, Route, Stream


class Wiring:
    """One leg's part of it: whom it is sent, by slot, and who is sent what it publishes."""

    __slots__ = (
        "_back",
        "_clock",
        "_published",
        "_receivers",
        "_slots",
        "_streams",
        "_targets",
        "feedback",
    )

    def __init__(
        self,
        sections: Sequence[LegSection],
        streams: Mapping[int, Stream],
        back: Outgoing,
        feedback: Feedback,
    ) -> None:
        """`streams` is read whenever somebody new is sent them."""
        self.feedback = feedback
        self._streams = streams
        self._back = back
        self._targets: list[dict[str, LegSection]] = []  # by slot and kind
        self._published: dict[str, LegSection] = {}
        self._receivers: dict[Wiring, int] = {}  # in which of their slots
        self._clock: SendClock | None = None
        seen = {"audio": 0, "video": 0}
        for section in sections:
            slot = seen[section.kind]
            seen[section.kind] += 1
            if slot == len(self._targets):
                self._targets.append({})
            if section.receives:
                self._targets[slot][section.kind] = section
            if section.sends:
                self._published.setdefault(section.kind, section)
        self._slots: list[Wiring | None] = [None] * len(self._targets)

    def hear(self, sources: Sequence[Wiring | None]) -> list[Wiring]:
        """From now on this leg is sent these, one a slot, and nobody else. Returns who is new.

        Who stays in a slot is not touched. Beyond the slots it has nobody is sent."""
        wanted = [
            source if sections else None
            for sections, source in zip_longest(self._targets, sources[: len(self._targets)])
        ]
        before, self._slots = self._slots, wanted
        changed = [slot for slot, source in enumerate(wanted) if source is not before[slot]]
        for slot in changed:
            if (old := before[slot]) is not None:
                self._end(old)
        found = []
        for slot in changed:
            if (source := wanted[slot]) is not None:
                self._begin(slot, source)
                found.append(source)
        if self._clock is None and len(self.feedback.sources) > 1:
            self._begin_clock()
        return found

    def part(self) -> None:
        """Whoever this leg is sent, and whoever is sent it: from now on nobody."""
        self.hear([])
        for receiver in list(self._receivers):
            receiver._lose(self)

    def learnt(self, stream: Stream) -> None:
        """The leg's browser sends a stream that it had not announced."""
        for receiver, slot in self._receivers.items():
            receiver._open_route(slot, self, stream)

    def _begin(self, slot: int, source: Wiring) -> None:
        source._receivers[self] = slot
        source.feedback.receivers.append(self.feedback)
        self.feedback.sources.append(source.feedback)
        for stream in list(source._streams.values()):
            self._open_route(slot, source, stream)

    def _end(self, source: Wiring) -> None:
        del source._receivers[self]
        source.feedback.receivers.remove(self.feedback)
        self.feedback.sources.remove(source.feedback)
        for stream in source._streams.values():
            for route in stream.routes:
                if route.outgoing is self._back:
                    route.leave()

    def _lose(self, source: Wiring) -> None:
        self.hear([None if each is source else each for each in self._slots])

    def _open_route(self, slot: int, source: Wiring, stream: Stream) -> None:
        """Send another leg's stream in this leg's section of the same kind."""
        kind = stream.section.kind
        target = self._targets[slot].get(kind)
        if target is None or stream.repairs is not None:
            return
        if source._published.get(kind) is stream.section:
            route = Route(stream, target, self._back)
            if self._clock is not None:
                route.tell_time(self._clock)
            stream.add(route)

    def _begin_clock(self) -> None:
        """More than one is seen here: see `SendClock`."""
        tracks = [each["video"].track for each in self._targets if "video" in each]
        leaders = [each.source for each in tracks if each.source and each.source.time_id]
        self._clock = SendClock(leaders[0] if leaders else None)
        for source in self._slots:
            for stream in source._streams.values() if source is not None else ():
                for route in stream.routes:
                    if route.outgoing is self._back:
                        route.tell_time(self._clock)
