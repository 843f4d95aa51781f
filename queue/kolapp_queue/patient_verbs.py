"""What a patient does: draw, come and go, answer, decline, leave."""

from __future__ import annotations

from . import records
from .errors import NoSuchTicket
from .keys import queue_key
from .model import PatientKey, QueueRef, Ticket, TicketId
from .verbs import Verbs


class PatientVerbs(Verbs):
    async def join(
        self, ref: QueueRef, patient: PatientKey, ticket: TicketId, connection: str
    ) -> Ticket:
        """Draw a number, or get the active ticket this patient has here; either way `connection`
        is attached. `ticket` is the id a new one gets (made by the caller: 128-bit random), so a
        repeated call draws once; if that very ticket has ended, it is answered with."""
        await self._register(ref)
        return await self._ticket("join", ref, patient, ticket, connection)

    async def find(self, ref: QueueRef, patient: PatientKey) -> Ticket:
        """The patient's active ticket. No sign of life: `attach` is. Raises NoSuchTicket."""
        return await self._ticket("find", ref, patient)

    async def read_ticket(self, ref: QueueRef, ticket: TicketId) -> Ticket:
        """Also an ended ticket, until it is forgotten. Raises NoSuchTicket."""
        packed = await self._link.do(lambda redis: redis.hget(queue_key(ref, "tickets"), ticket))
        if packed is None:
            raise NoSuchTicket
        return records.ticket(ref, records.unpack(packed))

    async def attach(
        self, ref: QueueRef, ticket: TicketId, patient: PatientKey, connection: str
    ) -> Ticket:
        """A connection of this patient is there: present again. The newest connection wins. An
        ended ticket is answered with unchanged. Raises NoSuchTicket."""
        return await self._ticket("attach", ref, ticket, patient, connection)

    async def detach(self, ref: QueueRef, ticket: TicketId, connection: str) -> None:
        """That connection is gone; a no-op unless it is still the ticket's newest one. Also a
        no-op for a ticket that is forgotten already."""
        try:
            await self._ticket("detach", ref, ticket, connection, self._settings.away_grace_ms)
        except NoSuchTicket:
            return

    async def leave(self, ref: QueueRef, ticket: TicketId, patient: PatientKey) -> Ticket:
        """Give the place up. Raises NoSuchTicket; WrongState once in a visit or ended."""
        return await self._ticket("leave", ref, ticket, patient, self._settings.retention_ms)

    async def answer(
        self, ref: QueueRef, ticket: TicketId, patient: PatientKey, epoch: int
    ) -> Ticket:
        """Take the call. Raises NoSuchTicket, WrongState, StaleEpoch."""
        return await self._ticket("answer", ref, ticket, patient, epoch)

    async def decline(
        self, ref: QueueRef, ticket: TicketId, patient: PatientKey, epoch: int
    ) -> Ticket:
        """Refuse the call; the ticket ends. Raises NoSuchTicket, WrongState, StaleEpoch."""
        retention_ms = self._settings.retention_ms
        return await self._ticket("decline", ref, ticket, patient, epoch, retention_ms)
