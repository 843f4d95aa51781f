"""Reads the call-centre data of I. Guedj and A. Mandelbaum (Technion, "Anonymous Bank", 1999).

One row a call. Its documentation and the pitfalls met: times are h:mm:ss without a zone;
`q_start` 0:00:00 is "never queued"; who was served at once has no queue times, and for a bug in
the recording no priority; virtual calls are to be ignored; some services end before they start.
The set covers the year 1999 alone, and some of its dates say another year: only month and day of
a date are believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from .history import DAY_S, Event, Step, in_order

YEAR = 1999
# Monday before it, so that second 0 is a Monday's midnight.
_FIRST_MONDAY = date(1998, 12, 28).toordinal()
CREDIT_S = 90.0  # of waiting time, given to priority 2 on arrival
OTHER_AGENTS = "IN"  # internet customers: another room, other agents, another queue
OPENS_S = 7 * 3600
OPEN_WEEKDAYS = frozenset({6, 0, 1, 2, 3})  # Sunday to Thursday
NOT_SCORED = frozenset({"IN", "TT"})  # TT: the bank called back, and they were put on hold
COLUMNS = 17
# A service longer than this is a forgotten terminal.
LONGEST_SERVICE_S = 2 * 3600.0


class NotTechnion(ValueError):
    """A line is not of this format; says which and why."""


class Call(NamedTuple):
    priority: int
    kind: str
    day_s: float  # midnight of its date
    q_start: int  # seconds of its day; 0: never queued
    q_exit: int
    outcome: str
    ser_start: int
    ser_exit: int
    server: str


def read(lines: Iterable[str], first_ticket: int = 0) -> list[Event]:
    """The events of a file's lines, in order. Raises NotTechnion."""
    events: list[Event] = []
    for number, line in enumerate(lines):
        call = _call(line, number + 1)
        if call is not None:
            events.extend(_events(call, first_ticket + number))
    return in_order(events)


def _call(line: str, number: int) -> Call | None:
    cells = line.rstrip("\r\n").split("\t")
    if len(cells) == 1 and not cells[0].strip():
        return None
    if cells[0].lower().startswith("vru"):
        return None
    if len(cells) < COLUMNS:
        raise NotTechnion(f"line {number} has {len(cells)} columns, not {COLUMNS}")
    text = [cell.strip() for cell in cells]
    try:
        return Call(
            priority=int(text[3] or 0),
            kind=text[4],
            day_s=_day_s(text[5]),
            q_start=_seconds(text[9]),
            q_exit=_seconds(text[10]),
            outcome=text[12],
            ser_start=_seconds(text[13]),
            ser_exit=_seconds(text[14]),
            server="" if text[16] == "NO_SERVER" else text[16],
        )
    except ValueError as error:
        raise NotTechnion(f"line {number} cannot be read: {error}") from error


def _day_s(text: str) -> float:
    month_and_day = text.zfill(6)[-4:]
    day = date(YEAR, int(month_and_day[:2]), int(month_and_day[2:]))
    return (day.toordinal() - _FIRST_MONDAY) * DAY_S


def _seconds(text: str) -> int:
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def _events(call: Call, ticket: int) -> Iterator[Event]:
    if call.outcome not in ("AGENT", "HANG") or call.kind == OTHER_AGENTS:
        return
    served = call.outcome == "AGENT" and call.ser_start > 0
    queued = call.q_start > 0 and call.q_exit > call.q_start
    if not served and not queued:
        return
    credit = CREDIT_S if call.priority == 2 else 0.0

    def event(second: float, step: Step, server: str = "") -> Event:
        at_s = call.day_s + second
        return Event(at_s, step, ticket, call.kind, credit, server, _scored(call, at_s))

    if queued:
        yield event(call.q_start, Step.JOINED)
    if not served:
        yield event(call.q_exit, Step.LEFT)
        return
    started = call.q_exit if queued else call.ser_start
    yield event(started, Step.STARTED, call.server)
    lasted = call.ser_exit - call.ser_start
    if call.ser_exit < 3 * 3600 and call.ser_start > 21 * 3600:
        lasted += int(DAY_S)  # past midnight
    if not 0 <= lasted <= LONGEST_SERVICE_S:
        lasted = 0  # the row's end of service is worth nothing
    # An end in the second of the start would come before it.
    yield event(max(started + 1, call.ser_start + lasted), Step.ENDED, call.server)


def _scored(call: Call, at_s: float) -> bool:
    weekday = int(at_s // DAY_S) % 7
    open_now = call.q_start >= OPENS_S and weekday in OPEN_WEEKDAYS
    return open_now and call.kind not in NOT_SCORED
