"""Frames to messages and back, for both encodings. Pure.

`decode` validates in the same step: what it returns is a message of the catalogue, and whatever
else a client can think of is one `BadMessage`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from .messages import (
    SUBPROTOCOL_JSON,
    SUBPROTOCOL_MSGPACK,
    AnyClientMessage,
)
from .parts import RequestId, ServerMessage

T = TypeVar("T")

TEXT, BINARY = 0x1, 0x2  # opcodes of RFC 6455, 5.2

_PATH = re.compile(r" - at `(?:key` in `)?\$\.?(.*?)`\Z")
_MISSING = re.compile(r"required field `(\w{1,64})`")
_LONGEST_TEXT = 200  # a client's own field name may be in it, and that can be 60 kB long


@dataclass
class BadMessage(Exception):
    """Not in the protocol. `re` is the request's id if one could be read, `field` the path."""

    text: str
    re: int | None = None
    field: str = ""

    def __str__(self) -> str:
        return self.text


class _Envelope(msgspec.Struct):
    """What can still be read of a message that is wrong elsewhere."""

    id: RequestId


def _count_json(data: bytes) -> tuple[int, int]:
    """Fields written and fields different in one valid, flat JSON object."""
    pairs: list[tuple[str, Any]] = json.loads(data, object_pairs_hook=list)
    return len(pairs), len({name for name, _ in pairs})


_fields = msgspec.msgpack.Decoder(dict[str, msgspec.Raw])


def _count_msgpack(data: bytes) -> tuple[int, int]:
    """The same for a valid, flat MessagePack map: its header says how many were written."""
    head = data[0]
    if head == 0xDE:
        written = int.from_bytes(data[1:3], "big")
    elif head == 0xDF:
        written = int.from_bytes(data[1:5], "big")
    else:
        written = head & 0x0F
    return written, len(_fields.decode(data))


@dataclass(frozen=True, slots=True)
class Codec:
    """One encoding. Keeps nothing between messages, so all connections share it."""

    subprotocol: str
    opcode: int
    encode: Callable[[ServerMessage], bytes]
    _decode: Callable[[bytes], AnyClientMessage]
    _envelope: Callable[[bytes], _Envelope]
    _count: Callable[[bytes], tuple[int, int]]

    def decode(self, data: bytes) -> AnyClientMessage:
        try:
            return _decoded(data, self._decode, self._count)
        except BadMessage as bad:
            bad.re = self._id(data)
            raise

    def _id(self, data: bytes) -> int | None:
        try:
            return self._envelope(data).id
        except (ValueError, RecursionError):
            return None


def decode_body(data: bytes, kind: type[T]) -> T:
    """The flat JSON object that is the body of a REST request. Raises BadMessage."""
    return _decoded(data, msgspec.json.Decoder(kind).decode, _count_json)


def _decoded(
    data: bytes, decode: Callable[[bytes], T], count: Callable[[bytes], tuple[int, int]]
) -> T:
    try:
        message = decode(data)
    except (ValueError, RecursionError) as wrong:
        raise BadMessage(_text(wrong), field=_field(wrong)) from None
    written, different = count(data)
    if written != different:
        # The decoders take the last one, other parsers the first: nobody should have to know.
        raise BadMessage("A field occurs twice.")
    return message


def _text(wrong: Exception) -> str:
    if isinstance(wrong, RecursionError):
        return "Nested too deeply."
    if isinstance(wrong, UnicodeDecodeError):
        return "Not valid UTF-8."
    return str(wrong)[:_LONGEST_TEXT]


def _field(wrong: Exception) -> str:
    if not isinstance(wrong, msgspec.ValidationError):
        return ""
    text = str(wrong)
    found = _PATH.search(text) or _MISSING.search(text)
    return found.group(1)[:_LONGEST_TEXT] if found else ""


CODECS = {
    SUBPROTOCOL_JSON: Codec(
        SUBPROTOCOL_JSON,
        TEXT,
        msgspec.json.Encoder().encode,
        msgspec.json.Decoder(AnyClientMessage).decode,
        msgspec.json.Decoder(_Envelope).decode,
        _count_json,
    ),
    SUBPROTOCOL_MSGPACK: Codec(
        SUBPROTOCOL_MSGPACK,
        BINARY,
        msgspec.msgpack.Encoder().encode,
        msgspec.msgpack.Decoder(AnyClientMessage).decode,
        msgspec.msgpack.Decoder(_Envelope).decode,
        _count_msgpack,
    ),
}


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole, unmasked server frame (RFC 6455, 5.2), ready for the transport.

    Written without the framework's coroutine, which would cost a third more for each of thousands
    of places and may wait for a slow reader.
    """
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 65_536:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big") + payload
