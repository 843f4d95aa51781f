"""What a clinician does: duty, pull, give back, hang up; and placing the visit's media."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import Any

from . import records
from .errors import AlreadyInVisit, NoSuchVisit, NotOnDuty, StaleEpoch, StoreUnavailable
from .keys import checked, queue_key
from .model import ClinicianKey, Duty, PatientKey, QueueRef, Visit, VisitId
from .states import VisitState
from .verbs import Verbs

# How often a pull starts anew because somebody else used this clinician's record meanwhile.
PULL_ATTEMPTS = 16


class ClinicianVerbs(Verbs):
    async def set_duty(self, provider: str, clinician: ClinicianKey, queues: Sequence[str]) -> Duty:
        """Ready for these queues; an empty sequence: off duty. Also renews the lease. A queue
        that a cut-off call did not reach follows with the next renewal, or as its lease ends."""
        refs = [QueueRef(provider, queue) for queue in dict.fromkeys(queues)]
        listed = f",{','.join(ref.queue for ref in refs)}," if refs else ""
        lease_ms = self._settings.duty_lease_ms
        before = await self._link.clinician(
            "set_duty", provider, clinician, listed, lease_ms, self._settings.retention_ms
        )
        for ref in refs:
            await self._register(ref)
            await self._link.queue("on_duty", ref, clinician, lease_ms)
        for queue in _queues(before):
            if queue not in queues:
                await self._link.queue("off_duty", QueueRef(provider, queue), clinician)
        return await self.duty(provider, clinician)

    async def duty(self, provider: str, clinician: ClinicianKey) -> Duty:
        """The present truth, repaired on the way if a step was cut off half-way."""
        record = await self._link.clinician("record", provider, clinician)
        visit = await self._held(provider, clinician, record)
        return Duty(
            clinician=clinician,
            provider=provider,
            on_duty=record["on_duty"],
            queues=_queues(record),
            visit=visit,
            epoch=record["epoch"],
        )

    async def pull(self, provider: str, clinician: ClinicianKey, key: str) -> Visit | None:
        """Take the next present ticket of the clinician's queues (earliest order key), or None.

        Lock the clinician's record, then pull in the queue: both are safe to repeat, and what a
        cut-off pull left behind is found by the next one. The same `key` gets the same visit
        again, also when it has ended. Raises NotOnDuty, AlreadyInVisit.
        """
        checked(key)
        for _ in range(PULL_ATTEMPTS):
            record = await self._link.clinician("record", provider, clinician)
            if not record["held"] and record["key"] != key:
                if not record["on_duty"]:
                    raise NotOnDuty
                queue = await self._earliest(provider, _queues(record))
                if queue is None:
                    return None
                record = await self._lock(provider, clinician, key, queue)
            if record["key"] == key:
                visit = await self._use(provider, clinician, record)
                if visit is not None:
                    return visit
            elif (visit := await self._held(provider, clinician, record)) is not None:
                raise AlreadyInVisit(visit)
        raise StoreUnavailable("this clinician's record changes faster than it can be locked")

    async def give_back(
        self, ref: QueueRef, visit: VisitId, clinician: ClinicianKey, epoch: int
    ) -> Visit:
        """The called patient goes back to the front: waiting with the original order key; away if
        no connection is left. Raises NoSuchVisit, WrongState once answered, StaleEpoch."""
        settings = self._settings
        return await self._visit(
            "give_back", ref, visit, clinician, epoch, settings.away_grace_ms, settings.retention_ms
        )

    async def hang_up(
        self, ref: QueueRef, visit: VisitId, by: PatientKey | ClinicianKey, epoch: int
    ) -> Visit:
        """End a live visit by either side; releases the clinician. Hanging up an ended visit
        answers with it. Raises NoSuchVisit, StaleEpoch; WrongState while called."""
        return await self._visit("hang_up", ref, visit, by, epoch, self._settings.retention_ms)

    async def read_visit(self, ref: QueueRef, visit: VisitId) -> Visit:
        """Also an ended visit, until it is forgotten. Raises NoSuchVisit."""
        packed = await self._link.do(lambda redis: redis.hget(queue_key(ref, "visits"), visit))
        if packed is None:
            raise NoSuchVisit
        return records.visit(ref, records.unpack(packed))

    async def place_media(
        self, ref: QueueRef, visit: VisitId, epoch: int, node: str, media_epoch: int
    ) -> Visit:
        """Place the visit on a media node if its media_epoch still is `media_epoch`; else the
        present placement is returned unchanged. Raises NoSuchVisit, StaleEpoch, WrongState."""
        return await self._visit("place_media", ref, visit, epoch, node, media_epoch)

    async def _earliest(self, provider: str, queues: tuple[str, ...]) -> str | None:
        """The queue whose first present ticket is earliest. Only a hint: the pull decides."""

        async def head(queue: str) -> tuple[bytes, str] | None:
            key = queue_key(QueueRef(provider, queue), "present")
            first = await self._link.do(lambda redis: redis.zrange(key, 0, 0))
            return (first[0], queue) if first else None

        heads = [head for head in await asyncio.gather(*map(head, queues)) if head]
        return min(heads)[1] if heads else None

    async def _lock(
        self, provider: str, clinician: ClinicianKey, key: str, queue: str
    ) -> dict[str, Any]:
        visit = secrets.token_urlsafe(16)
        return await self._link.clinician(
            "lock", provider, clinician, key, queue, visit, self._settings.retention_ms
        )

    async def _use(
        self, provider: str, clinician: ClinicianKey, record: dict[str, Any]
    ) -> Visit | None:
        """Pull with the lock in `record`, or get what it got before; None voids the lock."""
        ref, settings = QueueRef(provider, record["queue"]), self._settings
        lock = (clinician, record["epoch"], record["visit"])
        try:
            if record["held"]:
                limits = (settings.ring_ms, settings.retention_ms)
                reply = await self._link.queue("pull", ref, *lock, *limits)
            else:
                reply = await self._link.queue("settle", ref, *lock, settings.retention_ms)
        except StaleEpoch:
            reply = {}
        if "visit" not in reply:
            await self._unlock(provider, clinician, record)
            return None
        await self._release(ref, reply)
        return records.visit(ref, reply["visit"])

    async def _held(
        self, provider: str, clinician: ClinicianKey, record: dict[str, Any]
    ) -> Visit | None:
        """The active visit that holds this record; frees the record if there is none (any more).
        After that a pull still under way with this lock comes too late."""
        if not record["held"]:
            return None
        ref = QueueRef(provider, record["queue"])
        lock = (clinician, record["epoch"], record["visit"])
        reply = await self._link.queue("settle", ref, *lock, self._settings.retention_ms)
        if "visit" not in reply:
            await self._unlock(provider, clinician, record)
            return None
        await self._release(ref, reply)
        visit = records.visit(ref, reply["visit"])
        return None if visit.state == VisitState.ENDED else visit

    async def _unlock(self, provider: str, clinician: ClinicianKey, record: dict[str, Any]) -> None:
        await self._link.clinician(
            "unlock", provider, clinician, record["visit"], self._settings.retention_ms
        )


def _queues(record: dict[str, Any]) -> tuple[str, ...]:
    return tuple(queue for queue in record["queues"].split(",") if queue)
