"""The chat of a visit: what was said is kept in the store, sealed, until the visit ends."""

from __future__ import annotations

from kolapp_queue.model import ClinicianKey, PatientKey, Said, Visit
from kolapp_queue.sealing import SealError

from .chat_messages import ChatLine, Hear, SaidNow, Say
from .codes import ErrorCode
from .gate import Refused
from .roles import Role
from .services import Services


async def chat(
    services: Services, request: Say | Hear, visit: Visit, by: PatientKey | ClinicianKey
) -> SaidNow:
    """Say a line or hear the others'. Raises Refused, QueueError."""
    if isinstance(request, Say):
        number = await _say(services, request, visit, by)
        role = Role.CLINICIAN if by == visit.clinician else Role.PATIENT
        line = ChatLine(number, role.value, request.text)
        return SaidNow(visit=visit.id, lines=[line], said=number)
    try:
        lines, said = await services.store.hear(
            visit.ref, visit.id, by, request.after, services.ring
        )
    except SealError:
        raise Refused(ErrorCode.CHAT_UNREADABLE) from None
    return SaidNow(visit=visit.id, lines=[_line(each) for each in lines], said=said)


async def _say(
    services: Services, request: Say, visit: Visit, by: PatientKey | ClinicianKey
) -> int:
    after, number = await services.store.say(
        visit.ref, visit.id, by, request.epoch, request.key, request.text, services.ring
    )
    services.audience.visit(after)
    return number


def _line(said: Said) -> ChatLine:
    return ChatLine(said.number, said.role, said.text)
