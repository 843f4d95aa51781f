from __future__ import annotations

from dataclasses import replace

from kolapp_queue.model import (
    ClinicianKey,
    Needs,
    PatientKey,
    QueueRef,
    Ticket,
    TicketId,
    Visit,
    VisitId,
)
from kolapp_queue.states import TicketState, VisitState
from kolapp_signalling.board import board, held_visits
from kolapp_signalling.parts import BoardTicket, HeldVisit

REF = QueueRef("north", "drop-in")
NEEDS = Needs("nurse", "ar", ("wounds",), 4, "c" * 64)
TICKET = Ticket(
    id=TicketId("t1"),
    ref=REF,
    patient=PatientKey("anna"),
    number=7,
    state=TicketState.WAITING,
    present=True,
    order_key=1_000,
    joined_ms=1_000,
    version=5,
    epoch=0,
    visit=None,
    ring_until_ms=0,
    missed=0,
    reason="",
)
VISIT = Visit(
    id=VisitId("v1"),
    ref=REF,
    ticket=TICKET.id,
    number=7,
    clinician=ClinicianKey("doctor"),
    epoch=3,
    state=VisitState.HELD,
    version=9,
    called_ms=10_000,
    answered_ms=20_000,
    ended_ms=0,
    ring_until_ms=0,
    media_node="",
    media_epoch=0,
    reason="",
    held_until_ms=50_000,
)


def test_a_ticket_is_shown_without_who_it_is() -> None:
    waits = replace(TICKET, needs=NEEDS, present=False, missed=1, credit_ms=5)
    shown = board("drop-in", [TICKET, waits], 5, [], 62_500)
    assert shown.tickets == [
        BoardTicket("t1", 7, 61),
        BoardTicket("t1", 7, 61, True, 1, True, ["nurse", "ar", "wounds", "4"]),
    ]
    assert (shown.more, shown.may_pull) == (3, True)
    # A named clinician is nobody else's business.
    assert "c" * 64 not in str(shown)


def test_a_visit_is_offered_once_its_clinician_may_not_come_back_any_more() -> None:
    assert held_visits([VISIT], 49_999) == []
    assert held_visits([VISIT], 50_000) == [HeldVisit("v1", 7, 30_000)]
