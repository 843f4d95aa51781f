from __future__ import annotations

from dataclasses import replace

from kolapp_queue.model import Needs
from kolapp_queue.states import VisitState
from kolapp_signalling.board import board, held_visits
from kolapp_signalling.parts import BoardTicket, HeldVisit
from sample_records import TICKET, VISIT

NEEDS = Needs("nurse", "ar", ("wounds",), 4, "c" * 64)
HELD = replace(
    VISIT, state=VisitState.HELD, answered_ms=20_000, ring_until_ms=0, held_until_ms=50_000
)


def test_a_ticket_is_shown_without_who_it_is() -> None:
    waits = replace(TICKET, needs=NEEDS, present=False, missed=1, credit_ms=5, aside=True)
    shown = board("drop-in", [TICKET, waits], 5, [], 62_500)
    assert shown.tickets == [
        BoardTicket("t1", 7, 61),
        BoardTicket("t1", 7, 61, True, 1, True, ["nurse", "ar", "wounds", "4"], True),
    ]
    assert (shown.more, shown.may_pull) == (3, True)
    # A named clinician is nobody else's business.
    assert "c" * 64 not in str(shown)


def test_a_visit_is_offered_once_its_clinician_may_not_come_back_any_more() -> None:
    assert held_visits([HELD], 49_999) == []
    assert held_visits([HELD], 50_000) == [HeldVisit("v1", 7, 30_000)]
