"""Guests asked into visits and out again, whoever asks: a clinician or the provider's backend."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from kolapp_queue.errors import BadCode
from kolapp_queue.guest_verbs import Invitation, Inviter
from kolapp_queue.model import GuestId, QueueRef, Visit, VisitId
from kolapp_queue.sealing import KeyRing, SealError
from kolapp_queue.store import QueueStore

from .audience import Audience
from .guest_messages import GuestPassGiven, Invited
from .guest_pass import Code, GuestPass, digest_of, new_secret, open_code
from .media_link import MediaLink


@dataclass(frozen=True, slots=True)
class Invitations:
    store: QueueStore
    audience: Audience
    media: MediaLink
    ring: Callable[[], KeyRing]  # anew each time: keys may be rotated
    code_ttl_ms: int
    pass_ttl_ms: int

    async def invite(
        self, ref: QueueRef, visit: VisitId, by: Inviter, epoch: int, kind: str, key: str
    ) -> tuple[Visit, Invited]:
        """Raises NoSuchVisit, StaleEpoch, WrongState, GuestsFull."""
        secret, new = new_secret(), GuestId(secrets.token_urlsafe(16))
        asked = Invitation(key, kind, new, digest_of(secret), self.code_ttl_ms)
        found, guest = await self.store.invite(ref, visit, by, epoch, asked)
        self.audience.visit(found)
        code = Code(ref.provider, ref.queue, found.id, guest.id, secret).seal(self.ring())
        return found, Invited(
            visit=found.id, guest=guest.seat, code=code, valid_ms=self.code_ttl_ms
        )

    async def remove(
        self, ref: QueueRef, visit: VisitId, by: Inviter, epoch: int, seat: str
    ) -> Visit:
        """Whoever has this seat is out, and hears and sees nothing more. Raises NoSuchVisit,
        StaleEpoch, WrongState."""
        found = await self.store.remove_guest(ref, visit, by, epoch, seat)
        self.media.expel(found, seat)
        self.audience.visit(found)
        return found

    async def redeem(self, text: str, key: str) -> GuestPassGiven:
        """A pass for a code. Raises BadCode for whatever is no good, and never says why."""
        ring = self.ring()
        try:
            code = open_code(text, ring)
        except SealError:
            raise BadCode from None
        # Whatever a stranger's client made of it: the store gets so many characters of nothing.
        key = digest_of((key or secrets.token_urlsafe(16)).encode())
        visit = await self.store.redeem(code.ref, code.visit, code.guest, code.digest, key)
        self.audience.visit(visit)
        guest = visit.guest(code.guest)
        assert guest is not None  # in, by the same step
        where = (code.provider, code.queue, code.visit, guest.seat, guest.id)
        ends_ms = time.time_ns() // 1_000_000 + self.pass_ttl_ms
        token = GuestPass(*where, code.digest, key, ends_ms).seal(ring)
        return GuestPassGiven(token, code.provider, code.visit, guest.seat, self.pass_ttl_ms)
