"""One client process of a history: patients and clinicians who do anything at any time, and write
down what they asked for before they ask, and what they were told.

Several processes share the same people, so they get in each other's way; now and then they act on
what they knew a while ago, as a laptop does that was asleep.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import time
from collections import deque
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from kolapp_queue import scripts
from kolapp_queue.eligibility import class_text
from kolapp_queue.errors import (
    AlreadyInVisit,
    NoSuchTicket,
    NoSuchVisit,
    QueueError,
    StaleEpoch,
    StoreUnavailable,
    WrongState,
)
from kolapp_queue.model import (
    ClinicianKey,
    Needs,
    PatientKey,
    Profile,
    QueueRef,
    Ticket,
    TicketId,
    Visit,
    VisitId,
)
from kolapp_queue.presence import NodeLease
from kolapp_queue.settings import QueueSettings
from kolapp_queue.states import Outcome, TicketState, VisitState
from kolapp_queue.store import QueueStore

QUEUES = ("drop-in", "children", "nurse")
PATIENTS = tuple(PatientKey(f"patient{number}") for number in range(24))
CLINICIANS = tuple(ClinicianKey(f"doctor{number}") for number in range(12))
SKILLED = Profile(skills=("swedish",), board=True)
PROFILES = {key: SKILLED if number % 2 else Profile() for number, key in enumerate(CLINICIANS)}
AT_ONCE = 2  # people that one process is
LEASE_MS, CHANCE_MS = 300, 100  # of the node that each process is
MEMORY = 40  # assignments it remembers, to act on them when they are old

# Short, so that every deadline passes many times in a run.
SETTINGS = QueueSettings(
    ring_ms=200,
    away_grace_ms=400,
    duty_lease_ms=300,
    visit_grace_ms=60,
    undo_ms=150,
    retention_ms=3_600_000,
    command_timeout_ms=1_500,
)


def main(url: str, provider: str, seed: int, path: str, broken: str = "") -> None:
    """Runs until it is killed. `broken`: a line that the scripts shall do without."""
    if broken:
        every = {name: source.replace(broken, "") for name, source in scripts.sources().items()}
        scripts.sources = lambda sharded: every  # type: ignore[assignment]  # in this process alone
    asyncio.run(_Client(url, provider, seed, path).run())


class _Client:
    def __init__(self, url: str, provider: str, seed: int, path: str) -> None:
        self._url = url
        self._provider = provider
        self._random = random.Random(seed)
        self._name = f"c{seed}"
        self._numbers = itertools.count(1)
        # Unbuffered: what was asked for is written down before it is asked.
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._memory: deque[Visit] = deque(maxlen=MEMORY)
        self._calls: deque[Ticket] = deque(maxlen=MEMORY)

    async def run(self) -> None:
        self._store = await QueueStore.connect(self._url, SETTINGS)
        self._lease = NodeLease(self._store, LEASE_MS, CHANCE_MS)
        await asyncio.gather(self._keep(), *(self._live() for _ in range(AT_ONCE)))

    async def _keep(self) -> None:
        """This process is a node: whoever has a connection here is away when it is killed."""
        while True:
            with suppress(StoreUnavailable):
                await self._lease.renew()
            await asyncio.sleep(LEASE_MS / 3_000)

    async def _live(self) -> None:
        while True:
            try:
                if self._random.random() < 0.05:
                    await self._asleep()
                await self._random.choice((self._patient, self._clinician))()
                if self._random.random() < 0.1:
                    every = [QueueRef(self._provider, queue) for queue in QUEUES]
                    await self._store.sweep_all(every, CHANCE_MS)
            except StoreUnavailable:
                await asyncio.sleep(0.05)
            except QueueError:
                pass  # written down where it was asked

    def _ref(self) -> QueueRef:
        return QueueRef(self._provider, self._random.choice(QUEUES))

    def _new(self, kind: str) -> str:
        return f"{kind}-{self._name}-{next(self._numbers)}"

    # What they do

    async def _patient(self) -> None:
        # Most wait in one queue, some in two.
        number = self._random.randrange(len(PATIENTS))
        patient = PATIENTS[number]
        turn = self._random.random() < 0.2
        ref = QueueRef(self._provider, QUEUES[(number + turn) % len(QUEUES)])
        try:
            ticket = await self._store.find(ref, patient)
        except NoSuchTicket:
            await self._join(ref, patient)
            return
        who = {"queue": ref.queue, "ticket": ticket.id, "patient": patient}
        if ticket.state is TicketState.CALLED:
            before = [c for c in self._calls if c.id == ticket.id and c.epoch != ticket.epoch]
            self._calls.append(ticket)
            if before and self._random.random() < 0.5:
                await self._sleeper(self._random.choice(before))
            await self._called(ref, ticket, who)
        elif ticket.state is TicketState.WAITING:
            await self._waiting(ref, ticket, who)
        elif self._random.random() < 0.1 and ticket.visit is not None:
            await self._hang_up(ref, ticket.visit, patient, ticket.epoch)
        if self._calls and self._random.random() < 0.3:
            await self._sleeper(self._random.choice(self._calls))

    async def _join(self, ref: QueueRef, patient: PatientKey) -> None:
        ticket = TicketId(self._new("ticket"))
        needs = Needs(skills=("swedish",)) if self._random.random() < 0.3 else Needs()
        said = {"ticket": ticket, "patient": patient, "needs": class_text(needs)}
        join = self._store.join(ref, patient, ticket, self._lease.connection(), needs)
        await self._say("join", {"queue": ref.queue} | said, join)

    async def _waiting(self, ref: QueueRef, ticket: Ticket, who: dict[str, Any]) -> None:
        luck = self._random.random()
        if luck < 0.05:
            await self._say("leave", who, self._store.leave(ref, ticket.id, ticket.patient))
        elif luck < 0.15 or not ticket.present:
            connection = f"phone-{ticket.patient}"
            if self._random.random() < 0.5:
                connection = self._lease.connection()
            attach = self._store.attach(ref, ticket.id, ticket.patient, connection)
            await self._say("attach", who, attach)
        elif luck < 0.25:
            await self._store.detach(ref, ticket.id, f"phone-{ticket.patient}")

    async def _called(self, ref: QueueRef, ticket: Ticket, who: dict[str, Any]) -> None:
        verb = self._random.choices(("answer", "decline", "leave", "late"), (6, 1, 1, 4))[0]
        if verb == "leave":
            await self._say("leave", who, self._store.leave(ref, ticket.id, ticket.patient))
        elif verb != "late":
            await self._respond(verb, ticket)

    async def _sleeper(self, ticket: Ticket) -> None:
        """Answers a call of some time ago."""
        await self._respond(self._random.choice(("answer", "answer", "decline")), ticket)

    async def _respond(self, verb: str, ticket: Ticket) -> None:
        who = {"queue": ticket.ref.queue, "ticket": ticket.id, "epoch": ticket.epoch}
        does = self._store.answer if verb == "answer" else self._store.decline
        call = does(ticket.ref, ticket.id, ticket.patient, ticket.epoch)
        await self._say(verb, who, call)

    async def _clinician(self) -> None:
        clinician = self._random.choice(CLINICIANS)
        duty = await self._store.duty(self._provider, clinician)
        if not duty.on_duty or self._random.random() < 0.1:
            queues = self._random.sample(QUEUES, self._random.randint(1, len(QUEUES)))
            await self._store.set_duty(self._provider, clinician, queues, PROFILES[clinician])
        if duty.visit is None:
            await self._pull(clinician)
        else:
            self._memory.append(duty.visit)
            await self._at_work(duty.visit)
        if self._memory and self._random.random() < 0.3:
            await self._at_work(self._random.choice(self._memory))

    async def _asleep(self) -> None:
        """Two laptops wake up that were asleep while the patient was called again: what they send
        is of the call before, and comes while the next one rings."""
        clinician = self._random.choice(CLINICIANS)
        if (await self._store.duty(self._provider, clinician)).visit is not None:
            return
        profile = PROFILES[clinician]
        await self._store.set_duty(self._provider, clinician, [self._ref().queue], profile)
        before = await self._pull(clinician)
        if before is None:
            return
        said = {"queue": before.ref.queue, "visit": before.id, "epoch": before.epoch}
        mine = (before.ref, before.id, clinician, before.epoch)
        await self._say("give_back", said, self._store.give_back(*mine))
        now = await self._pull(clinician)
        if now is None:
            return
        ticket = await self._store.read_ticket(now.ref, now.ticket)
        with suppress(StaleEpoch, WrongState):
            await self._respond("answer", replace(ticket, epoch=now.epoch - 1))
        said = {"queue": now.ref.queue, "visit": now.id, "epoch": now.epoch - 1}
        mine = (now.ref, now.id, clinician, now.epoch - 1)
        with suppress(StaleEpoch, WrongState):
            await self._say("give_back", said, self._store.give_back(*mine))

    async def _pull(self, clinician: ClinicianKey) -> Visit | None:
        key, ref = self._new("key"), self._ref()
        said = {"clinician": clinician, "key": key, "queue": ref.queue}
        waiting = (await self._store.line(ref)).waiting if self._random.random() < 0.1 else ()
        if waiting and PROFILES[clinician].board:
            ticket = self._random.choice(waiting)
            call = self._store.pull_ticket(ref, ticket, clinician, key, "asked for")
            got = await self._say("pull_ticket", said, call)
        else:
            got = await self._say("pull", said, self._store.pull(self._provider, clinician, key))
            if self._random.random() < 0.1:
                await self._say("pull", said, self._store.pull(self._provider, clinician, key))
        if not isinstance(got, Visit):
            return None
        self._memory.append(got)
        return got

    async def _at_work(self, seen: Visit) -> None:
        """Something that the clinician of this visit may do, or could once."""
        ref, visit, clinician, epoch = seen.ref, seen.id, seen.clinician, seen.epoch
        epoch -= self._random.random() < 0.1  # of an assignment long ago
        mine = (ref, visit, clinician, epoch)
        said = {"queue": ref.queue, "visit": visit, "epoch": epoch}
        store, luck = self._store, self._random.random()
        if luck < 0.2:
            await self._hang_up(ref, visit, clinician, epoch)
        elif luck < 0.28:
            await self._say("give_back", said, store.give_back(*mine))
        elif luck < 0.34:
            await self._say("undo_pull", said, store.undo_pull(*mine))
        elif luck < 0.42:
            queue = self._random.choice([queue for queue in QUEUES if queue != ref.queue])
            await self._say("transfer", said, store.transfer(*mine, queue))
        elif luck < 0.5:
            await self._say("ring_again", said, store.ring_again(*mine))
        elif luck < 0.6:
            outcome = self._random.choice(tuple(Outcome))
            await self._say("set_outcome", said, store.set_outcome(*mine, outcome))
        elif luck < 0.7:
            call = store.place_media(ref, visit, epoch, "m1", seen.media_epoch)
            await self._say("place_media", said, call)
        else:
            await self._take_over(ref, visit)

    async def _hang_up(
        self, ref: QueueRef, visit: VisitId, by: PatientKey | ClinicianKey, epoch: int
    ) -> None:
        said = {"queue": ref.queue, "visit": visit, "epoch": epoch}
        await self._say("hang_up", said, self._store.hang_up(ref, visit, by, epoch))

    async def _take_over(self, ref: QueueRef, visit: VisitId) -> None:
        try:
            found = await self._store.read_visit(ref, visit)
        except NoSuchVisit:
            return
        colleague = self._random.choice(CLINICIANS)
        duty = await self._store.duty(self._provider, colleague)
        is_held = found.state is VisitState.HELD and found.held_until_ms > 0
        if duty.visit is None and (is_held or self._random.random() < 0.1):
            profile = PROFILES[colleague]
            await self._store.set_duty(self._provider, colleague, [ref.queue], profile)
            said = {"queue": ref.queue, "visit": visit, "clinician": colleague}
            call = self._store.take_over(ref, visit, colleague, self._new("key"))
            await self._say("take_over", said, call)

    # What is written down

    async def _say(
        self, verb: str, args: dict[str, Any], call: Awaitable[Ticket | Visit | None]
    ) -> Ticket | Visit | None:
        number = next(self._numbers)
        self._write({"n": number, "do": verb, "args": args, "ms": int(time.time() * 1000)})
        try:
            got = await call
        except AlreadyInVisit as error:
            self._write({"n": number, "refused": "AlreadyInVisit", "told": _told(error.visit)})
            raise
        except StoreUnavailable as error:
            self._write({"n": number, "unknown": str(error)})
            raise
        except QueueError as error:
            self._write({"n": number, "refused": type(error).__name__})
            raise
        self._write({"n": number, "ok": _told(got)})
        return got

    def _write(self, line: dict[str, Any]) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")


def _told(got: Ticket | Visit | None) -> dict[str, Any]:
    if got is None:
        return {}
    told: dict[str, Any] = {"id": got.id, "queue": got.ref.queue, "number": got.number}
    if isinstance(got, Visit):
        told |= {"ticket": got.ticket, "clinician": got.clinician, "epoch": got.epoch}
    return told
