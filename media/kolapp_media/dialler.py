"""One dialler on the node's side of the control socket: handshake, requests in, replies out."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterator
from itertools import islice

import msgspec

from . import control
from .errors import BadRequest, MediaError
from .model import CONTROL_LIMIT, AnyEvent, AnyReply, AnyRequest, LegChanged, Posted, Refused
from .settings import MediaSettings

_log = logging.getLogger(__name__)
_READ = 64 * 1024
_EVENTS = 64  # told at once to a dialler that has just come
_decode = msgspec.msgpack.Decoder(AnyRequest)
_encode = msgspec.msgpack.Encoder()

Answer = Callable[[AnyRequest], Awaitable[AnyReply]]


class Dialler:
    """Reads until the dialler hangs up, misbehaves or stops reading itself."""

    def __init__(
        self,
        settings: MediaSettings,
        secret: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._settings = settings
        self._secret = secret
        self._reader = reader
        self._writer = writer
        self._frames = control.FrameReader(control.HANDSHAKE_LIMIT)
        self._waiting: list[bytes] = []
        self._sealed: control.Seal | None = None
        writer.transport.set_write_buffer_limits(settings.control_backlog // 2)  # for `drain`
        self._room = asyncio.Semaphore(settings.outstanding_requests)
        self._answering: set[asyncio.Task[None]] = set()

    async def serve(self, answer: Answer, present: Iterator[LegChanged]) -> None:
        """Until the connection ends, whoever ends it. `present` is told first."""
        try:
            async with asyncio.timeout(self._settings.handshake_timeout):
                seal = await self._handshake()
            await self._tell_present(present)
            while (content := await self._next()) is not None:
                await self._room.acquire()  # no more requests are read than are worked on
                task = asyncio.create_task(self._answer(answer, seal.open(content)))
                self._answering.add(task)
                task.add_done_callback(self._answered)
        except (BadRequest, TimeoutError, ConnectionError):
            pass  # whose fault it is does not matter here: this dialler is closed, no other
        finally:
            self.close()
            await asyncio.gather(*self._answering, return_exceptions=True)

    def close(self) -> None:
        self._sealed = None
        self._writer.transport.abort()

    def tell(self, event: AnyEvent) -> None:
        """Send an event, if the dialler has proved itself."""
        self._send(_encode.encode(event))

    def pass_on(self, posted: Posted) -> None:
        """As `tell`, for what may be missed: it never fills more than half of the backlog."""
        unread = self._writer.transport.get_write_buffer_size() + len(posted.payload)
        if unread < self._settings.control_backlog // 2:
            self.tell(posted)

    async def _handshake(self) -> control.Seal:
        """Both proofs; returns the seal to open the dialler's frames with."""
        nonce = os.urandom(control.NONCE)
        self._writer.write(control.frame(control.GREETING + nonce))
        received = await self._next()
        if received is None:
            raise ConnectionResetError
        dialler_nonce, proof = control.read_reply(received)
        handshake = control.Handshake(self._secret, nonce, dialler_nonce)
        if not handshake.check(control.DIALLER, proof):
            raise BadRequest("the dialler does not know the secret")
        self._writer.write(control.frame(handshake.proof(control.NODE)))
        self._frames.limit = CONTROL_LIMIT
        self._sealed = handshake.seal(control.NODE)
        return handshake.seal(control.DIALLER)

    async def _tell_present(self, present: Iterator[LegChanged]) -> None:
        """At the dialler's pace, or a full node would be more than the backlog may hold; one
        that reads nothing for the handshake's time is closed."""
        while events := list(islice(present, _EVENTS)):
            for event in events:
                self.tell(event)
            async with asyncio.timeout(self._settings.handshake_timeout):
                await self._writer.drain()
                await asyncio.sleep(0)  # media goes first

    async def _next(self) -> bytes | None:
        while not self._waiting:
            data = await self._reader.read(_READ)
            if not data:
                return None
            self._waiting = self._frames.feed(data)
        return self._waiting.pop(0)

    async def _answer(self, answer: Answer, content: bytes) -> None:
        try:
            request = _decode.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self.close()  # there is no id to reply to; an honest dialler never sends this
            return
        try:
            reply = await answer(request)
        except MediaError as error:
            reply = Refused(request.id, error.code, str(error))
        except Exception:  # a bug of ours must not leave the dialler waiting
            _log.exception("a request failed: %s", type(request).__name__)
            reply = Refused(request.id, "internal", "the media node failed; ask again")
        self._send(_encode.encode(reply))

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._answering.discard(task)
        self._room.release()

    def _send(self, content: bytes) -> None:
        if self._sealed is None:
            return
        self._writer.write(self._sealed.close(content))
        if self._writer.transport.get_write_buffer_size() > self._settings.control_backlog:
            self.close()
