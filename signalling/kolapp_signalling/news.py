"""From the store's hints to what people see: read what a hint names, tell whom it concerns.

A hint is never believed, and one that is lost costs no more than the next look at the versions.
Each ticket and each desk has at most one reading under way; a hint that comes meanwhile makes it
read once more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable

from kolapp_queue.errors import NoSuchTicket, NoSuchVisit, QueueError
from kolapp_queue.model import Hint, QueueRef, VisitId
from kolapp_queue.states import TicketState, VisitState
from kolapp_queue.store import QueueStore

from . import log
from .audience import Audience, Desk, HeldTicket
from .guests import HeldSeat
from .tasks import Tasks

_AT_A_TIME = 8  # readings of tickets and desks: after a loss there may be hundreds
_HAS_VISIT = frozenset({TicketState.CALLED, TicketState.IN_VISIT})


class News:
    """`ended` is called with each visit that turns out to be over."""

    def __init__(
        self,
        store: QueueStore,
        audience: Audience,
        tasks: Tasks,
        ended: Callable[[VisitId], None],
    ) -> None:
        self._store = store
        self._audience = audience
        self._tasks = tasks
        self._ended = ended
        self._at_a_time = asyncio.Semaphore(_AT_A_TIME)
        self._again: dict[Hashable, bool] = {}  # readings under way; True: read once more

    def hint(self, hint: Hint) -> None:
        held = self._audience.ticket(hint.ticket) if hint.ticket else None
        if held is None and hint.visit is not None:
            held = self._audience.in_visit(hint.ref, hint.visit)
        if held is not None and not held.knows(hint):
            self.look_at(held)
        desk = self._audience.desk(hint.ref.provider, hint.clinician) if hint.clinician else None
        if desk is not None and not desk.knows(hint):
            self.look_at_desk(desk)
        for guest in self._audience.guests.of(hint.visit):
            if not guest.knows(hint):
                self.look_at_guest(guest)

    def look_at(self, held: HeldTicket) -> None:
        self._once(("ticket", held.ticket.id), lambda: self.read_ticket(held))

    def look_at_desk(self, desk: Desk) -> None:
        self._once(("desk", desk.provider, desk.clinician), lambda: self.read_desk(desk))

    def look_at_guest(self, held: HeldSeat) -> None:
        self._once(("guest", held.guest), lambda: self.read_guest(held))

    def resync(self, ref: QueueRef) -> None:
        """Hints of this queue were lost: look at every ticket that is not just waiting.

        Those that wait are compared with the line (`Places.resync`): reading thousands one by one
        would take longer than the loss.
        """
        for held in list(self._audience.tickets(ref).values()):
            if held.ticket.state in _HAS_VISIT:
                self.look_at(held)
        for desk in self._audience.desks(ref.provider):
            self.look_at_desk(desk)
        for guest in list(self._audience.guests.of_queue(ref)):
            self.look_at_guest(guest)

    async def read_ticket(self, held: HeldTicket) -> None:
        ref, visit = held.ticket.ref, held.ticket.visit
        try:
            held.take(await self._store.read_ticket(ref, held.ticket.id))
            if held.ticket.state == TicketState.IN_VISIT and held.ticket.visit is not None:
                held.take_visit(await self._store.read_visit(ref, held.ticket.visit))
        except (NoSuchTicket, NoSuchVisit):
            # Past its retention: whoever asks for it now is told so.
            self._audience.release(held)
            return
        self._audience.tell(held)
        if held.ticket.state == TicketState.TRANSFERRED:
            await held.moved(held.ticket)
        if visit is not None and held.ticket.state not in _HAS_VISIT:
            self._ended(visit)

    async def read_desk(self, desk: Desk) -> None:
        before = desk.unexplained
        duty = await self._store.duty(desk.provider, desk.clinician)
        if before is not None and (duty.visit is None or duty.visit.id != before.id):
            self._ended(before.id)
            desk.take_visit(await self._store.read_visit(before.ref, before.id))
        desk.take(duty)
        self._audience.tell_desk(desk)

    async def read_guest(self, held: HeldSeat) -> None:
        visit = await held.look()
        if visit is not None:
            held.take(visit)
        self._audience.guests.tell(held)
        if visit is None or visit.state == VisitState.ENDED:
            self._ended(held.visit_id)

    def _once(self, what: Hashable, read: Callable[[], Awaitable[None]]) -> None:
        if what in self._again:
            self._again[what] = True
        else:
            self._again[what] = False
            self._tasks.start(self._reading(what, read))

    async def _reading(self, what: Hashable, read: Callable[[], Awaitable[None]]) -> None:
        try:
            while True:
                self._again[what] = False
                async with self._at_a_time:
                    await read()
                if not self._again[what]:
                    return
        except QueueError as error:
            # The look at the versions will find it again when the store is back.
            log.event(logging.WARNING, "What a hint named could not be read.", error=error)
        finally:
            del self._again[what]
