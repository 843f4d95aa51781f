"""What RFC 6455 asks of incoming frames and the framework lets through, in front of its reader.

The framework takes unmasked frames, forgets that an empty first fragment opened a message, and has
no time limit for a message that never ends. Only the heads of frames are looked at here; what is in
order goes on as it came. This is the one file that knows the insides of aiohttp's WebSocket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal

from aiohttp import web
from aiohttp.web_request import BaseRequest

from .codes import CloseCode

_CONTINUATION = 0x0
_DATA = frozenset({0x1, 0x2})
_CONTROL = frozenset({0x8, 0x9, 0xA})
_FIN, _RESERVED, _OPCODE, _MASKED, _LENGTH = 0x80, 0x70, 0x0F, 0x80, 0x7F
_MOST_CONTROL = 125  # bytes that a control frame may carry (RFC 6455, 5.5)
_LONGEST_HEAD = 14


class FrameGuard:
    """Sits between the socket and the framework's reader. `wrong` is why nothing goes on any more;
    `on_wrong` is told once."""

    __slots__ = (
        "_frames",
        "_frames_per_s",
        "_head",
        "_left",
        "_most_bytes",
        "_open",
        "_reader",
        "_second",
        "_size",
        "begun",
        "on_wrong",
        "wrong",
    )

    def __init__(self, reader: Any, most_bytes: int, frames_per_s: int) -> None:
        self.begun = 0.0  # when the message began that is not complete yet; 0 without one
        self.wrong: CloseCode | None = None
        self.on_wrong: Callable[[CloseCode], None] | None = None
        self._reader = reader
        self._most_bytes = most_bytes
        self._frames_per_s = frames_per_s
        self._head = b""  # the part of a head that has come
        self._left = 0  # bytes of the present frame's payload that are still to come
        self._open = False  # between the fragments of a message
        self._size = 0  # of the present message
        self._second, self._frames = 0, 0  # frames in the present second

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """What the framework calls; `(False, b"")` is its "go on"."""
        if self.wrong is not None:
            return False, b""
        self._look(data, asyncio.get_running_loop().time())
        if self.wrong is None:
            self._reader.feed_data(data)
        elif self.on_wrong is not None:
            self.on_wrong(self.wrong)
        return False, b""

    def feed_eof(self) -> None:
        self._reader.feed_eof()

    def _look(self, data: bytes, now: float) -> None:
        """Find the heads of frames in these bytes, up to one that is wrong."""
        at, end = 0, len(data)
        while True:
            step = min(self._left, end - at)
            self._left -= step
            at += step
            if not (self._left or self._open or self._head):
                self.begun = 0.0
            if at == end:
                return
            self.begun = self.begun or now
            head = self._head + data[at : at + _LONGEST_HEAD - len(self._head)]
            size = _head_size(head)
            if len(head) < size:
                self._head = head
                return
            if (wrong := self._judged(head, size, int(now))) is not None:
                self.wrong = wrong
                return
            at += size - len(self._head)
            self._head = b""

    def _judged(self, head: bytes, size: int, second: int) -> CloseCode | None:
        """Take note of a frame's head; or why its connection has to end."""
        opcode, final = head[0] & _OPCODE, bool(head[0] & _FIN)
        if second != self._second:
            self._second, self._frames = second, 0
        self._frames += 1
        if self._frames > self._frames_per_s:
            return CloseCode.FLOOD
        if head[0] & _RESERVED or not head[1] & _MASKED:
            return CloseCode.PROTOCOL_ERROR
        length = _length(head, size)
        if length is None:
            return CloseCode.PROTOCOL_ERROR
        self._left = length
        if opcode in _CONTROL:
            return None if final and length <= _MOST_CONTROL else CloseCode.PROTOCOL_ERROR
        if opcode not in _DATA and opcode != _CONTINUATION:
            return CloseCode.PROTOCOL_ERROR
        if self._open != (opcode == _CONTINUATION):
            return CloseCode.PROTOCOL_ERROR
        self._size = length + (self._size if self._open else 0)
        self._open = not final
        return CloseCode.TOO_BIG if self._size > self._most_bytes else None


def _head_size(head: bytes) -> int:
    """Of the whole head, as far as its beginning tells."""
    if len(head) < 2:
        return 2
    longer = {126: 2, 127: 8}.get(head[1] & _LENGTH, 0)
    return 2 + longer + (4 if head[1] & _MASKED else 0)


def _length(head: bytes, size: int) -> int | None:
    """Of the payload; None unless it is written as short as it can be (RFC 6455, 5.2)."""
    short = head[1] & _LENGTH
    if short < 126:
        return short
    length = int.from_bytes(head[2 : size - 4], "big")
    least, most = (126, 2**16) if short == 126 else (2**16, 2**63)
    return length if least <= length < most else None


class GuardedSocket(web.WebSocketResponse[Literal[False]]):
    """The framework's WebSocket with a guard before its reader."""

    def __init__(self, *, most_bytes: int, frames_per_s: int, **options: Any) -> None:
        # The framework refuses what reaches its limit, and says less well why.
        super().__init__(max_msg_size=most_bytes + 1, decode_text=False, **options)
        self._limits = most_bytes, frames_per_s
        self.guard: FrameGuard

    def _post_start(self, request: BaseRequest, protocol: str | None, writer: Any) -> None:
        connection = request.protocol
        # What came with the handshake would go to the reader past the guard.
        early, connection._message_tail = connection._message_tail, b""
        super()._post_start(request, protocol, writer)
        self.guard = FrameGuard(self._parser, *self._limits)
        connection._payload_parser = self.guard
        if early:
            self.guard.feed_data(early)

    def untie(self) -> None:
        """Nothing comes or goes here any more: cut the rings of references, so that no collector
        has to look for what is left, which stops everybody else. An attack of ten thousand
        sockets leaves as many."""
        self._set_closed()  # or the framework closes once more, and keeps the error it runs into
        self._exception = None  # its traceback holds the frames that hold this socket
        self.guard.on_wrong = None
