"""A queue as far as its events have told: who waits in which order, who serves whom since when,
and what happened lately. Knows nothing of the future: an event changes it when it happens."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .history import DAY_S, Event, Step, day_of
from .recent import Last, Slots, Smooth, Window
from .servers import Server

# What nobody took out of the queue, or no clinician ended, for so long is an event that got lost.
KINDS = 6  # told apart; the rest count as the last of them
LONGEST_S = 4 * 3600.0
HANDLING_WEIGHT, HANDLING_MEMORY = 1.0, 500.0


@dataclass(frozen=True, slots=True)
class Waiting:
    order_s: float  # time of joining minus the credit of its priority
    ticket: int
    joined_s: float
    kind: str
    credit_s: float

    @property
    def key(self) -> tuple[float, int]:
        return (self.order_s, self.ticket)


class Columns:
    """Everybody in a line, in order, a column each: arrays, from which numpy takes a copy in no
    time. `kind` is the number of the kind."""

    __slots__ = ("credit_s", "joined_s", "kind", "number", "order_s")

    def __init__(self) -> None:
        self.order_s, self.joined_s, self.credit_s = array("d"), array("d"), array("d")
        self.number, self.kind = array("q"), array("q")

    def insert(self, place: int, waiting: Waiting, kind: int) -> None:
        self.order_s.insert(place, waiting.order_s)
        self.joined_s.insert(place, waiting.joined_s)
        self.credit_s.insert(place, waiting.credit_s)
        self.number.insert(place, waiting.ticket)
        self.kind.insert(place, kind)

    def remove(self, place: int) -> None:
        for name in self.__slots__:
            del getattr(self, name)[place]


@dataclass(frozen=True, slots=True)
class Visit:
    server: str
    since_s: float
    kind: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A wait that ended by being served."""

    ticket: int
    wait_s: float
    kind: str
    credit_s: float


class QueueState:
    """`handling_s` is the mean visit as long as nothing is known."""

    def __init__(self, handling_s: float) -> None:
        self.now_s = 0.0
        # By kind, who takes it; None as long as nobody has said so.
        self.fits: Mapping[str, Collection[str]] | None = None
        self.zone_s = 0.0  # what clocks on the wall are ahead of the history's
        self.joins_until_s = math.inf  # when the last number is drawn, by the opening hours
        self.unit_s = handling_s
        self.waiting: list[tuple[float, int]] = []
        # Beside it, for those who compute with the whole line at once.
        self.columns = Columns()
        self.kinds: list[str] = []
        self.tickets: dict[int, Waiting] = {}
        self.visits: dict[int, Visit] = {}
        self.servers: dict[str, Server] = {}
        self.handling: dict[str, Smooth] = {}
        self.handling_all = Smooth(handling_s, HANDLING_WEIGHT, HANDLING_MEMORY)
        self.handling_lately = Last(30, handling_s)
        self.handling_last = Last(8, handling_s)
        # In mean visits, so that all of it is the same for visits of three minutes and of fifteen.
        self.starts = _windows(handling_s, 1 / 3, 1, 10 / 3, 10)
        self.ends = _windows(handling_s, 1, 10 / 3, 10)
        self.joins = _windows(handling_s, 1, 10 / 3, 10)
        self.leaves = _windows(handling_s, 5 / 3, 10)
        self.urgent_joins = Window(5 * handling_s)
        self.credit_s = 0.0  # the greatest that anybody came with
        self.slot_wait = Slots(handling_s / 3)
        self.last_start_s = self.last_end_s = -LONGEST_S
        self._day = -1

    @property
    def local_s(self) -> float:
        """For hours and weekdays."""
        return self.now_s + self.zone_s

    def apply(self, event: Event) -> Ended | None:
        """The event happens. Returns the wait it ended, if it served somebody who waited."""
        self.now_s = event.at_s
        if day_of(event.at_s) != self._day:
            self._day = day_of(event.at_s)
            self._forget_lost()
        match event.step:
            case Step.JOINED:
                self._joined(event)
            case Step.LEFT:
                if self.take(event.ticket) is not None:
                    _count(self.leaves, event.at_s)
            case Step.STARTED:
                return self._started(event)
            case Step.ENDED:
                self._ended(event)
            case Step.ON_DUTY | Step.OFF_DUTY:
                self._duty(event)
        return None

    def ahead(self, waiting: Waiting) -> Iterator[Waiting]:
        for _, ticket in self.waiting[: self.place(waiting)]:
            yield self.tickets[ticket]

    def place(self, waiting: Waiting) -> int:
        """How many are before this one; 0 is next."""
        return bisect_left(self.waiting, waiting.key)

    def kind_number(self, kind: str) -> int:
        """Interned on first sight; what comes after `KINDS` of them counts as one."""
        if kind in self.kinds:
            return self.kinds.index(kind)
        if len(self.kinds) < KINDS:
            self.kinds.append(kind)
        return min(len(self.kinds), KINDS) - 1

    def handling_of(self, kind: str) -> float:
        known = self.handling.get(kind)
        return known.mean if known is not None else self.unit_s

    def remember(self) -> dict[str, Any]:
        """What was learned slowly, as plain values; `recall` takes it back. The rest follows from
        the events of the last hours."""
        return {
            "kinds": self.kinds,
            "handling": {kind: one.remember() for kind, one in self.handling.items()},
            "handling_all": self.handling_all.remember(),
            "slot_wait": self.slot_wait.remember(),
            "credit_s": self.credit_s,
        }

    def recall(self, known: dict[str, Any]) -> None:
        for kind, one in known["handling"].items():
            self.handling[kind] = Smooth(self.unit_s, HANDLING_WEIGHT, HANDLING_MEMORY)
            self.handling[kind].recall(one)
        self.handling_all.recall(known["handling_all"])
        self.slot_wait.recall(known["slot_wait"])
        self.credit_s = max(self.credit_s, known["credit_s"])

    @property
    def unnamed(self) -> int:
        """Visits of which the history does not say whose they are."""
        return sum(not visit.server for visit in self.visits.values())

    def active(self) -> int:
        """Clinicians in a visit, or free for less than a mean visit."""
        since_s = self.now_s - self.unit_s
        free = (one.on_duty and not one.busy and one.free_since_s > since_s
                for one in self.servers.values())  # fmt: skip
        return len(self.visits) + sum(free)

    def put(self, waiting: Waiting) -> None:
        """Into the line, whatever was told of it."""
        self.tickets[waiting.ticket] = waiting
        place = bisect_left(self.waiting, waiting.key)
        self.waiting.insert(place, waiting.key)
        self.columns.insert(place, waiting, self.kind_number(waiting.kind))

    def take(self, ticket: int) -> Waiting | None:
        """Out of it; None if it was not there."""
        waiting = self.tickets.pop(ticket, None)
        if waiting is not None:
            place = bisect_left(self.waiting, waiting.key)
            del self.waiting[place]
            self.columns.remove(place)
        return waiting

    def _joined(self, event: Event) -> None:
        if event.ticket in self.visits:
            return  # taken in the very moment of joining
        self.take(event.ticket)  # told twice, it is there once
        self.put(
            Waiting(
                event.at_s - event.credit_s, event.ticket, event.at_s, event.kind, event.credit_s
            )
        )
        _count(self.joins, event.at_s)
        if event.credit_s > 0:
            self.urgent_joins.add(event.at_s)
            self.credit_s = max(self.credit_s, event.credit_s)

    def _started(self, event: Event) -> Ended | None:
        waiting = self.take(event.ticket)
        if waiting is None:
            _count(self.joins, event.at_s)
        _count(self.starts, event.at_s)
        self.last_start_s = event.at_s
        self.visits[event.ticket] = Visit(event.server, event.at_s, event.kind)
        if event.server:
            server = self.servers.setdefault(event.server, Server())
            # A clinician has one visit: an end that was not told is not waited for.
            self.visits.pop(server.ticket, None)
            server.ticket, server.on_duty = event.ticket, True
            server.took(event.kind)
        if waiting is None:
            return None
        wait_s = event.at_s - waiting.joined_s
        self.slot_wait.add(self.local_s, wait_s)
        return Ended(event.ticket, wait_s, waiting.kind, waiting.credit_s)

    def _ended(self, event: Event) -> None:
        visit = self.visits.pop(event.ticket, None)
        if visit is None:
            return
        lasted_s = event.at_s - visit.since_s
        for window in self.ends:
            window.add(event.at_s, lasted_s)
        self.last_end_s = event.at_s
        self.handling_lately.add(lasted_s)
        self.handling_last.add(lasted_s)
        if visit.kind not in self.handling:
            self.handling[visit.kind] = Smooth(self.unit_s, HANDLING_WEIGHT, HANDLING_MEMORY)
        self.handling[visit.kind].add(lasted_s)
        self.handling_all.add(lasted_s)
        server = self.servers.get(visit.server)
        if server is not None and server.ticket == event.ticket:
            server.ticket, server.free_since_s = -1, event.at_s

    def _duty(self, event: Event) -> None:
        server = self.servers.setdefault(event.server, Server())
        server.on_duty = event.step == Step.ON_DUTY
        if server.on_duty and not server.busy:
            server.free_since_s = event.at_s

    def _forget_lost(self) -> None:
        since_s = self.now_s - LONGEST_S
        for ticket in [one.ticket for one in self.tickets.values() if one.joined_s < since_s]:
            self.take(ticket)
        lost = [ticket for ticket, visit in self.visits.items() if visit.since_s < since_s]
        for ticket in lost:
            server = self.servers.get(self.visits.pop(ticket).server)
            if server is not None and server.ticket == ticket:
                server.ticket, server.free_since_s = -1, self.now_s - DAY_S


def _windows(unit_s: float, *spans: float) -> list[Window]:
    return [Window(span * unit_s) for span in spans]


def _count(windows: list[Window], at_s: float) -> None:
    for window in windows:
        window.add(at_s)
