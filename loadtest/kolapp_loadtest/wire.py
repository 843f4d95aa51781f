"""The protocol as a client sees it: two encodings, and the shape of what a node sends.

Written from PROTOCOL.md, not from the server's code: a message the two sides understand
differently shows up in the tests. Fields that hold their empty value may be missing on the wire.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import msgpack

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Codec:
    """One encoding of the protocol; `binary` says which kind of frame carries it."""

    subprotocol: str
    binary: bool
    encode: Callable[[Message], bytes]
    decode: Callable[[bytes | str], Message]


def _to_json(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


MSGPACK = Codec("kolapp.v1.msgpack", True, msgpack.packb, msgpack.unpackb)
JSON = Codec("kolapp.v1.json", False, _to_json, json.loads)

ABNORMAL = 1006  # the connection went away without a closing handshake (RFC 6455, 7.1.5)
# The server or the network failed, not the client (RFC 6455, 7.4.1 and its registry).
_AGAIN = frozenset({1001, 1005, ABNORMAL, 1011, 1012, 1013, 1014})


def may_reconnect(code: int) -> bool:
    """What the range of a close code says: connect again, or leave it to a person."""
    return code in _AGAIN or 4000 <= code <= 4499


class Wait(TypedDict):
    known: bool
    low_s: int
    high_s: int
    why: NotRequired[str]


class Place(TypedDict):
    position: int
    waiting: int
    wait: Wait
    stale: NotRequired[bool]


class Call(TypedDict):
    visit: str
    epoch: int
    answer_within_ms: int


class Participant(TypedDict):
    role: str
    media: str
    kind: NotRequired[str]
    id: NotRequired[str]


class Awaited(TypedDict):
    role: str
    kind: str
    valid_ms: int


class Visit(TypedDict):
    id: str
    epoch: int
    state: str
    queue: str
    number: int
    media_epoch: int
    participants: list[Participant]
    ring_ms: NotRequired[int]
    live_ms: NotRequired[int]
    reason: NotRequired[str]
    said: NotRequired[int]
    slots: NotRequired[int]
    invited: NotRequired[list[Awaited]]


class Ticket(TypedDict):
    version: int
    ticket: str
    queue: str
    number: int
    state: str
    place: NotRequired[Place | None]
    call: NotRequired[Call | None]
    visit: NotRequired[Visit | None]
    missed: NotRequired[int]
    away: NotRequired[bool]
    reason: NotRequired[str]


class QueueLoad(TypedDict):
    name: str
    title: str
    waiting: int
    on_duty: int


class Duty(TypedDict):
    version: int
    on_duty: bool
    queues: list[QueueLoad]
    serves: list[str]
    weights: NotRequired[dict[str, int]]
    visit: NotRequired[Visit | None]


class GuestNow(TypedDict):
    version: int
    you: str
    state: str
    visit: NotRequired[Visit | None]


class Invited(TypedDict):
    visit: str
    guest: str
    code: str
    valid_ms: int


class Welcome(TypedDict):
    role: str
    session: str
    resume: str
    resumed: bool
    node: str
    version: str
    ping_every_ms: int


class SdpAnswer(TypedDict):
    visit: str
    generation: int
    media_epoch: int
    sdp: str
    slots: NotRequired[list[str]]
