"""How guests are asked into a visit and out, and what they are shown."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from .parts import ClientMessage, Epoch, Opaque, ServerMessage, VisitInfo

GuestKind = Annotated[str, Meta(pattern="^(guardian|interpreter|colleague)$")]
GuestSeat = Annotated[str, Meta(pattern="^guest[12]$")]


class Invite(ClientMessage, frozen=True, tag="invite"):
    """Clinician of the live visit: a link for somebody who shall join it. With the same `key` it is
    the same invitation under a new code, and the older one is void. A visit in direct mode becomes
    a bridged one."""

    visit: Opaque
    epoch: Epoch
    kind: GuestKind
    key: Opaque


class RemoveGuest(ClientMessage, frozen=True, tag="remove_guest"):
    """Clinician of the live visit: this guest has to go, or is invited no more. Nobody there is
    fine too."""

    visit: Opaque
    epoch: Epoch
    guest: GuestSeat


class Invited(ServerMessage, frozen=True, tag="invited", kw_only=True):
    """Whoever shows `code` first, within `valid_ms`, is `guest` of the visit. It belongs into the
    fragment of a link (`/guest#CODE`), which no server sees."""

    visit: str
    guest: str
    code: str
    valid_ms: int


class GuestSnapshot(ServerMessage, frozen=True, tag="guest", kw_only=True):
    """A guest's visit; `you` is the guest's own role in it. `state` is `in`, with the visit, or
    else what became of it: `left`, `removed` or `over`. After these the connection is closed, and
    the pass is worth nothing any more. `said` of the visit counts from the guest's coming in."""

    version: int
    you: str
    state: str
    visit: VisitInfo | None = None


class InvitationOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who shall be invited. Asked again with the same `key` it is the same invitation under a new
    code; without one, each time another."""

    kind: GuestKind
    key: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""


class InvitationMade(msgspec.Struct, frozen=True):
    """As `invited` of the WebSocket."""

    guest: str
    code: str
    valid_ms: int


class GuestRemoved(msgspec.Struct, frozen=True):
    """Nobody has this seat of the visit."""

    guest: str


class CodeShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code of a link. It works once; with the same `key`, of the client's own making, that once
    may be asked again, for an answer that was lost."""

    code: Annotated[str, Meta(max_length=2_048)]
    key: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""


class GuestPassGiven(msgspec.Struct, frozen=True):
    """`token` is what the guest says `hello` with, for `valid_ms` or until the visit ends."""

    token: str
    provider: str
    visit: str
    guest: str
    valid_ms: int
