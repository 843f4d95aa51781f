"""How a clinician gets a patient: lock the own record, then pull in the queue.

Two steps, both safe to repeat; what a cut-off pull left behind is found by the next one. A patient
who may wait in another queue too is locked between the two, in a third slot.
Which of several queues is next: see `choice`.

A patient who waits in two queues is called in one at a time. While called or seen in the one, they
are passed over in the other, not removed: their place there is as before when it ends. Whoever is
passed over by a pull was assigned elsewhere at a moment of that very pull; a lock alone is no
reason, it may turn out to have been for nothing.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from . import choice, keys, records
from .eligibility import profile_of
from .errors import (
    AlreadyInVisit,
    NoSuchTicket,
    NotAllowed,
    PatientBusy,
    StaleEpoch,
    StoreUnavailable,
    WrongState,
)
from .keys import checked
from .model import ClinicianKey, PatientKey, QueueRef, TicketId, Visit
from .record_verbs import RecordVerbs, served, weights_of
from .states import VisitState

# How often a pull starts anew because somebody else used this clinician's record meanwhile.
PULL_ATTEMPTS = 16
PULL_IN_VAIN = 2  # that many at once, then with pauses
PULL_PAUSE_S = 0.005
# Patients at the front that one pull may find busy elsewhere; it gives up on the queue after that.
BUSY_MOST = 32
# How often one pull asks its queue; more than it takes to find so many of them busy.
CALL_ATTEMPTS = 3 * BUSY_MOST
# How often a patient's lock is tried that others take and give up meanwhile.
PATIENT_ATTEMPTS = 8

_ref = lru_cache(maxsize=1024)(QueueRef)  # checks its names each time it is made


@dataclass
class _Wish:
    """One pull under way."""

    provider: str
    clinician: ClinicianKey
    key: str
    ticket: str = ""  # a certain one, or "" for the next
    reason: str = ""  # why that one
    empty: set[str] = field(default_factory=set)  # queues where nobody was found
    # Tickets whose patients were seen to be busy elsewhere, by queue.
    busy: dict[str, list[str]] = field(default_factory=dict)


class PullVerbs(RecordVerbs):
    async def pull(self, provider: str, clinician: ClinicianKey, key: str) -> Visit | None:
        """Take the next present ticket that fits, of the clinician's queues, or None. The same
        `key` gets the same visit again, also when it has ended. Ends the wrap-up.

        Raises NotOnDuty, AlreadyInVisit."""
        return await self._pull(_Wish(provider, clinician, checked(key)), "")

    async def pull_ticket(
        self, ref: QueueRef, ticket: TicketId, clinician: ClinicianKey, key: str, reason: str
    ) -> Visit:
        """Take this very ticket, whether it fits or not, for a reason that the audit keeps. For
        clinicians on duty in its queue who may see the board. Otherwise as `pull`.

        Raises NotAllowed, NotOnDuty, AlreadyInVisit, NoSuchTicket, WrongState unless it waits,
        PatientBusy."""
        record = await self._look(ref.provider, clinician)
        if not reason or not profile_of(record["profile"]).board:
            raise NotAllowed
        wish = _Wish(ref.provider, clinician, checked(key), ticket, reason)
        visit = await self._pull(wish, ref.queue)
        if visit is None:
            raise NoSuchTicket
        return visit

    async def _pull(self, wish: _Wish, queue: str) -> Visit | None:
        for attempt in range(PULL_ATTEMPTS):
            # Several pulls of one clinician void each other's locks: the later, the more patient.
            if attempt > PULL_IN_VAIN:
                await asyncio.sleep(random.uniform(0, attempt * PULL_PAUSE_S))
            record, pulled = await self._lock(wish, queue)
            if not record["held"] and record["key"] != wish.key:
                chosen = await self._longest(wish, record)
                if chosen is None:
                    return None
                record, pulled = await self._lock(wish, chosen, record["epoch"])
            if record["key"] == wish.key:
                visit = await self._use(wish, record, pulled)
                if visit is not None:
                    return visit
                if wish.empty.issuperset(served(record)):
                    return None
            elif (visit := await self._held(wish.provider, wish.clinician, record)) is not None:
                raise AlreadyInVisit(visit)
        raise StoreUnavailable("this clinician's record changes faster than it can be locked")

    async def _lock(
        self, wish: _Wish, queue: str, epoch: int | None = None
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """The record, locked if it could be; and what the pull found with it, if that went along.
        `queue`: "" for the only one that is served. `epoch`: the record's, if it is known."""
        if self._link.one_server:
            if epoch is not None:
                return await self._lock_and_pull(wish, queue, epoch)
            known = self._known.get((wish.provider, wish.clinician))
            if known is not None and not queue:
                return await self._lock_and_pull(wish, *known)
        lock = (wish.key, queue, secrets.token_urlsafe(16))
        return await self._lock_record(wish.provider, wish.clinician, *lock), None

    async def _lock_and_pull(
        self, wish: _Wish, queue: str, epoch: int
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Both in one step, where one server has both records. Locks nothing if the record's epoch
        is another one."""
        ref = _ref(wish.provider, queue)
        who = (ref, keys.clinician(wish.provider, wish.clinician), wish.clinician)
        lock = (wish.key, queue, secrets.token_urlsafe(16), epoch)
        times = (self._settings.retention_ms, *self._terms(ref))
        reply = await self._link.both("pull", *who, *lock, *times)
        self._remember(wish.provider, wish.clinician, reply["record"])
        pulled = reply.get("pulled")
        if pulled is None or "lock" in pulled or "refused" in pulled:
            return reply["record"], None
        return reply["record"], pulled or {}

    async def _longest(self, wish: _Wish, record: dict[str, Any]) -> str | None:
        """The queue to pull from. Only a hint: the pull decides who it is. Whoever is away in the
        others, and would have been chosen, is told as by a pull."""
        queues, weigh = served(record), weights_of(record)

        async def head(queue: str) -> choice.Head:
            ref, busy = _ref(wish.provider, queue), ",".join(wish.busy.get(queue, ()))
            who = (wish.clinician, record["profile"])
            return choice.Head.read(await self._link.queue("head", ref, *who, busy))

        async def call_away(queue: str, below: int | None) -> None:
            ref, before = _ref(wish.provider, queue), "" if below is None else below
            who, kept_ms = (wish.clinician, record["profile"]), self.settings_of(ref).retention_ms
            await self._link.queue("call_away", ref, *who, before, kept_ms)

        left = [queue for queue in queues if queue not in wish.empty]
        heads = dict(zip(left, await asyncio.gather(*map(head, left)), strict=True))
        chosen = choice.longest(heads, weigh)
        away = choice.in_vain(heads, weigh, chosen)
        await asyncio.gather(*(call_away(queue, below) for queue, below in away.items()))
        return chosen

    async def _use(
        self, wish: _Wish, record: dict[str, Any], pulled: dict[str, Any] | None
    ) -> Visit | None:
        """Pull with the lock in `record`, if it is not done, or get what it got before; None voids
        the lock."""
        ref = _ref(wish.provider, record["queue"])
        try:
            if pulled is not None:
                reply = pulled
            elif record["held"]:
                reply = await self._call(wish, ref, record)
            else:
                reply = await self._settle(ref, wish.clinician, record)
            if not reply and record["held"]:
                wish.empty.add(ref.queue)
        except StaleEpoch:
            reply = {}
        except (NoSuchTicket, WrongState, PatientBusy):
            await self._unlock(wish.provider, wish.clinician, record)
            raise
        if "visit" not in reply:
            if pulled is None:
                await self._unlock(wish.provider, wish.clinician, record)
            return None
        await self._release(ref, reply)
        return records.visit(ref, reply["visit"])

    async def _call(self, wish: _Wish, ref: QueueRef, record: dict[str, Any]) -> dict[str, Any]:
        """Call a patient who is free, in this queue; {} if there is none, `elsewhere` if one of
        another queue has waited longer than those who are free here."""
        lock = (wish.clinician, record["epoch"], record["visit"])
        wanted = (record["profile"], wish.ticket, wish.reason)
        locked: dict[str, Any] = {}
        busy = wish.busy.setdefault(ref.queue, [])
        for _ in range(CALL_ATTEMPTS):
            skip = (locked.get("lock", ""), ",".join(busy))
            try:
                reply = await self._link.queue(
                    "pull", ref, *lock, *wanted, *skip, *self._terms(ref)
                )
            except (StaleEpoch, NoSuchTicket, WrongState):
                await self._unlock_patient(ref, locked, record)
                raise
            if locked and reply.get("visit", {}).get("ticket") != locked["lock"]:
                await self._unlock_patient(ref, locked, record)
                locked = {}
            if "lock" not in reply:
                return reply
            where = await self._lock_patient(ref, reply["patient"], wish.clinician, record)
            if where is None:
                locked = reply
            elif where == ref.queue:
                continue  # somebody was faster here: the queue itself knows who is next now
            elif wish.ticket:
                raise PatientBusy
            else:
                busy.append(reply["lock"])
                if len(busy) > BUSY_MOST:
                    return {}
                if len(served(record)) > 1 and await self._longest(wish, record) != ref.queue:
                    return {"elsewhere": True}
        raise StaleEpoch

    def _terms(self, ref: QueueRef) -> tuple[int, int, int, int, str, int]:
        """How long a call rings, can be undone, is the clinician's, and stays readable; and the
        ways of its visit and how many guests it may have."""
        of = self.settings_of(ref)
        times = (of.ring_ms, of.undo_ms, self._settings.duty_lease_ms, of.retention_ms)
        return *times, of.ways, of.guests

    async def _lock_patient(
        self, ref: QueueRef, patient: PatientKey, clinician: ClinicianKey, record: dict[str, Any]
    ) -> str | None:
        """None if the patient is ours to call; else the queue where they are called or seen. A
        lock that is left over, or whose pull has not come yet, is released: settling it makes sure
        that it will not come any more. Raises StaleEpoch, to start anew."""
        lock = (ref.queue, record["visit"], clinician, record["epoch"], self._settings.retention_ms)
        for _ in range(PATIENT_ATTEMPTS):
            held = await self._link.patient("lock", ref.provider, patient, *lock)
            if held["visit"] == record["visit"]:
                return None
            other = QueueRef(ref.provider, held["queue"])
            visit = (await self._settle(other, held["clinician"], held)).get("visit")
            if visit and visit["state"] != "ended" and visit["patient"] == patient:
                return other.queue
            await self._release_patient(ref, patient, held["visit"])
        raise StaleEpoch

    async def _unlock_patient(
        self, ref: QueueRef, locked: dict[str, Any], record: dict[str, Any]
    ) -> None:
        if locked:
            await self._release_patient(ref, locked["patient"], record["visit"])

    async def _settle(
        self, ref: QueueRef, clinician: ClinicianKey, record: dict[str, Any]
    ) -> dict[str, Any]:
        lock = (clinician, record["epoch"], record["visit"])
        return await self._link.queue("settle", ref, *lock, self.settings_of(ref).retention_ms)

    async def _held(
        self, provider: str, clinician: ClinicianKey, record: dict[str, Any]
    ) -> Visit | None:
        """The active visit that holds this record; frees the record if there is none (any more).
        After that a pull still under way with this lock comes too late."""
        if not record["held"]:
            return None
        ref = QueueRef(provider, record["queue"])
        reply = await self._settle(ref, clinician, record)
        # A colleague may have taken the visit over.
        if reply.get("visit", {}).get("clinician") != clinician:
            await self._unlock(provider, clinician, record)
            return None
        await self._release(ref, reply)
        visit = records.visit(ref, reply["visit"])
        return None if visit.state == VisitState.ENDED else visit
