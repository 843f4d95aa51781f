"""What the three families of store verbs share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from . import keys, records
from .bulletin import Bulletin
from .errors import NoSuchTicket, NoSuchVisit
from .keys import queue_key
from .link import Link
from .model import ClinicianKey, PatientKey, QueueRef, Ticket, TicketId, Visit, VisitId
from .settings import QueueSettings

SettingsOf = Callable[[QueueRef], QueueSettings]


class Timetable(Protocol):
    """When queues end their day; a `PolicyBook` knows it."""

    version: int  # of the set of policies in the store that this one goes by

    def ends_ms(self, ref: QueueRef, bulletin: Bulletin, now_ms: int) -> int | None:
        """From when on nobody waits there; None: not in sight."""

    def is_closed(self, ref: QueueRef, bulletin: Bulletin, now_ms: int) -> bool:
        """Whether no numbers are drawn there, by its hours or an operator."""


class Verbs:
    """Base of the families; `QueueStore` puts them together."""

    def __init__(
        self, link: Link, settings: QueueSettings, settings_of: SettingsOf | None = None
    ) -> None:
        self._link = link
        self._settings = settings
        # A queue's own settings. What spans queues (the duty lease, the clinician's and the
        # patient's record) follows `settings`.
        self.settings_of: SettingsOf = settings_of or (lambda ref: settings)
        self.timetable: Timetable | None = None  # None: no queue ever closes
        # Tickets that were ever set aside, by queue, as of the last sweep: more are an alarm.
        self.asides: dict[QueueRef, int] = {}
        self.unread_nodes = 0  # records of nodes that cannot be read, as of the last look
        self._registered: set[QueueRef] = set()
        self._losses = 0  # the link's count when `_registered` was begun

    async def read_ticket(self, ref: QueueRef, ticket: TicketId) -> Ticket:
        """Also an ended ticket, until it is forgotten. Raises NoSuchTicket."""
        packed = await self._link.do(lambda redis: redis.hget(queue_key(ref, "tickets"), ticket))
        if packed is None:
            raise NoSuchTicket
        return records.ticket(ref, records.unpack(packed))

    async def read_visit(self, ref: QueueRef, visit: VisitId) -> Visit:
        """Also an ended visit, until it is forgotten. Raises NoSuchVisit."""
        packed = await self._link.do(lambda redis: redis.hget(queue_key(ref, "visits"), visit))
        if packed is None:
            raise NoSuchVisit
        return records.visit(ref, records.unpack(packed))

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
        """Second step of every end: the clinician's record lies in another slot, and so does that
        of a patient who may wait elsewhere. If it is cut off, `duty` and `pull` find the ended
        visit and do it then."""
        visit = reply.get("visit")
        if visit and visit["state"] == "ended":
            await self._release_visit(ref, visit)

    async def _release_visit(self, ref: QueueRef, visit: dict[str, Any]) -> None:
        if visit["shared"]:
            await self._release_patient(ref, visit["patient"], visit["id"])
        wrap_up_ms = self.settings_of(ref).wrap_up_ms if visit["answered_ms"] else 0
        await self._release_clinician(ref, visit["clinician"], visit["id"], wrap_up_ms)

    async def _release_clinician(
        self, ref: QueueRef, clinician: ClinicianKey, visit: str, wrap_up_ms: int = 0
    ) -> None:
        retention_ms = self._settings.retention_ms
        await self._link.clinician(
            "release", ref.provider, clinician, visit, wrap_up_ms, retention_ms
        )

    async def _release_patient(self, ref: QueueRef, patient: PatientKey, visit: str) -> None:
        await self._link.patient(
            "release", ref.provider, patient, visit, self._settings.retention_ms
        )

    async def _enter(self, ref: QueueRef, patient: PatientKey, ticket: TicketId) -> bool:
        """This patient joins a queue: whether they may wait in another one too. Both queues know
        before there can be a second ticket, so that no pull can miss it; and a visit that was
        pulled without locking the patient gets its lock before that."""
        if not self.settings_of(ref).one_call_at_a_time:
            return False
        retention_ms = self._settings.retention_ms
        entered = (ref.queue, ticket, retention_ms)
        reply = await self._link.patient("enter", ref.provider, patient, *entered)
        for queue in reply["others"]:
            other = QueueRef(ref.provider, queue)
            shared = await self._link.queue("share", other, patient, retention_ms)
            if visit := shared.get("visit"):
                # Settling a visit that is there asks for no epoch.
                lock = (queue, visit["id"], visit["clinician"], 0, retention_ms)
                await self._link.patient("lock", ref.provider, patient, *lock)
        return bool(reply["others"])
