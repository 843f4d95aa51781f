"""What every client asks of its session; `messages.py` has the union of all messages."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from .parts import ClientMessage, Opaque


class Hello(ClientMessage, frozen=True, tag="hello"):
    """First message on every connection, within 2 s. `resume` is the private id of a session
    that lost its connection less than two minutes ago."""

    token: Annotated[str, Meta(min_length=1, max_length=8_192)]
    resume: Opaque | None = None


class Renew(ClientMessage, frozen=True, tag="renew"):
    """A fresh token of the same person and role, before the present one runs out; see `token`. The
    session goes on with its rights."""

    token: Annotated[str, Meta(min_length=1, max_length=8_192)]


class Ping(ClientMessage, frozen=True, tag="ping"):
    """Liveness as the application sees it; answered with `pong`."""


class LookAround(ClientMessage, frozen=True, tag="queues"):
    """Patient or clinician: the queues as they stand now; the welcome's may be old."""
