"""Removing what is personal of one ticket, or of one patient in one queue."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import NoSuchTicket
from .model import PatientKey, QueueRef, Ticket, TicketId, VisitId
from .verbs import Verbs


class EraseVerbs(Verbs):
    async def end_erased(self, ref: QueueRef, ticket: TicketId, patient: PatientKey) -> Ticket:
        """First step: the ticket, if it is active, ends as `left`, reason `erased`, and so does its
        visit; everybody concerned is told. Raises NoSuchTicket."""
        return await self._ticket("end_erased", ref, ticket, patient, self._settings.retention_ms)

    async def erase(
        self, ref: QueueRef, ticket: TicketId, patient: PatientKey, visits: Sequence[VisitId]
    ) -> bool:
        """Second step: nothing personal is left of an ended ticket, but that there was one: it
        refuses a signed copy until copies of its time are void. Its visits and what the patient
        wrote are gone. False if that was so already. Raises WrongState while it is active."""
        try:
            await self._link.queue("erase", ref, ticket, patient, ",".join(visits))
        except NoSuchTicket:
            return False
        return True

    async def erase_unread(
        self,
        ref: QueueRef,
        patient: PatientKey,
        tickets: Sequence[TicketId],
        visits: Sequence[VisitId],
    ) -> None:
        """Those of these records that nobody can read are gone, and so is what told of this patient
        that they may wait elsewhere too."""
        await self._link.queue("erase_unread", ref, patient, ",".join(tickets), ",".join(visits))
