"""One WebSocket: frames in, one at a time; snapshots out, the latest of each kind only.

There is one reader (the request handler) and no writer task. Frames go straight into the
transport while it is nearly empty; for a client that does not keep up they are held here, bounded,
until there is room again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import WSCloseCode, WSMsgType

from .codes import CLOSE_TEXT, ERROR_TEXT, CloseCode, ErrorCode
from .frames import GuardedSocket
from .messages import AnyClientMessage, Error
from .parts import ServerMessage
from .wire import BINARY, TEXT, BadMessage, Codec, frame

_CLOSE, _PING, _PONG = 0x8, 0x9, 0xA  # opcodes of RFC 6455, 5.5
_UNSENT_BYTES = 32_768  # what may lie unsent in the transport before messages are held here
_AGAIN_S = 0.1  # after this it is looked whether there is room for what is held
_CLOSE_S = 2.0  # the client's half of a closing handshake must come within this
_OPCODES = {WSMsgType.TEXT: TEXT, WSMsgType.BINARY: BINARY}
_FRAMES = frozenset({*_OPCODES, WSMsgType.PING, WSMsgType.PONG})


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one connection; see the settings of the same names."""

    outbox: int
    errors: int
    messages_per_s: int
    ping_every_s: float
    pong_timeout_s: float
    message_timeout_s: float


class Connection:
    """`id` is what the store calls this connection of a person: new for every socket."""

    __slots__ = (
        "_abort",
        "_again",
        "_codec",
        "_counted",
        "_errors",
        "_heard",
        "_latest",
        "_left",
        "_limits",
        "_pinged",
        "_replies",
        "_told",
        "_transport",
        "_ws",
        "close_code",
        "ended",
        "id",
    )

    def __init__(
        self,
        connection_id: str,
        ws: GuardedSocket,
        transport: asyncio.Transport,
        codec: Codec,
        limits: Limits,
    ) -> None:
        self.id = connection_id
        self.close_code: CloseCode | None = None  # set once we decide to close
        self._ws = ws
        self._transport = transport
        self._codec = codec
        self._limits = limits
        self._heard = _now()  # when the last frame of any kind came
        self._pinged = False  # since then
        self._errors = 0  # bad messages in a row
        self._left, self._counted = float(limits.messages_per_s), _now()  # a token bucket
        self._replies: list[bytes] = []  # held because the client does not keep up
        self._told = 0  # words, so that none takes another's place
        self._latest: dict[str, bytes] = {}  # held: the newest snapshot of each kind
        self._again: asyncio.TimerHandle | None = None  # set while something is held
        self._abort: asyncio.TimerHandle | None = None  # set while the client may still answer
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ws.guard.on_wrong = self.fail
        if ws.guard.wrong is not None:
            self.fail(ws.guard.wrong)

    # In

    async def receive(self) -> AnyClientMessage | Error | None:
        """The next message of the catalogue, or the reply that a bad one gets when its turn comes.
        None: it is over."""
        while (received := await self._ws.receive()).type in _FRAMES:
            self._heard, self._pinged = _now(), False
            if self.close_code is not None:
                continue  # nothing counts any more but the client's half of the closing
            if received.type == WSMsgType.PING:
                await self._spend()
                self._put(frame(_PONG, received.data))
            elif received.type in _OPCODES:
                await self._spend()
                if (found := self._understood(received.type, received.data)) is not None:
                    return found
        if received.type == WSMsgType.CLOSE:
            self._part(received.data)
        return None

    def _understood(self, kind: WSMsgType, data: bytes) -> AnyClientMessage | Error | None:
        """None: no text at all, which ends the connection (RFC 6455, 8.1)."""
        try:
            if _OPCODES[kind] != self._codec.opcode:
                raise BadMessage(f"{self._codec.subprotocol} has no {kind.name.lower()} frames.")
            return self._codec.decode(data)
        except BadMessage as bad:
            if kind == WSMsgType.TEXT and not _is_text(data):
                self.fail(CloseCode.BAD_TEXT)
                return None
            text = f"{ERROR_TEXT[ErrorCode.BAD_MESSAGE]} {bad.text}"
            return Error(re=bad.re, code=ErrorCode.BAD_MESSAGE, message=text, field=bad.field)

    async def _spend(self) -> None:
        """A client that sends too fast is read more slowly: the pressure is its own."""
        now, rate = _now(), self._limits.messages_per_s
        self._left = min(rate, self._left + (now - self._counted) * rate) - 1
        self._counted = now
        if self._left < 0:
            # Each message waits for its own turn: not all of a second's for the next one, in which
            # everybody who sends too fast would come at the same moment.
            await asyncio.sleep(-self._left / rate)

    # Out

    def send(self, message: ServerMessage) -> None:
        """A reply: never dropped, so too many that wait end the connection."""
        data = frame(self._codec.opcode, self._codec.encode(message))
        if not self._put(data):
            self._replies.append(data)
            self._try_again_soon()
            if len(self._replies) > self._limits.outbox:
                self.close_soon(CloseCode.SLOW_READER)
        bad = isinstance(message, Error) and message.code == ErrorCode.BAD_MESSAGE
        self._errors = self._errors + 1 if bad else 0
        if self._errors >= self._limits.errors:
            self.close_soon(CloseCode.TOO_MANY_ERRORS)

    def push(self, kind: str, message: ServerMessage) -> None:
        """A snapshot: of each kind only the latest waits."""
        data = frame(self._codec.opcode, self._codec.encode(message))
        if not self._put(data):
            self._latest[kind] = data
            self._try_again_soon()

    def tell(self, message: ServerMessage) -> None:
        """What is said once and replaces nothing: in its order behind what waits, while there is
        room; who reads too slowly misses it."""
        if len(self._latest) < self._limits.outbox:
            self._told += 1
            self.push(f"word {self._told}", message)

    def _try_again_soon(self) -> None:
        if self._again is None:
            self._again = asyncio.get_running_loop().call_later(_AGAIN_S, self._try_again)

    def _try_again(self) -> None:
        self._again = None
        self._flush()
        if self._replies or self._latest:
            self._try_again_soon()

    def _flush(self) -> None:
        if self._over():
            self._replies.clear()
            self._latest.clear()
        while self._replies and self._room():
            self._transport.write(self._replies.pop(0))
        while self._latest and self._room():
            self._transport.write(self._latest.pop(next(iter(self._latest))))

    def _put(self, data: bytes) -> bool:
        """Write now, unless something waits already or the client does not read."""
        if self._replies or self._latest:
            self._flush()
        if self._over():
            return True  # what nobody will read any more is not kept
        if self._replies or self._latest or not self._room():
            return False
        self._transport.write(data)
        return True

    def _room(self) -> bool:
        return self._transport.get_write_buffer_size() < _UNSENT_BYTES

    def _over(self) -> bool:
        return self.close_code is not None or self._ws.closed or self._transport.is_closing()

    # Life

    def look_after(self) -> None:
        """Called about every second: ping a quiet client, give up a silent one, and one that does
        not come to the end of a message."""
        if self._half_said() > self._limits.message_timeout_s:
            self.close_soon(CloseCode.SLOW_SENDER)
        silent = _now() - self._heard
        if self._pinged and silent > self._limits.ping_every_s + self._limits.pong_timeout_s:
            self.close_soon(CloseCode.NO_PONG)
        elif not self._pinged and silent > self._limits.ping_every_s:
            self._pinged = True
            self._put(frame(_PING, b""))

    def _half_said(self) -> float:
        """For how long an unfinished message has been coming."""
        guard = self._ws.guard
        if guard.begun and not self._transport.is_reading():
            guard.begun = _now()  # it is we who do not read
        return _now() - guard.begun if guard.begun else 0.0

    def fail(self, code: CloseCode) -> None:
        """The frames themselves are wrong: what comes now cannot be read, so nothing of the
        client's is waited for but its end (RFC 6455, 7.1.7)."""
        if not self._over():
            self.close_soon(code)
            if self._transport.can_write_eof():
                self._transport.write_eof()

    def close_soon(self, code: CloseCode) -> None:
        """Say goodbye with this code; the first one wins.

        The reader goes on until the client has answered: whoever hangs up first may cut off the
        code before it is read. Not the framework's own closing, which waits for no answer when
        another task reads.
        """
        if not self._over():
            self.close_code = code
            payload = code.to_bytes(2, "big") + CLOSE_TEXT[code].encode()
            self._transport.write(frame(_CLOSE, payload))
            # What a client does not read stays in the transport for ever if nobody aborts it.
            self._abort = asyncio.get_running_loop().call_later(_CLOSE_S, self._transport.abort)

    def _part(self, code: int) -> None:
        """The client has closed with this code (0: without one). Unless that is its answer to us,
        it gets the same back at once (RFC 6455, 5.5.1), and then the transport is ours to close
        (7.1.1); what is held for it is void."""
        if not self._over():
            # The framework lets two kinds through that must not be on the wire (7.4).
            code = WSCloseCode.PROTOCOL_ERROR if code == 1006 or code > 4999 else code
            self._transport.write(frame(_CLOSE, code.to_bytes(2, "big") if code else b""))
        self._let_go()

    async def finish(self) -> None:
        """Read to the end of a connection that is being closed, then let it go."""
        if self.close_code is not None:
            await self.receive()
        self._let_go()
        self.ended.set_result(None)

    def _let_go(self) -> None:
        if self._abort is not None:
            self._abort.cancel()
        if self._transport.get_write_buffer_size() and not self._transport.is_closing():
            asyncio.get_running_loop().call_later(_CLOSE_S, self._transport.abort)
        self._transport.close()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _now() -> float:
    return asyncio.get_running_loop().time()
