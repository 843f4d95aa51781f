"""What a patient does: draw, come and go, answer, decline, leave."""

from __future__ import annotations

from . import keys, records
from .eligibility import class_text, needs_text
from .errors import NoSuchTicket
from .model import Needs, PatientKey, QueueRef, Ticket, TicketId
from .verbs import Verbs

ANYBODY = Needs()


class PatientVerbs(Verbs):
    async def join(
        self,
        ref: QueueRef,
        patient: PatientKey,
        ticket: TicketId,
        connection: str,
        needs: Needs = ANYBODY,
        *,
        credit_ms: int = 0,
        capacity: int = 0,
        closes_ms: int = 0,
    ) -> Ticket:
        """Draw a number, or get the active ticket this patient has here; either way `connection`
        is attached. `ticket` is the id a new one gets (made by the caller: 128-bit random), so a
        repeated call draws once; if that very ticket has ended, it is answered with.

        A new ticket counts as having come `credit_ms` earlier than it did. It is drawn while fewer
        than `capacity` wait (0: any number) and before `closes_ms` of the store's clock (0: never
        closes). Raises QueueFull, QueueClosed, TooManyClasses."""
        await self._register(ref)
        spelled = (needs_text(needs), class_text(needs))
        drawn = (patient, ticket, connection, *spelled, credit_ms, capacity, closes_ms)
        if self._link.one_server and self.settings_of(ref).one_call_at_a_time:
            entered = (ref.queue, self._settings.retention_ms)
            record = keys.patient(ref.provider, patient)
            reply = await self._link.both("join", ref, record, *entered, *drawn)
            if "ticket" in reply:
                return records.ticket(ref, reply["ticket"])
        shared = await self._enter(ref, patient, ticket)
        return await self._ticket("join", ref, *drawn, int(shared))

    async def find(self, ref: QueueRef, patient: PatientKey) -> Ticket:
        """The patient's active ticket. No sign of life: `attach` is. Raises NoSuchTicket."""
        return await self._ticket("find", ref, patient)

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
            grace_ms = self.settings_of(ref).away_grace_ms
            await self._ticket("detach", ref, ticket, connection, grace_ms)
        except NoSuchTicket:
            return

    async def leave(self, ref: QueueRef, ticket: TicketId, patient: PatientKey) -> Ticket:
        """Give the place up. Raises NoSuchTicket; WrongState once in a visit or ended."""
        retention_ms = self.settings_of(ref).retention_ms
        return await self._ticket("leave", ref, ticket, patient, retention_ms)

    async def answer(
        self, ref: QueueRef, ticket: TicketId, patient: PatientKey, epoch: int
    ) -> Ticket:
        """Take the call. Raises NoSuchTicket, WrongState, StaleEpoch."""
        return await self._ticket("answer", ref, ticket, patient, epoch)

    async def decline(
        self, ref: QueueRef, ticket: TicketId, patient: PatientKey, epoch: int
    ) -> Ticket:
        """Refuse the call; the ticket ends. Raises NoSuchTicket, WrongState, StaleEpoch."""
        retention_ms = self.settings_of(ref).retention_ms
        return await self._ticket("decline", ref, ticket, patient, epoch, retention_ms)
