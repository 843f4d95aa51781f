"""Guests over REST: the provider's backend invites and removes them, and a guest shows the code."""

from __future__ import annotations

import secrets

import msgspec
from kolapp_queue.guest_verbs import Inviter
from kolapp_queue.model import Visit, VisitId

from .codes import ErrorCode
from .gate import Refused
from .guest_messages import (
    CodeShown,
    GuestPassGiven,
    GuestRemoved,
    GuestSeat,
    InvitationMade,
    InvitationOrder,
)
from .parts import Opaque
from .rest import Asked, Operation
from .roles import Role


async def invite_guest(asked: Asked) -> InvitationMade:
    order: InvitationOrder = asked.body
    visit, by = await _visit(asked), Inviter.backend(asked.who)
    key = order.key or secrets.token_urlsafe(16)
    _, made = await asked.node.invitations.invite(
        visit.ref, visit.id, by, visit.epoch, order.kind, key
    )
    return InvitationMade(made.guest, made.code, made.valid_ms)


async def remove_guest(asked: Asked) -> GuestRemoved:
    seat = _checked(asked.named["guest"], GuestSeat, ErrorCode.NO_VISIT, "guest")
    visit, by = await _visit(asked), Inviter.backend(asked.who)
    await asked.node.invitations.remove(visit.ref, visit.id, by, visit.epoch, seat)
    return GuestRemoved(seat)


async def redeem_code(asked: Asked) -> GuestPassGiven:
    shown: CodeShown = asked.body
    return await asked.node.invitations.redeem(shown.code, shown.key)


async def _visit(asked: Asked) -> Visit:
    """Read now: nobody else's epoch is of concern to the backend. Raises Refused, NoSuchVisit."""
    queue = await asked.node.queues.addressed(asked.provider, asked.queue)
    if queue is None:
        raise Refused(ErrorCode.UNKNOWN_QUEUE, "queue")
    visit = _checked(asked.named["visit"], Opaque, ErrorCode.NO_VISIT, "visit")
    return await asked.node.store.read_visit(queue.ref, VisitId(visit))


def _checked(name: str, kind: object, code: ErrorCode, field: str) -> str:
    """A name of the path, if it can be one."""
    try:
        found: str = msgspec.convert(name, kind)
    except msgspec.ValidationError:
        raise Refused(code, field) from None
    return found


_GUESTS = "/queues/{queue}/visits/{visit}/guests"
OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "invite_guest",
        "POST",
        _GUESTS,
        "A link for somebody who shall join a live visit.",
        invite_guest,
        Role.BACKEND,
        InvitationMade,
        InvitationOrder,
    ),
    Operation(
        "remove_guest",
        "DELETE",
        _GUESTS + "/{guest}",
        "A guest has to go, or is invited no more.",
        remove_guest,
        Role.BACKEND,
        GuestRemoved,
    ),
    Operation(
        "redeem_code",
        "POST",
        "/guest",
        "What is in the link, for what to say `hello` with.",
        redeem_code,
        None,
        GuestPassGiven,
        CodeShown,
    ),
)
