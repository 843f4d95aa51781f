"""What the people of a visit write to each other."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from .parts import ClientMessage, Epoch, Opaque, ServerMessage


class Say(ClientMessage, frozen=True, tag="say"):
    """Anybody in a live visit: a line for the others. Send one at a time; sent again
    with the `key` of the newest line, it is that line. Answered with `said`."""

    visit: Opaque
    epoch: Epoch
    key: Opaque
    text: Annotated[str, Meta(min_length=1, max_length=2_000)]


class Hear(ClientMessage, frozen=True, tag="hear"):
    """Anybody in a live visit: the lines behind number `after`. The visit's `said`
    tells when there are new ones."""

    visit: Opaque
    after: Annotated[int, Meta(ge=0, le=1_000_000)]


class ChatLine(msgspec.Struct, frozen=True):
    """`number` counts from 1, for a guest from the coming in; `role` is who wrote it, as among the
    participants."""

    number: int
    role: str
    text: str


class SaidNow(ServerMessage, frozen=True, tag="said", kw_only=True):
    """Lines of the visit's chat, in order; `said` is the number of the newest there is. If it is
    greater than that of the last line here, there are more."""

    visit: str
    lines: list[ChatLine]
    said: int
