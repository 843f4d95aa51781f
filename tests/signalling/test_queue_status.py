from __future__ import annotations

from kolapp_queue.bulletin import NOTHING_SAID, Bulletin, Closing, Notice
from kolapp_queue.model import Line, QueueRef, TicketId
from kolapp_queue.policy import QueuePolicy
from kolapp_queue.policy_file import parse
from kolapp_signalling.operator_messages import ClosingSaid, NoticeSaid
from kolapp_signalling.parts import WaitRange
from kolapp_signalling.queue_status import queue_status

NOON_MS = 1_800_014_400_000  # 2027-01-15T12:00:00Z, a Friday
HOUR_MS = 3_600_000
WAIT = WaitRange(True, 60, 120)
ALWAYS = QueuePolicy("clinic", "drop-in", capacity=2)
[OFFICE] = parse(
    """
[queues.clinic.drop-in]
title = "Doctor"
timezone = "Europe/Oslo"
hours = { weekdays = "08:00-17:00" }
last_join = "15 min"
""",
    "queues.toml",
).queues


def line(*waiting: str) -> Line:
    tickets = tuple(TicketId(ticket) for ticket in waiting)
    ref = QueueRef("clinic", "drop-in")
    return Line(ref, 1, NOON_MS, tickets, 3, (NOON_MS - HOUR_MS,), 0, 0.0)


def test_the_figures_are_the_lines() -> None:
    status = queue_status(ALWAYS, line("a"), NOTHING_SAID, WAIT, NOON_MS)
    assert (status.waiting, status.on_duty, status.in_visit, status.capacity) == (1, 3, 1, 2)
    assert (status.state, status.early, status.full, status.wait) == ("open", False, False, WAIT)
    assert queue_status(ALWAYS, line("a", "b"), NOTHING_SAID, WAIT, NOON_MS).full


def test_times_are_of_the_queues_own_clock() -> None:
    status = queue_status(OFFICE, line(), NOTHING_SAID, WAIT, NOON_MS)
    assert (status.title, status.closes) == ("Doctor", "2027-01-15T17:00:00+01:00")
    assert status.last_number == "2027-01-15T16:45:00+01:00"


def test_what_was_said_is_shown_with_who_said_it() -> None:
    notice = Notice("Half an hour late.", NOON_MS - HOUR_MS, "who")
    closing = Closing(NOON_MS + HOUR_MS, NOON_MS, "A pipe has burst.", "other")
    status = queue_status(OFFICE, line("a"), Bulletin(notice, closing), WAIT, NOON_MS)
    assert (status.state, status.early) == ("draining", True)
    assert status.opens == "2027-01-15T14:00:00+01:00"
    assert status.notice == NoticeSaid("Half an hour late.", "2027-01-15T12:00:00+01:00", "who")
    assert status.closing == ClosingSaid(
        "2027-01-15T14:00:00+01:00", "2027-01-15T13:00:00+01:00", "A pipe has burst.", "other"
    )


def test_a_closing_that_is_over_is_not_shown() -> None:
    over = Bulletin(closing=Closing(NOON_MS, NOON_MS - HOUR_MS, "Over.", "who"))
    status = queue_status(OFFICE, line(), over, WAIT, NOON_MS)
    assert (status.state, status.closing) == ("open", None)
    for_good = Bulletin(closing=Closing(None, NOON_MS, "", "who"))
    closing = queue_status(OFFICE, line(), for_good, WAIT, NOON_MS).closing
    assert closing is not None
    assert closing.until == ""
