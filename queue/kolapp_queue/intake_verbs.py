"""What a patient wrote about the symptoms: sealed before it reaches the store, opened only for the
clinician who holds the visit. Keys never reach the store, and no text a log or an error."""

from __future__ import annotations

from .errors import IntakeTooLong
from .model import ClinicianKey, PatientKey, QueueRef, TicketId, VisitId
from .sealing import KeyRing, Purpose
from .verbs import Verbs

INTAKE_BYTES = 16_384  # of UTF-8


class IntakeVerbs(Verbs):
    async def put_intake(
        self, ref: QueueRef, ticket: TicketId, patient: PatientKey, text: str, ring: KeyRing
    ) -> None:
        """Keep `text` with the ticket until it is forgotten; a later one replaces an earlier one.
        Raises IntakeTooLong, NoSuchTicket; WrongState once the ticket has ended."""
        plain = text.encode()
        if len(plain) > INTAKE_BYTES:
            raise IntakeTooLong(len(plain), INTAKE_BYTES)
        sealed = ring.seal(Purpose.INTAKE, plain, ticket)
        await self._link.queue("put_intake", ref, ticket, patient, sealed)

    async def read_intake(
        self, ref: QueueRef, visit: VisitId, clinician: ClinicianKey, epoch: int, ring: KeyRing
    ) -> str | None:
        """What the patient of this visit wrote, None if nothing. Each call that hands out a text is
        an event of the audit, also a repeated one.

        Raises NoSuchVisit (also for somebody else's), StaleEpoch, WrongState once it has ended;
        UnknownKey or NotGenuine (`sealing`) if the text cannot be opened."""
        reply = await self._link.queue("read_intake", ref, visit, clinician, epoch)
        if "sealed" not in reply:
            return None
        return ring.open(Purpose.INTAKE, reply["sealed"], reply["ticket"]).decode()
