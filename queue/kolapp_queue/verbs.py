"""What the three families of store verbs share."""

from __future__ import annotations

from typing import Any

from . import keys, records
from .link import Link
from .model import ClinicianKey, QueueRef, Ticket, Visit
from .settings import QueueSettings


class Verbs:
    """Base of the families; `QueueStore` puts them together."""

    def __init__(self, link: Link, settings: QueueSettings) -> None:
        self._link = link
        self._settings = settings
        self._registered: set[QueueRef] = set()
        self._losses = 0  # the link's count when `_registered` was begun

    async def _register(self, ref: QueueRef) -> None:
        """Put the queue into the registry, before its first change: it lies in another slot.
        Remembered per process until a connection is lost: the store may have lost it too."""
        if self._losses != self._link.losses:
            self._registered.clear()
            self._losses = self._link.losses
        if ref not in self._registered:
            await self._link.do(lambda redis: redis.sadd(keys.QUEUES, keys.registry_member(ref)))
            self._registered.add(ref)

    async def _ticket(self, verb: str, ref: QueueRef, *args: str | int) -> Ticket:
        """Run a verb that answers with a ticket; free the clinician if it ended a visit."""
        reply = await self._link.queue(verb, ref, *args)
        await self._release(ref, reply)
        return records.ticket(ref, reply["ticket"])

    async def _visit(self, verb: str, ref: QueueRef, *args: str | int) -> Visit:
        """Run a verb that answers with a visit; free its clinician if it has ended."""
        reply = await self._link.queue(verb, ref, *args)
        await self._release(ref, reply)
        return records.visit(ref, reply["visit"])

    async def _release(self, ref: QueueRef, reply: dict[str, Any]) -> None:
        """Second step of every end: the clinician's record lies in another slot. If it is cut
        off, `duty` and `pull` find the ended visit and do it then."""
        visit = reply.get("visit")
        if visit and visit["state"] == "ended":
            await self._release_clinician(ref.provider, visit["clinician"], visit["id"])

    async def _release_clinician(self, provider: str, clinician: ClinicianKey, visit: str) -> None:
        await self._link.clinician(
            "release", provider, clinician, visit, self._settings.retention_ms
        )
