"""Codes that invite a guest, and the passes they are given for them: sealed, so that a forged one
never reaches the store. Pure.

A code is a random secret beside what finds the visit; the store has the secret's digest only. A
pass says who came in with which code, and is worth as much as the store's record of that.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TypeVar

import msgspec
from kolapp_queue.model import GuestId, QueueRef, VisitId
from kolapp_queue.sealing import KeyRing, NotGenuine, Purpose

PREFIX = "guest."  # of a pass; no JWT begins so
LENGTH = 2_048  # characters; a longer text is neither code nor pass
_SECRET_BYTES = 16


class Code(msgspec.Struct, frozen=True, array_like=True, tag="c1"):
    """The tag is the format's version."""

    provider: str
    queue: str
    visit: VisitId
    guest: GuestId
    secret: bytes

    @property
    def ref(self) -> QueueRef:
        return QueueRef(self.provider, self.queue)

    @property
    def digest(self) -> str:
        return digest_of(self.secret)

    def seal(self, ring: KeyRing) -> str:
        return ring.seal(Purpose.INVITATION, msgspec.msgpack.encode(self), "")


class GuestPass(msgspec.Struct, frozen=True, array_like=True, tag="p1"):
    provider: str
    queue: str
    visit: VisitId
    seat: str
    guest: GuestId
    digest: str  # of the code that it was given for
    key: str  # of the coming in
    expires_ms: int  # of the nodes' own clocks

    @property
    def ref(self) -> QueueRef:
        return QueueRef(self.provider, self.queue)

    def seal(self, ring: KeyRing) -> str:
        return PREFIX + ring.seal(Purpose.GUEST, msgspec.msgpack.encode(self), "")


def new_secret() -> bytes:
    return secrets.token_bytes(_SECRET_BYTES)


def digest_of(secret: bytes) -> str:
    """What the store has of it. A secret this long needs no slow hash."""
    return hashlib.sha256(secret).hexdigest()


def open_code(text: str, ring: KeyRing) -> Code:
    """Raises SealError for whatever is no code of ours."""
    return _opened(Purpose.INVITATION, text, ring, Code)


def open_pass(text: str, ring: KeyRing) -> GuestPass:
    """Raises SealError for whatever is no pass of ours."""
    if not text.startswith(PREFIX):
        raise NotGenuine("this is no pass")
    return _opened(Purpose.GUEST, text.removeprefix(PREFIX), ring, GuestPass)


_T = TypeVar("_T", Code, GuestPass)


def _opened(purpose: Purpose, text: str, ring: KeyRing, kind: type[_T]) -> _T:
    if len(text) > LENGTH:
        raise NotGenuine("this is too long")
    try:
        return msgspec.msgpack.decode(ring.open(purpose, text, ""), type=kind)
    except msgspec.MsgspecError:
        raise NotGenuine("this is of another version of Kolapp") from None
