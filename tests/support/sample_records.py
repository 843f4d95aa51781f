"""One ticket and one visit as the store returns them, for tests of what is made of them."""

from __future__ import annotations

from kolapp_queue.model import (
    ClinicianKey,
    PatientKey,
    QueueRef,
    Ticket,
    TicketId,
    Visit,
    VisitId,
)
from kolapp_queue.states import TicketState, VisitState

REF = QueueRef("north", "drop-in")
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
    state=VisitState.CALLED,
    version=9,
    called_ms=10_000,
    answered_ms=0,
    ended_ms=0,
    ring_until_ms=55_000,
    media_node="",
    media_epoch=0,
    reason="",
)
