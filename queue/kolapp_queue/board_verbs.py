"""What clinicians may look at beside their own visit: who waits, and visits without a clinician."""

from __future__ import annotations

from collections.abc import Sequence

from . import records
from .keys import queue_key
from .model import QueueRef, Ticket, TicketId, Visit
from .states import VisitState
from .verbs import Verbs

HELD_MOST = 100  # visits going on that are looked through, the oldest first


class BoardVerbs(Verbs):
    async def tickets(self, ref: QueueRef, tickets: Sequence[TicketId]) -> list[Ticket]:
        """Those of these that are known, in their order."""
        if not tickets:
            return []
        key = queue_key(ref, "tickets")
        packed = await self._link.do(lambda redis: redis.hmget(key, list(tickets)))
        return [records.ticket(ref, records.unpack(record)) for record in packed if record]

    async def held_visits(self, ref: QueueRef) -> list[Visit]:
        """Visits whose clinician is gone; a colleague may take them over after `held_until_ms`."""
        live, key = queue_key(ref, "live"), queue_key(ref, "visits")
        ids = await self._link.do(lambda redis: redis.zrange(live, 0, HELD_MOST - 1))
        if not ids:
            return []
        packed = await self._link.do(lambda redis: redis.hmget(key, ids))
        found = [records.visit(ref, records.unpack(record)) for record in packed if record]
        return [visit for visit in found if visit.state == VisitState.HELD]
