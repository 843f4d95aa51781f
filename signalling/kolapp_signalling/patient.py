"""What a patient may ask: a place, the call, the visit."""

from __future__ import annotations

import asyncio
import secrets

from kolapp_queue.errors import CopyExpired, NoSuchTicket, NoSuchVisit, QueueClosed, QueueFull
from kolapp_queue.model import Needs, PatientKey, QueueRef, Ticket, TicketId, Visit, VisitId
from kolapp_queue.sealing import SealError
from kolapp_queue.signed import copy_of, issue
from kolapp_queue.states import ENDED, TicketState, VisitState

from . import chat_messages as c
from . import messages as m
from . import parts as p
from . import relay_messages as r
from . import warm_messages as w
from .audience import HeldTicket
from .chat import chat
from .codes import ErrorCode
from .gate import Refused, asked
from .participant import Participant
from .queues import OpenQueue
from .services import Services
from .session import Session

_MAY_OFFER = frozenset({VisitState.LIVE})  # nothing of the patient before the answer
_MAY_ENTER = _MAY_OFFER | {VisitState.CALLED}  # the node forwards nothing before it either


class Patient(Participant):
    __slots__ = ("_held", "_key")

    def __init__(self, session: Session, services: Services, turn: asyncio.Lock) -> None:
        super().__init__(session, services, turn)
        self._key = PatientKey(session.person.key)
        self._held: dict[QueueRef, HeldTicket] = {}  # the last ticket in each queue, ended or not

    async def do(self, request: p.ClientMessage) -> p.ServerMessage:
        match request:
            case m.Find() | m.Join() | m.Leave():
                async with self._services.crowd:
                    return await self._queue_up(request)
            case m.Intake():
                return await self._intake(request)
            case m.Answer():
                return await self._answer(request)
            case m.Decline():
                return await self._decline(request)
            case m.Offer():
                return await self._offer(request, await self._visit(request.visit), _MAY_OFFER)
            case c.Say() | c.Hear():
                visit = await self._visit(request.visit)
                return await chat(self._services, request, visit, self._key)
            case r.AskRelays():
                waits = any(held.ticket.state not in ENDED for held in self._held.values())
                return await self._ask_relays(request, waits)
            case m.HangUp():
                return await self._hang_up(request)
            case w.Prepare() | w.AskEcho() | w.Enter():
                return await self._be_ready(request)
        raise AssertionError(f"no verb for {type(request).__name__}")

    async def _queue_up(self, request: m.Find | m.Join | m.Leave) -> m.TicketSnapshot:
        match request:
            case m.Find():
                return await self._find(request)
            case m.Join():
                return await self._join(request)
            case m.Leave():
                return await self._leave(request)

    async def _be_ready(self, request: w.Prepare | w.AskEcho | w.Enter) -> p.ServerMessage:
        match request:
            case w.Prepare():
                return await self._prepare(self._ready_queue(request), request)
            case w.AskEcho():
                return await self._echo(request)
            case w.Enter():
                return await self._enter(request, await self._visit(request.visit), _MAY_ENTER)

    # Verbs

    async def _find(self, request: m.Find) -> m.TicketSnapshot:
        ref = self._queue(request.queue).ref
        try:
            found = await self._attach(await self._services.store.find(ref, self._key))
        except NoSuchTicket:
            found = await self._restored(ref, request.signed)
        return await self._shown(found, copy=True)

    async def _restored(self, ref: QueueRef, signed: str) -> Ticket:
        """The place of a signed copy, if the store lost it. Raises NoSuchTicket."""
        if not signed:
            raise NoSuchTicket
        store, connection = self._services.store, self.session.connection
        try:
            return await store.restore(ref, self._key, signed, connection, self._services.ring)
        except (SealError, CopyExpired):
            raise NoSuchTicket from None  # a copy that is worth nothing is as good as none

    async def _join(self, request: m.Join) -> m.TicketSnapshot:
        queue = self._queue(request.queue)
        needs, band = asked(request.needs), self.session.grants.band
        try:
            return await self._shown(await self._draw(queue, needs, band), copy=True)
        except Refused as refused:
            return await self._shown(await self._kept(queue.ref, refused), copy=True)

    async def _draw(self, queue: OpenQueue, needs: Needs, band: str) -> Ticket:
        """Raises Refused, also when it is the store that refuses: the gate says more."""
        gate = await queue.admit(needs, band)
        try:
            return await self._services.store.join(
                queue.ref,
                self._key,
                TicketId(secrets.token_urlsafe(16)),
                self.session.connection,
                needs,
                credit_ms=gate.credit_ms,
                capacity=self._services.queues.policy(queue.ref).capacity,
                closes_ms=gate.joins_until_ms or 0,
            )
        except (QueueClosed, QueueFull):
            await queue.line.read()
            await queue.admit(needs, band)
            raise

    async def _kept(self, ref: QueueRef, refused: Refused) -> Ticket:
        """The gate is for new numbers: who has one keeps it."""
        try:
            return await self._attach(await self._services.store.find(ref, self._key))
        except NoSuchTicket:
            raise refused from None

    async def _leave(self, request: m.Leave) -> m.TicketSnapshot:
        ticket = self._mine(request.ticket)
        self._services.warm.leave(self.session.person)
        return await self._shown(await self._services.store.leave(ticket.ref, ticket.id, self._key))

    def _ready_queue(self, request: w.Prepare) -> OpenQueue:
        """Where this patient is near the front, or rung, or was ready before. Raises Refused."""
        queue = self._queue(request.queue)
        held = self._held.get(queue.ref)
        if held is None or held.ticket.state in ENDED:
            raise NoSuchTicket
        near = self._services.queues.policy(queue.ref).ready_from
        place = queue.line.place(held.ticket.id)
        is_near = not held.waiting or (place is not None and place.position <= near)
        # Who stepped back a little stays ready; who never was is not.
        if not near or not (is_near or self._services.warm.is_ready(self.session.person)):
            raise Refused(ErrorCode.TOO_EARLY)
        return queue

    async def _intake(self, request: m.Intake) -> m.TicketSnapshot:
        ticket, services = self._mine(request.ticket), self._services
        await services.store.put_intake(
            ticket.ref, ticket.id, self._key, request.text, services.ring
        )
        return await self._shown(await services.store.read_ticket(ticket.ref, ticket.id))

    async def _answer(self, request: m.Answer) -> m.TicketSnapshot:
        ticket, epoch = self._mine(request.ticket), request.epoch
        answered = await self._services.store.answer(ticket.ref, ticket.id, self._key, epoch)
        snapshot = await self._shown(answered)
        visit = self._held[ticket.ref].visit
        if visit is not None:
            await self._services.media.forward(visit)
        return snapshot

    async def _decline(self, request: m.Decline) -> m.TicketSnapshot:
        ticket, epoch = self._mine(request.ticket), request.epoch
        declined = await self._services.store.decline(ticket.ref, ticket.id, self._key, epoch)
        return await self._shown(declined)

    async def _hang_up(self, request: m.HangUp) -> m.TicketSnapshot:
        visit = await self._visit(request.visit)
        ended = await self._services.store.hang_up(visit.ref, visit.id, self._key, request.epoch)
        self._services.visit_ended(ended)
        return await self._shown(await self._services.store.read_ticket(visit.ref, visit.ticket))

    # The socket comes and goes

    async def restore(self) -> None:
        async with self._services.crowd:
            await self._look_up()
        # What is over first: the last one told is the one that counts.
        for held in sorted(self._held.values(), key=lambda held: held.ticket.state not in ENDED):
            self._services.audience.tell(held, always=True)

    async def show_present(self) -> None:
        for held in list(self._held.values()):
            ticket = held.ticket
            await self._known(await self._services.store.read_ticket(ticket.ref, ticket.id))
            self._services.audience.tell(held, always=True)

    async def follow(self, gone: Ticket) -> None:
        """That ticket goes on in another queue: show it there. Raises QueueError."""
        ref = QueueRef(gone.ref.provider, gone.moved_to)
        if gone.moved_ticket is None:
            return
        async with self._turn:
            known = self._held.get(ref)
            if known is None or known.ticket.id != gone.moved_ticket:
                there = await self._services.store.read_ticket(ref, gone.moved_ticket)
                if self.connection is not None:
                    there = await self._attach(there)
                await self._known(there, copy=True)
                self._services.audience.tell(self._held[ref], always=True)

    async def gone(self) -> None:
        for held in self._held.values():
            ticket = held.ticket
            await self._services.store.detach(ticket.ref, ticket.id, self.session.connection)

    def release(self) -> None:
        super().release()
        for held in self._held.values():
            self._services.audience.release(held)

    # Tickets

    async def _look_up(self) -> None:
        """Every active ticket of this person, and the ended ones that this session has seen."""
        for queue in self._services.queues.of(self.session.person.provider):
            try:
                held = self._held.get(queue.ref)
                if held is not None:
                    found = held.ticket
                else:
                    found = await self._services.store.find(queue.ref, self._key)
                await self._known(await self._attach(found), again=True)
            except NoSuchTicket:
                self._drop(queue.ref)
        self.away, self.restored = False, True

    async def _attach(self, ticket: Ticket) -> Ticket:
        return await self._services.store.attach(
            ticket.ref, ticket.id, self._key, self.session.connection
        )

    async def _shown(self, ticket: Ticket, *, copy: bool = False) -> m.TicketSnapshot:
        return self._services.audience.ticket_snapshot(await self._known(ticket, copy=copy))

    async def _known(
        self, ticket: Ticket, *, copy: bool = False, again: bool = False
    ) -> HeldTicket:
        """Hold this record and read what a snapshot of it needs: its place, or its visit. With
        `copy`, an active ticket's signed copy goes with it. `again`: another node may have told
        a place."""
        held = self._hold(ticket)
        queue = self._services.queues.open(ticket.ref)
        if held.ticket.state == TicketState.WAITING:
            queue.places.touched(ticket.version)
            await queue.line.at_least(ticket.version)
            if again and held.place is None:
                place = await queue.line.place_again(ticket.id)
            else:
                place = queue.line.place(ticket.id, held.place, held.line_version)
            held.take_place(place, queue.line)
            queue.places.came(held)
        elif held.ticket.state == TicketState.IN_VISIT and held.ticket.visit is not None:
            held.take_visit(await self._services.store.read_visit(ticket.ref, held.ticket.visit))
        if copy and held.ticket.state not in ENDED:
            held.signed = self._signed(held.ticket)
        return held

    def _signed(self, ticket: Ticket) -> str:
        now_ms = self._services.audience.now_ms()
        valid_ms = self._services.store.settings_of(ticket.ref).retention_ms
        return issue(copy_of(ticket, now_ms, valid_ms), self._services.ring)

    def _hold(self, ticket: Ticket) -> HeldTicket:
        held = self._held.get(ticket.ref)
        if held is not None and held.ticket.id == ticket.id:
            held.take(ticket)
            return held
        self._drop(ticket.ref)
        held = self._held[ticket.ref] = HeldTicket(self._key, ticket, self.push, self.follow)
        if not self.released:  # the session that came after holds the ticket
            self._services.audience.hold(held)
        return held

    def _drop(self, ref: QueueRef) -> None:
        if (held := self._held.pop(ref, None)) is not None:
            self._services.audience.release(held)

    def _mine(self, ticket: str) -> Ticket:
        """Somebody else's ticket and one that never was look the same: not in this session."""
        for held in self._held.values():
            if held.ticket.id == ticket:
                return held.ticket
        raise NoSuchTicket

    async def _visit(self, visit: str) -> Visit:
        for held in self._held.values():
            if held.ticket.visit == visit:
                return await self._services.store.read_visit(held.ticket.ref, VisitId(visit))
        raise NoSuchVisit
