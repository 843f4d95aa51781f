"""The board: who waits and which visits want a clinician, as clinicians are shown it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from kolapp_queue.model import Needs, Ticket, Visit

from .desk_messages import BoardNow
from .parts import BoardTicket, HeldVisit

MOST = 100  # tickets listed


def board(
    queue: str, tickets: Sequence[Ticket], waiting: int, held: Sequence[Visit], now_ms: int
) -> BoardNow:
    """For who may see it all. `waiting` counts everybody in the line."""
    return BoardNow(
        queue=queue,
        may_pull=True,
        tickets=[_ticket(ticket, now_ms) for ticket in tickets],
        more=max(0, waiting - len(tickets)),
        held=held_visits(held, now_ms),
    )


def held_visits(held: Sequence[Visit], now_ms: int) -> list[HeldVisit]:
    """Those that may be taken over now."""
    return [
        HeldVisit(visit.id, visit.number, max(0, now_ms - visit.answered_ms))
        for visit in held
        if visit.held_until_ms <= now_ms
    ]


def _ticket(ticket: Ticket, now_ms: int) -> BoardTicket:
    return BoardTicket(
        ticket=ticket.id,
        number=ticket.number,
        waited_s=max(0, now_ms - ticket.joined_ms) // 1_000,
        away=not ticket.present,
        missed=ticket.missed,
        urgent=ticket.credit_ms > 0,
        needs=_words(ticket.needs),
        aside=ticket.aside,
    )


def _words(needs: Needs) -> list[str]:
    """Which clinician is named is between the patient and the queue."""
    age = () if needs.age is None else (str(needs.age),)
    return [word for word in (needs.profession, needs.language, *needs.skills, *age) if word]
