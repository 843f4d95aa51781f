"""What a clinician may ask: duty, the next patient, the visit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from typing import TypeVar

from kolapp_queue.errors import AlreadyInVisit, NoSuchVisit
from kolapp_queue.guest_verbs import Inviter
from kolapp_queue.model import ClinicianKey, Duty, TicketId, Visit, VisitId
from kolapp_queue.sealing import SealError
from kolapp_queue.states import Outcome, VisitState

from . import chat_messages as c
from . import desk_messages as d
from . import guest_messages as g
from . import messages as m
from . import parts as p
from . import relay_messages as r
from . import warm_messages as w
from .audience import Desk
from .board import MOST, board, held_visits
from .chat import chat
from .codes import ErrorCode
from .gate import Refused
from .participant import Participant
from .queues import OpenQueue
from .services import Services
from .session import Session

T = TypeVar("T")

_MAY_OFFER = frozenset({VisitState.CALLED, VisitState.LIVE})


class Clinician(Participant):
    __slots__ = ("_desk", "_key", "_provider")

    def __init__(self, session: Session, services: Services, turn: asyncio.Lock) -> None:
        super().__init__(session, services, turn)
        provider, key = session.person.provider, ClinicianKey(session.person.key)
        self._provider, self._key = provider, key
        self._desk = Desk(
            provider,
            key,
            self.push,
            lambda: [queue.line.load() for queue in services.queues.of(provider)],
            Duty(key, provider, on_duty=False, queues=(), visit=None, epoch=0),
        )
        services.audience.seat(self._desk)

    async def do(self, request: p.ClientMessage) -> p.ServerMessage:
        match request:
            case d.Ready():
                return await self._ready(request)
            case d.Pause():
                return await self._pause(request)
            case d.Pull():
                return await self._pull(request)
            case d.GiveBack() | d.Undo():
                return await self._back(request)
            case d.EndWrapUp():
                return await self._end_wrap_up()
            case d.Transfer():
                return await self._transfer(request)
            case d.RingAgain():
                return await self._ring_again(request)
            case d.SayOutcome():
                return await self._say_outcome(request)
            case d.ReadIntake():
                return await self._read_intake(request)
            case d.Board():
                return await self._board(request)
            case d.PullTicket():
                return await self._pull_ticket(request)
            case d.TakeOver():
                return await self._take_over(request)
            case m.Offer():
                return await self._offer(request, await self._visit(request.visit), _MAY_OFFER)
            case c.Say() | c.Hear():
                visit = await self._visit(request.visit)
                return await chat(self._services, request, visit, self._key)
            case r.AskRelays():
                return await self._ask_relays(request, self._desk.duty.on_duty)
            case g.Invite() | g.RemoveGuest():
                return await self._guests(request)
            case m.HangUp():
                return await self._hang_up(request)
            case w.Prepare() | w.AskEcho() | w.Enter():
                return await self._be_ready(request)
        raise AssertionError(f"no verb for {type(request).__name__}")

    async def _be_ready(self, request: w.Prepare | w.AskEcho | w.Enter) -> p.ServerMessage:
        match request:
            case w.Prepare():
                return await self._prepare(self._served(request.queue), request)
            case w.AskEcho():
                return await self._echo(request)
            case w.Enter():
                return await self._enter(request, await self._visit(request.visit), _MAY_OFFER)

    # Verbs

    async def _ready(self, request: d.Ready) -> d.DutySnapshot:
        queues = dict.fromkeys(self._queue(name, "queues").ref.queue for name in request.queues)
        if not request.weights.keys() <= queues.keys():
            raise Refused(ErrorCode.UNKNOWN_QUEUE, "weights")
        await self._set_duty(tuple(queues), request.weights)
        left_ms = 1000 * request.leaves_in_s
        leaves_ms = self._services.audience.now_ms() + left_ms if left_ms else 0
        store = self._services.store
        await store.set_shift_end(self._provider, self._key, tuple(queues), leaves_ms)
        return self._snapshot()

    async def _pause(self, request: d.Pause) -> d.DutySnapshot:
        named = [self._queue(name, "queues").ref.queue for name in request.queues]
        served = named or self._desk.duty.queues
        await self._set_duty((), {})
        self._services.warm.leave(self.session.person)
        if request.back_in_s or named:
            back_ms = self._services.audience.now_ms() + 1000 * request.back_in_s
            profile, store = self.session.grants.profile, self._services.store
            known_ms = back_ms if request.back_in_s else 0
            await store.set_return(self._provider, self._key, served, known_ms, profile)
        return self._snapshot()

    async def _set_duty(self, queues: tuple[str, ...], weights: Mapping[str, int]) -> None:
        profile = self.session.grants.profile
        self._desk.take(
            await self._services.store.set_duty(self._provider, self._key, queues, profile, weights)
        )

    async def _pull(self, request: d.Pull) -> d.DutySnapshot:
        visit = await self._mine(self._services.store.pull(self._provider, self._key, request.key))
        if visit is None:
            raise Refused(ErrorCode.NOBODY_WAITING)
        self._services.audience.called(visit)
        return self._with(visit)

    async def _pull_ticket(self, request: d.PullTicket) -> d.DutySnapshot:
        ref, ticket = self._queue(request.queue).ref, TicketId(request.ticket)
        pull = self._services.store.pull_ticket(ref, ticket, self._key, request.key, request.reason)
        visit = await self._mine(pull)
        self._services.audience.called(visit)
        return self._with(visit)

    async def _take_over(self, request: d.TakeOver) -> d.DutySnapshot:
        ref, visit = self._queue(request.queue).ref, VisitId(request.visit)
        taken = self._services.store.take_over(ref, visit, self._key, request.key)
        return self._with(await self._mine(taken))

    async def _mine(self, pull: Awaitable[T]) -> T:
        try:
            return await pull
        except AlreadyInVisit as active:
            self._desk.take_visit(active.visit)
            raise

    async def _read_intake(self, request: d.ReadIntake) -> d.IntakeText:
        visit = await self._visit(request.visit)
        try:
            text = await self._services.store.read_intake(
                visit.ref, visit.id, self._key, request.epoch, self._services.ring
            )
        except SealError:
            raise Refused(ErrorCode.INTAKE_UNREADABLE) from None
        return d.IntakeText(visit=visit.id, text=text or "")

    async def _board(self, request: d.Board) -> d.BoardNow:
        queue, store = self._served(request.queue), self._services.store
        if queue.line.line is None:
            await queue.line.read()
        held = await store.held_visits(queue.ref)
        now_ms = self._services.audience.now_ms()
        line = queue.line.line
        if line is None or not self.session.grants.profile.board:
            seen = held_visits(held, now_ms)
            return d.BoardNow(queue=request.queue, may_pull=False, held=seen)
        tickets = await store.tickets(queue.ref, line.waiting[:MOST])
        return board(request.queue, tickets, len(line.waiting), held, now_ms)

    def _served(self, name: str) -> OpenQueue:
        """Raises Refused where this clinician is not on duty."""
        queue = self._queue(name)
        if not self._desk.duty.on_duty or queue.ref.queue not in self._desk.duty.queues:
            raise Refused(ErrorCode.NOT_ON_DUTY)
        return queue

    async def _back(self, request: d.GiveBack | d.Undo) -> d.DutySnapshot:
        visit, store = await self._visit(request.visit), self._services.store
        step = store.undo_pull if isinstance(request, d.Undo) else store.give_back
        return await self._over(await step(visit.ref, visit.id, self._key, request.epoch))

    async def _hang_up(self, request: m.HangUp) -> d.DutySnapshot:
        visit = await self._visit(request.visit)
        ended = await self._services.store.hang_up(visit.ref, visit.id, self._key, request.epoch)
        return await self._over(ended)

    async def _guests(self, request: g.Invite | g.RemoveGuest) -> p.ServerMessage:
        visit, by = await self._visit(request.visit), Inviter.clinician(self._key)
        asked, invitations = (visit.ref, visit.id, by, request.epoch), self._services.invitations
        if isinstance(request, g.Invite):
            _, invited = await invitations.invite(*asked, request.kind, request.key)
            return invited
        return self._with(await invitations.remove(*asked, request.guest))

    async def _end_wrap_up(self) -> d.DutySnapshot:
        self._desk.take(await self._services.store.end_wrap_up(self._provider, self._key))
        return self._snapshot()

    async def _transfer(self, request: d.Transfer) -> d.DutySnapshot:
        visit, store = await self._visit(request.visit), self._services.store
        target = self._queue(request.queue).ref
        if target == visit.ref:
            raise Refused(ErrorCode.UNKNOWN_QUEUE, "queue")  # a transfer leads elsewhere
        await store.transfer(visit.ref, visit.id, self._key, request.epoch, target.queue)
        return await self._over(await store.read_visit(visit.ref, visit.id))

    async def _ring_again(self, request: d.RingAgain) -> d.DutySnapshot:
        visit = await self._visit(request.visit)
        store = self._services.store
        return self._with(await store.ring_again(visit.ref, visit.id, self._key, request.epoch))

    async def _say_outcome(self, request: d.SayOutcome) -> d.DutySnapshot:
        visit, outcome = await self._visit(request.visit), Outcome(request.outcome)
        said = await self._services.store.set_outcome(
            visit.ref, visit.id, self._key, request.epoch, outcome
        )
        return self._with(said)

    # The socket comes and goes

    async def restore(self) -> None:
        await self.show_present()
        if (active := self._desk.active) is not None and active.state == VisitState.HELD:
            await self._renew_duty()  # it waits for nobody but us
        self.away, self.restored = False, True

    async def show_present(self) -> None:
        self._desk.take(await self._services.store.duty(self._provider, self._key))
        self._services.audience.tell_desk(self._desk, always=True)

    async def renew(self) -> None:
        """A clinician counts as on duty while connected, and as present in a visit: keep both."""
        if self._desk.duty.on_duty or self._desk.active is not None:
            async with self._turn:
                if not self.released:
                    await self._guarded(self._renew_duty())

    def release(self) -> None:
        super().release()
        self._services.audience.unseat(self._desk)

    async def _renew_duty(self) -> None:
        duty = self._desk.duty
        await self._set_duty(duty.queues if duty.on_duty else (), duty.weights)
        self._services.audience.tell_desk(self._desk)

    # The desk

    async def _over(self, ended: Visit) -> d.DutySnapshot:
        """My visit has ended: the wrap-up may have begun."""
        self._services.visit_ended(ended)
        self._desk.take_visit(ended)
        self._desk.take(await self._services.store.duty(self._provider, self._key))
        return self._snapshot()

    def _with(self, visit: Visit) -> d.DutySnapshot:
        self._desk.take_visit(visit)
        self._desk.duty = replace(self._desk.duty, visit=self._desk.active)
        return self._snapshot()

    def _snapshot(self) -> d.DutySnapshot:
        return self._services.audience.duty_snapshot(self._desk)

    async def _visit(self, visit: str) -> Visit:
        """The visit of that id, if this clinician had it last: nobody else's is there at all."""
        last = self._desk.visit
        if last is None or last.id != visit:
            raise NoSuchVisit
        found = await self._services.store.read_visit(last.ref, VisitId(visit))
        if found.clinician != self._key:  # a colleague has taken it over
            raise NoSuchVisit
        return found
