"""What the people of a live visit write to each other: sealed before it reaches the store, and gone
with the visit. Keys never reach the store, and no text a log, an event or an error."""

from __future__ import annotations

from .keys import checked
from .model import ClinicianKey, GuestId, PatientKey, QueueRef, Said, Visit, VisitId
from .records import visit as visit_of
from .sealing import KeyRing, Purpose
from .verbs import Verbs

MOST_LINES = 500  # of a visit
AT_ONCE = 50  # lines of one answer


class ChatVerbs(Verbs):
    async def say(
        self,
        ref: QueueRef,
        visit: VisitId,
        by: PatientKey | ClinicianKey | GuestId,
        epoch: int,
        key: str,
        text: str,
        ring: KeyRing,
    ) -> tuple[Visit, int]:
        """Say a line; answers with the visit and the line's number. Asked again with the `key` of
        one's newest line, it is that line.

        Raises NoSuchVisit (also for somebody else's), StaleEpoch, WrongState unless it is live or
        held, ChatFull."""
        sealed = ring.seal(Purpose.CHAT, text.encode(), visit)
        reply = await self._link.queue(
            "say", ref, visit, by, epoch, checked(key), sealed, MOST_LINES
        )
        return visit_of(ref, reply["visit"]), reply["number"]

    async def hear(
        self,
        ref: QueueRef,
        visit: VisitId,
        by: PatientKey | ClinicianKey | GuestId,
        after: int,
        ring: KeyRing,
    ) -> tuple[list[Said], int]:
        """The lines behind number `after`, `AT_ONCE` at most, and how many there are in all. Those
        that were said before a guest came are not for them.

        Raises NoSuchVisit (also for somebody else's), WrongState once it has ended; UnknownKey or
        NotGenuine (`sealing`) if a line cannot be opened."""
        reply = await self._link.queue("hear", ref, visit, by, after, AT_ONCE)
        lines = [
            Said(number, role, ring.open(Purpose.CHAT, sealed, visit).decode())
            for number, role, sealed in reply["lines"] or ()
        ]
        return lines, reply["said"]
