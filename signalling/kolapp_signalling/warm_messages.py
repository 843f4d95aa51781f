"""What a client says to be connected before there is a visit."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from .parts import ClientMessage, Epoch, Name, Opaque, Sdp, ServerMessage


class Prepare(ClientMessage, frozen=True, tag="prepare"):
    """Patient whose place is within the queue's `ready_from`, or clinician on duty there: connect
    my leg before there is a visit. As `offer`, and answered with `sdp_answer`, whose `visit` is
    empty and `media_epoch` 0. Nobody sees or hears it."""

    queue: Name
    generation: Annotated[int, Meta(ge=1, le=1_000_000)]
    sdp: Sdp


class AskEcho(ClientMessage, frozen=True, tag="echo"):
    """Who is prepared: send me my own sound and picture back, or stop it. It stops by itself when
    the leg enters a visit."""

    on: bool


class Enter(ClientMessage, frozen=True, tag="enter"):
    """Patient or clinician of the visit, also while it rings: my prepared leg is my leg of this
    `generation`. `not_prepared` when none is connected at the visit's media node: then offer."""

    visit: Opaque
    epoch: Epoch
    generation: Annotated[int, Meta(ge=1, le=1_000_000)]


class EchoNow(ServerMessage, frozen=True, tag="echo", kw_only=True):
    on: bool


class Entered(ServerMessage, frozen=True, tag="entered", kw_only=True):
    """The leg is in the visit; `media_epoch` and `slots` as with `sdp_answer`."""

    visit: str
    generation: int
    media_epoch: int
    slots: list[str] = msgspec.field(default_factory=list)
