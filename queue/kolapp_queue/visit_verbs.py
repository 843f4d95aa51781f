"""Visits that do not simply end: taken over, transferred, rung again, corrected."""

from __future__ import annotations

import secrets
from typing import Any

import msgpack

from . import records
from .bulletin import Bulletin, read_closing
from .eligibility import class_text, needs_text
from .errors import (
    AlreadyInVisit,
    NoSuchVisit,
    QueueClosed,
    StaleEpoch,
    StoreUnavailable,
    TooManyClasses,
    WrongState,
)
from .keys import checked
from .model import ClinicianKey, Needs, QueueRef, Ticket, Visit, VisitId
from .pull_verbs import PULL_ATTEMPTS, PullVerbs
from .states import Outcome
from .verbs import Verbs


class TransferVerbs(Verbs):
    async def transfer(
        self,
        ref: QueueRef,
        visit: VisitId,
        clinician: ClinicianKey,
        epoch: int,
        queue: str,
        needs: Needs | None = None,
        credit_ms: int | None = None,
    ) -> Ticket:
        """Send the patient of a visit on to another queue of the provider, called or live; the time
        waited counts there. None: needs and credit as here. Answers with the ticket there, or
        with that here, still `transferring`, if the other queue has no room for its needs: a
        sweep brings it in as soon as there is.

        Three steps, each safe to repeat: out of this queue, into the other, done. A sweep completes
        what was cut off. Raises NoSuchVisit, StaleEpoch, WrongState once ended; QueueClosed if
        nobody would be served there before the next opening."""
        if queue == ref.queue:
            raise ValueError("a transfer leads into another queue")
        target = QueueRef(ref.provider, queue)
        known = await self.read_visit(ref, visit)
        # A repeat is answered with what it did, also when it closed meanwhile.
        if known.reason != "transferred" and await self._is_over(target):
            raise QueueClosed
        if needs is None:
            needs = (await self.read_ticket(ref, known.ticket)).needs
        settings = self.settings_of(ref)
        reply = await self._link.queue(
            *("transfer_out", ref, visit, clinician, epoch, target.queue),
            *(secrets.token_urlsafe(16), needs_text(needs), class_text(needs)),
            "" if credit_ms is None else credit_ms,
            *(self._settings.command_timeout_ms, settings.retention_ms),
        )
        await self._release(ref, reply)
        return await self._arrive(ref, reply["ticket"])

    async def _is_over(self, ref: QueueRef) -> bool:
        """Whether who came now would be sent away at once, or would find nobody."""
        if self.timetable is None:
            return False
        due = await self._link.queue("due", ref, self._settings.events_ms)
        ends_ms = self._ends_ms(ref, due)
        if ends_ms is not None:
            return bool(ends_ms <= due["now"])
        return not due["on_duty"] and self.timetable.is_closed(ref, _said(due), due["now"])

    def _ends_ms(self, ref: QueueRef, due: dict[str, Any]) -> int | None:
        """From when on nobody waits in this queue, going by what `due` says of it."""
        if self.timetable is None:
            return None
        return self.timetable.ends_ms(ref, _said(due), due["now"])

    async def _arrive(self, ref: QueueRef, ticket: dict[str, Any]) -> Ticket:
        """The second and the third step."""
        target = QueueRef(ref.provider, ticket["moved_to"])
        if ticket["state"] != "transferring":
            return await self.read_ticket(target, ticket["moved_ticket"])
        await self._register(target)
        shared = await self._enter(target, ticket["patient"], ticket["moved_ticket"])
        grace_ms = self.settings_of(target).away_grace_ms
        packed = msgpack.packb(ticket)
        try:
            reply = await self._link.queue(
                "transfer_in", target, packed, ref.queue, int(shared), grace_ms
            )
        except TooManyClasses:
            return records.ticket(ref, ticket)
        retention_ms = self.settings_of(ref).retention_ms
        await self._link.queue(
            "transfer_done", ref, ticket["id"], reply["ticket"]["id"], retention_ms
        )
        return records.ticket(target, reply["ticket"])


def _said(due: dict[str, Any]) -> Bulletin:
    return read_closing((due["closed_until"], due["closed_ms"]))


class VisitVerbs(TransferVerbs, PullVerbs):
    async def take_over(
        self, ref: QueueRef, visit: VisitId, clinician: ClinicianKey, key: str
    ) -> Visit:
        """Go on with a visit whose clinician has been gone for the grace time, under a new epoch.
        For clinicians on duty in its queue; `key` as for a pull.

        Raises NotOnDuty, AlreadyInVisit, NoSuchVisit; WrongState unless it is held, and for so
        long as its own clinician may still come back."""
        checked(key)
        for _ in range(PULL_ATTEMPTS):
            record = await self._lock_record(ref.provider, clinician, key, ref.queue, visit)
            if (record["key"], record["visit"]) == (key, visit):
                taken = await self._take(ref, visit, clinician, record)
                if taken is not None:
                    return taken
            elif (held := await self._held(ref.provider, clinician, record)) is not None:
                if (held.ref, held.id) == (ref, visit):
                    return held  # one's own already
                raise AlreadyInVisit(held)
            elif record["key"] == key:
                raise NoSuchVisit  # the key was used for another visit, which has ended
        raise StoreUnavailable("this clinician's record changes faster than it can be locked")

    async def _take(
        self, ref: QueueRef, visit: VisitId, clinician: ClinicianKey, record: dict[str, Any]
    ) -> Visit | None:
        times = (self._settings.duty_lease_ms, self.settings_of(ref).retention_ms)
        lock = (clinician, record["epoch"], record["profile"])
        try:
            reply = await self._link.queue("take_over", ref, visit, *lock, *times)
        except (NoSuchVisit, WrongState):
            await self._unlock(ref.provider, clinician, record)
            raise
        except StaleEpoch:
            await self._unlock(ref.provider, clinician, record)
            return None
        taken = reply["visit"]
        if previous := taken.get("previous"):
            await self._release_clinician(ref, previous, visit)
        await self._release(ref, reply)
        return records.visit(ref, taken)

    async def ring_again(
        self, ref: QueueRef, visit: VisitId, clinician: ClinicianKey, epoch: int
    ) -> Visit:
        """Ring a patient again whom the visit has lost, until they answer or the time is over.
        Raises NoSuchVisit, StaleEpoch, WrongState unless live."""
        ring_ms = self.settings_of(ref).ring_ms
        return await self._visit("ring_again", ref, visit, clinician, epoch, ring_ms)

    async def set_outcome(
        self, ref: QueueRef, visit: VisitId, clinician: ClinicianKey, epoch: int, outcome: Outcome
    ) -> Visit:
        """Say, or correct, what became of a visit that was answered. Raises NoSuchVisit,
        StaleEpoch, WrongState unless it has ended."""
        return await self._visit("set_outcome", ref, visit, clinician, epoch, outcome.value)
