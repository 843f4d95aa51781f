"""What a client is shown, built from the queue's records, the legs' states and the time. Pure.

All times in the records are the store's, and so is `now_ms`; on the wire there are only durations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
from kolapp_queue.model import Duty, GuestId, Line, Ticket, Visit
from kolapp_queue.settings import DIRECT
from kolapp_queue.states import GuestState, TicketState, VisitState

from .desk_messages import DutySnapshot
from .guest_messages import GuestSnapshot
from .messages import TicketSnapshot
from .outlets import Snapshot
from .parts import (
    CallInfo,
    ForecastRange,
    InvitedInfo,
    ParticipantInfo,
    PlaceInfo,
    QueueLoad,
    VisitInfo,
)
from .roles import Role

NO_MEDIA = "none"
OVER = "over"  # what has become of a guest whose visit has ended
_TWO = (Role.PATIENT.value, Role.CLINICIAN.value)


def visit_info(
    visit: Visit,
    media: Mapping[str, str],
    now_ms: int,
    *,
    heard_from: int = 0,
    with_invited: bool = False,
) -> VisitInfo:
    """`media` holds the state of each participant's leg, by role. `heard_from`: lines of the chat
    that are not for whom this is shown."""
    called, held = visit.state == VisitState.CALLED, visit.state == VisitState.HELD
    live = held or visit.state == VisitState.LIVE
    return VisitInfo(
        id=visit.id,
        epoch=visit.epoch,
        state=visit.state.value,
        queue=visit.ref.queue,
        number=visit.number,
        media_epoch=visit.media_epoch,
        participants=_participants(visit, media),
        ring_ms=max(0, visit.ring_until_ms - now_ms) if called else 0,
        live_ms=max(0, now_ms - visit.answered_ms) if live else 0,
        reason=visit.reason,
        undo_ms=max(0, visit.undo_until_ms - now_ms) if called else 0,
        held_ms=max(0, visit.held_until_ms - now_ms) if held else 0,
        outcome=visit.outcome.value if visit.outcome is not None else "",
        said=visit.said - heard_from if live else 0,
        mode=visit.mode,
        relay_only=visit.relay_only and visit.mode == DIRECT,
        encrypted=visit.encrypted,
        slots=1 + visit.most_guests,
        invited=_invited(visit, now_ms) if with_invited else [],
    )


def _participants(visit: Visit, media: Mapping[str, str]) -> list[ParticipantInfo]:
    two = [ParticipantInfo(role, media.get(role, NO_MEDIA)) for role in _TWO]
    return two + [
        ParticipantInfo(guest.seat, media.get(guest.seat, NO_MEDIA), guest.kind, guest.id)
        for guest in visit.guests
        if guest.is_in
    ]


def _invited(visit: Visit, now_ms: int) -> list[InvitedInfo]:
    return [
        InvitedInfo(guest.seat, guest.kind, guest.until_ms - now_ms)
        for guest in visit.guests
        if guest.is_awaited(now_ms)
    ]


def guest_snapshot(
    seat: str, guest: GuestId, visit: Visit | None, media: Mapping[str, str], now_ms: int
) -> GuestSnapshot:
    """`visit` is the record; None: it is forgotten already. Who is not in it is not shown it."""
    found = visit.guest(guest) if visit is not None else None
    if visit is None or visit.state == VisitState.ENDED:
        return GuestSnapshot(version=visit.version if visit else 0, you=seat, state=OVER)
    if found is None or not found.is_in:
        state = found.state if found is not None else GuestState.REMOVED
        return GuestSnapshot(version=visit.version, you=seat, state=state.value)
    info = visit_info(visit, media, now_ms, heard_from=found.heard_from)
    return GuestSnapshot(version=visit.version, you=seat, state=found.state.value, visit=info)


def ticket_snapshot(
    ticket: Ticket,
    now_ms: int,
    *,
    place: PlaceInfo | None = None,
    line_version: int = 0,
    notices: Sequence[str] = (),
    signed: str = "",
    forecast: ForecastRange | None = None,
    visit: VisitInfo | None = None,
    visit_version: int = 0,
) -> TicketSnapshot:
    """`place` and `notices` are told while waiting, `visit` from the answer on; the call is in the
    ticket, and so is the ring of one whom the visit has lost."""
    waiting = ticket.state == TicketState.WAITING
    in_visit = ticket.state == TicketState.IN_VISIT
    rung_again = in_visit and ticket.ring_until_ms > now_ms
    rung = ticket.visit is not None and (ticket.state == TicketState.CALLED or rung_again)
    return TicketSnapshot(
        version=max(ticket.version, line_version if waiting else 0, visit_version),
        ticket=ticket.id,
        queue=ticket.ref.queue,
        number=ticket.number,
        state=ticket.state.value,
        place=place if waiting else None,
        call=_call(ticket, now_ms) if rung else None,
        visit=visit if in_visit else None,
        missed=ticket.missed,
        away=waiting and not ticket.present,
        reason=ticket.reason,
        notices=list(notices) if waiting else [],
        signed=signed,
        forecast=forecast if waiting else None,
        moved_to=ticket.moved_to,
        moved_from=ticket.moved_from.queue if ticket.moved_from is not None else "",
    )


def _call(ticket: Ticket, now_ms: int) -> CallInfo:
    within_ms = max(0, ticket.ring_until_ms - now_ms)
    return CallInfo(ticket.visit or "", ticket.epoch, within_ms, ticket.encrypted)


def called_ticket(ticket: Ticket, visit: Visit) -> Ticket:
    """The ticket as the pull that made `visit` left it, without reading it again."""
    return replace(
        ticket,
        state=TicketState.CALLED,
        version=visit.version,
        epoch=visit.epoch,
        visit=visit.id,
        ring_until_ms=visit.ring_until_ms,
        reason="",
        encrypted=visit.encrypted,
    )


def duty_snapshot(
    duty: Duty, version: int, queues: Sequence[QueueLoad], visit: VisitInfo | None, now_ms: int
) -> DutySnapshot:
    """`visit` is the last one that is known, ended or not."""
    over = visit is not None and visit.state == VisitState.ENDED
    return DutySnapshot(
        version=version,
        on_duty=duty.on_duty,
        queues=list(queues),
        serves=list(duty.queues),
        weights={queue: weight for queue, weight in duty.weights.items() if weight > 1},
        visit=None if over else visit,
        ended=visit if over else None,
        wrap_up_ms=max(0, duty.wrap_up_until_ms - now_ms) if visit is None or over else 0,
    )


def queue_load(name: str, title: str, line: Line | None) -> QueueLoad:
    """Zeros before the first reading of the line: the next snapshot has the truth."""
    if line is None:
        return QueueLoad(name, title, 0, 0)
    return QueueLoad(name, title, len(line.waiting), line.on_duty)


def differs(new: Snapshot, shown: Snapshot) -> bool:
    """Whether there is anything to tell: countdowns run by themselves, versions are no content."""
    return _timeless(new) != _timeless(shown)


def _timeless(snapshot: Snapshot) -> Snapshot:
    renew = msgspec.structs.replace
    changes: dict[str, object] = {"version": 0, "re": None}
    if isinstance(snapshot, TicketSnapshot):
        changes |= {"signed": "", "forecast": None}
    if snapshot.visit is not None:
        invited = [renew(each, valid_ms=0) for each in snapshot.visit.invited]
        counted = {"ring_ms": 0, "live_ms": 0, "undo_ms": 0, "held_ms": 0}
        changes["visit"] = renew(snapshot.visit, **counted, invited=invited)
    if isinstance(snapshot, DutySnapshot):
        changes["wrap_up_ms"] = min(1, snapshot.wrap_up_ms)  # whether, not how long
    if isinstance(snapshot, TicketSnapshot) and snapshot.call is not None:
        changes["call"] = renew(snapshot.call, answer_within_ms=0)
    return renew(snapshot, **changes)
