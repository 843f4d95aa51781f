"""The chat of a visit: what was said is kept in the store, sealed, until the visit ends.

A guest's chat begins with the coming in: for them the lines are numbered from there.
"""

from __future__ import annotations

from kolapp_queue.model import ClinicianKey, GuestId, PatientKey, Visit
from kolapp_queue.sealing import SealError

from .chat_messages import ChatLine, Hear, SaidNow, Say
from .codes import ErrorCode
from .gate import Refused
from .roles import Role
from .services import Services

Speaker = PatientKey | ClinicianKey | GuestId


async def chat(services: Services, request: Say | Hear, visit: Visit, by: Speaker) -> SaidNow:
    """Say a line or hear the others'. Raises Refused, QueueError."""
    role, before = _as_whom(visit, by)
    if isinstance(request, Say):
        number = await _say(services, request, visit, by) - before
        line = ChatLine(number, role, request.text)
        return SaidNow(visit=visit.id, lines=[line], said=number)
    try:
        found, said = await services.store.hear(
            visit.ref, visit.id, by, request.after + before, services.ring
        )
    except SealError:
        raise Refused(ErrorCode.CHAT_UNREADABLE) from None
    lines = [ChatLine(each.number - before, each.role, each.text) for each in found]
    return SaidNow(visit=visit.id, lines=lines, said=said - before)


def _as_whom(visit: Visit, by: Speaker) -> tuple[str, int]:
    """The role, and how many lines are not for them."""
    for guest in visit.guests:
        if guest.id == by:
            return guest.seat, guest.heard_from
    return (Role.CLINICIAN if by == visit.clinician else Role.PATIENT).value, 0


async def _say(services: Services, request: Say, visit: Visit, by: Speaker) -> int:
    after, number = await services.store.say(
        visit.ref, visit.id, by, request.epoch, request.key, request.text, services.ring
    )
    services.audience.visit(after)
    return number
