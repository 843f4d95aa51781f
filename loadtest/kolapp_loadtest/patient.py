"""A patient's verbs: one request each, arguments filled in from the newest snapshot."""

from __future__ import annotations

from typing import cast

from .client import KolappClient
from .errors import Misuse
from .wire import Call, SdpAnswer, Ticket, Visit


class Patient(KolappClient):
    async def join(self, queue: str) -> Ticket:
        return cast(Ticket, await self.request("join", queue=queue))

    async def find(self, queue: str) -> Ticket:
        return cast(Ticket, await self.request("find", queue=queue))

    async def leave(self) -> Ticket:
        return cast(Ticket, await self.request("leave", ticket=self._held()["ticket"]))

    async def answer(self) -> Ticket:
        return await self._reply_to_call("answer")

    async def decline(self) -> Ticket:
        return await self._reply_to_call("decline")

    async def offer(self, sdp: str, generation: int = 1) -> SdpAnswer:
        visit = self._visiting()
        reply = await self.request(
            "offer", visit=visit["id"], epoch=visit["epoch"], generation=generation, sdp=sdp
        )
        return cast(SdpAnswer, reply)

    async def hang_up(self) -> Ticket:
        visit = self._visiting()
        reply = await self.request("hang_up", visit=visit["id"], epoch=visit["epoch"])
        return cast(Ticket, reply)

    async def until_position(self, position: int, timeout: float = 10.0) -> Ticket:
        """Wait until the place is shown as `position`, by itself or by a push."""
        return await self.until(
            lambda patient: patient.ticket if patient.position == position else None,
            timeout,
            f"place {position}",
        )

    async def until_called(self, timeout: float = 10.0) -> Call:
        return await self.until(lambda patient: patient.call, timeout, "call")

    @property
    def state(self) -> str:
        """The ticket's state; "" before there is a ticket."""
        return self.ticket["state"] if self.ticket is not None else ""

    @property
    def position(self) -> int:
        """1 is next; 0 while not waiting."""
        place = self.ticket.get("place") if self.ticket is not None else None
        return place["position"] if place is not None else 0

    @property
    def call(self) -> Call | None:
        return self.ticket.get("call") if self.ticket is not None else None

    @property
    def visit(self) -> Visit | None:
        return self.ticket.get("visit") if self.ticket is not None else None

    async def _reply_to_call(self, verb: str) -> Ticket:
        call = self.call
        if call is None:
            raise Misuse(f"`{verb}` without being called; wait for `until_called`")
        reply = await self.request(verb, ticket=self._held()["ticket"], epoch=call["epoch"])
        return cast(Ticket, reply)

    def _held(self) -> Ticket:
        if self.ticket is None:
            raise Misuse("no ticket yet; `join` or `find` first")
        return self.ticket

    def _visiting(self) -> Visit:
        if self.visit is None:
            raise Misuse("not in a visit; `answer` a call first")
        return self.visit
