"""What follows a store that lost writes: places come back from the patients' signed copies."""

from __future__ import annotations

from .eligibility import class_text, needs_text
from .model import PatientKey, QueueRef, Ticket
from .sealing import KeyRing
from .signed import open_copy
from .verbs import Verbs


class RestoreVerbs(Verbs):
    async def restore(
        self, ref: QueueRef, patient: PatientKey, signed: str, connection: str, ring: KeyRing
    ) -> Ticket:
        """The place of a signed ticket: restored with its number and order key if the store lost
        it, the ticket as it stands (active or ended) if it did not; `connection` is attached.

        Present it when `find` or `attach` raised NoSuchTicket, before a new `join`: whoever has
        joined anew keeps the new number. Raises NotGenuine, UnknownKey, NotYours for a copy that
        is not this patient's here; CopyExpired; NoSuchTicket if the store lost nothing and the
        ticket is simply forgotten or erased."""
        copy = open_copy(signed, ref, patient, ring)
        await self._register(ref)
        return await self._ticket(
            "restore",
            ref,
            copy.ticket,
            patient,
            connection,
            copy.number,
            copy.order_key,
            copy.joined_ms,
            copy.version,
            copy.expires_ms,
            needs_text(copy.needs),
            class_text(copy.needs),
            copy.credit_ms,
        )

    async def went_back(self, ref: QueueRef, seen: int) -> None:
        """A node saw version `seen`; if the store is below it, it lost writes: all copies up to
        `seen` may be restored. Harmless when the store is not behind (a late answer)."""
        await self._link.queue("went_back", ref, seen)
