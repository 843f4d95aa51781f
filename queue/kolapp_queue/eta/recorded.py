"""Our own events (the store's stream, or lines of `kolapp audit export`) as a history.

What counts is the state a ticket goes into: `waiting` from anything else is a join, out of it to
`called` a start, and so on. A clinician is busy from the pull on: ringing and notes are part of the
time a patient takes. Who comes back into the line (a missed call, a transfer) has the time waited
as a credit and so the old place. Hours and weekdays are UTC.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..audit_chain import EVENT
from ..states import ORDERS
from .history import DAY_S, Event, Step

_MONDAY = 4 * DAY_S  # 1970-01-01 was a Thursday: from the Monday after it
_WITH_CLINICIAN = frozenset({"called", "in_visit"})


def history_s(ms: int) -> float:
    """A time of the store, as seconds of a history."""
    return ms / 1000 - _MONDAY


class NotRecorded(ValueError):
    """A line is no line of an audit export; says which and why."""


class Recorded:
    """One queue's events as they come. Knows the tickets that have not ended."""

    def __init__(self) -> None:
        self._tickets: dict[str, tuple[int, str, str]] = {}  # number, state, who serves

    def events(self, told: Mapping[str, Any]) -> Iterator[Event]:
        """What one event of the store means; nothing for one that moves nobody. Raises KeyError,
        TypeError or ValueError for what is no event of ours."""
        if told.get("step") in ORDERS:
            return
        ticket, state, at_s = told["ticket"], told["state"], history_s(told["ms"])
        number, before, server = self._tickets.get(ticket, (-1, "", ""))
        if state == before or told.get("step") in ("correct_outcome", "erased"):
            return
        if number < 0:
            number = int(told["number"])
        kind = str(told.get("class", ""))
        if before in _WITH_CLINICIAN and state not in _WITH_CLINICIAN:
            yield Event(at_s, Step.ENDED, number, kind, server=server)
        if before == "waiting" and state not in _WITH_CLINICIAN:
            yield Event(at_s, Step.LEFT, number, kind)
        if state == "waiting":
            yield Event(at_s, Step.JOINED, number, kind, _credit_s(told))
        if state == "called":
            server = str(told.get("actor", ""))
            yield Event(at_s, Step.STARTED, number, kind, server=server)
        if state == "waiting" or state in _WITH_CLINICIAN:
            self._tickets[ticket] = (number, state, server)
        else:
            self._tickets.pop(ticket, None)


def _credit_s(told: Mapping[str, Any]) -> float:
    """Of the priority band, and the time waited already: how far the place is before the time of
    coming into the line. What cannot be told counts as none."""
    order_key = told.get("order_key")
    return 0.0 if order_key is None else max(0.0, (told["ms"] - order_key) / 1000)


class Reader:
    """Of one queue's events in files of an export, read one after the other."""

    def __init__(self, queue: str) -> None:
        self._queue = queue
        self._recorded = Recorded()

    def read(self, lines: Iterable[str]) -> list[Event]:
        """In order. Raises NotRecorded."""
        events: list[Event] = []
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                if record["kind"] == EVENT and record["queue"] == self._queue:
                    events.extend(self._recorded.events(record["event"]))
            except (ValueError, KeyError, TypeError) as error:
                raise NotRecorded(f"line {number} cannot be read: {error!r}") from error
        return events
