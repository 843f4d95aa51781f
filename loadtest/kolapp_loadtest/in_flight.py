"""Requests that have no reply yet, in the order of sending."""

from __future__ import annotations

import asyncio

from .errors import LoadtestError, RequestRefused
from .wire import Message

MAX_IN_FLIGHT = 64  # one more is refused with a LoadtestError


class InFlight:
    __slots__ = ("_requests",)

    def __init__(self) -> None:
        self._requests: dict[int, tuple[bytes, asyncio.Future[Message]]] = {}

    def add(self, number: int, frame: bytes) -> asyncio.Future[Message]:
        if len(self._requests) >= MAX_IN_FLIGHT:
            raise LoadtestError(f"{MAX_IN_FLIGHT} requests without a reply; wait for some first")
        reply: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._requests[number] = (frame, reply)
        return reply

    def remove(self, number: int) -> None:
        del self._requests[number]

    def frames(self) -> list[bytes]:
        return [frame for frame, _ in self._requests.values()]

    def settle(self, message: Message) -> None:
        """Hand a reply to whoever waits for it; a second reply or a push changes nothing."""
        _, reply = self._requests.get(message.get("re", 0), (b"", None))
        if reply is None or reply.done():
            return
        if message["type"] == "error":
            reply.set_exception(
                RequestRefused(message["code"], message["message"], message.get("field", ""))
            )
        else:
            reply.set_result(message)

    def end(self, error: Exception) -> None:
        for _, reply in self._requests.values():
            if not reply.done():
                reply.set_exception(error)
