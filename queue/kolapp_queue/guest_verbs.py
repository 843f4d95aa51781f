"""Guests of a live visit: invited, in, gone again. Codes never reach the store, only their digests,
and whatever may end a visit makes all of its invitations void."""

from __future__ import annotations

from dataclasses import dataclass

from .keys import checked
from .model import ClinicianKey, Guest, GuestId, QueueRef, Visit, VisitId
from .records import visit as visit_of
from .verbs import Verbs


@dataclass(frozen=True, slots=True)
class Inviter:
    """Who asks a guest in, or out: the visit's clinician, or somebody of the provider's backend, by
    pseudonym."""

    key: str
    role: str

    @classmethod
    def clinician(cls, key: ClinicianKey) -> Inviter:
        return cls(key, "clinician")

    @classmethod
    def backend(cls, who: str) -> Inviter:
        return cls(who, "backend")


@dataclass(frozen=True, slots=True)
class Invitation:
    """`key` makes a repeat safe: it is the same invitation, and the newest code counts. `id` is of
    a guest to be made, if the invitation is a new one."""

    key: str
    kind: str
    id: GuestId
    digest: str  # of the code
    valid_ms: int


class GuestVerbs(Verbs):
    async def invite(
        self, ref: QueueRef, visit: VisitId, by: Inviter, epoch: int, asked: Invitation
    ) -> tuple[Visit, Guest]:
        """Whoever shows the code first has the seat. A direct visit is a bridged one from then on.

        Raises NoSuchVisit (also for a colleague's), StaleEpoch; WrongState unless it is live or
        held, and for the key of a guest who came already; GuestsFull."""
        reply = await self._link.queue(
            *("invite", ref, visit, by.key, epoch, by.role, checked(asked.key), asked.kind),
            *(asked.id, asked.digest, asked.valid_ms),
        )
        found = visit_of(ref, reply["visit"])
        guest = found.guest(reply["guest"])
        assert guest is not None  # it was put there in the same step
        return found, guest

    async def redeem(
        self, ref: QueueRef, visit: VisitId, guest: GuestId, digest: str, key: str
    ) -> Visit:
        """Come in: once for each code, but any number of times with the `key` of that once, until
        the guest is out. Raises BadCode, never saying why."""
        return await self._visit("redeem", ref, visit, guest, digest, checked(key))

    async def leave_visit(self, ref: QueueRef, visit: VisitId, guest: GuestId) -> Visit:
        """A guest who is out already stays so. Raises NoSuchVisit."""
        return await self._visit("leave_visit", ref, visit, guest)

    async def remove_guest(
        self, ref: QueueRef, visit: VisitId, by: Inviter, epoch: int, seat: str
    ) -> Visit:
        """Whoever has this seat is out, or invited no more; nobody, and it stays free. Raises
        NoSuchVisit (also for a colleague's), StaleEpoch, WrongState unless it is live or held."""
        return await self._visit("remove_guest", ref, visit, by.key, epoch, by.role, seat)
