"""What a clinician may ask: duty, the next patient, the visit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kolapp_queue.errors import AlreadyInVisit, NoSuchVisit
from kolapp_queue.model import ClinicianKey, Duty, Visit, VisitId
from kolapp_queue.states import Outcome, VisitState

from . import messages as m
from .audience import Desk
from .codes import ErrorCode
from .gate import Refused
from .participant import Participant
from .services import Services
from .session import Session

_MAY_OFFER = frozenset({VisitState.CALLED, VisitState.LIVE})


class Clinician(Participant):
    __slots__ = ("_desk", "_key", "_provider")

    def __init__(self, session: Session, services: Services) -> None:
        super().__init__(session, services)
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

    async def do(self, request: m.ClientMessage) -> m.ServerMessage:
        match request:
            case m.Ready():
                return await self._ready(request)
            case m.Pause():
                return await self._pause()
            case m.Pull():
                return await self._pull(request)
            case m.GiveBack():
                return await self._give_back(request)
            case m.Undo():
                return await self._undo(request)
            case m.EndWrapUp():
                return await self._end_wrap_up()
            case m.Transfer():
                return await self._transfer(request)
            case m.RingAgain():
                return await self._ring_again(request)
            case m.SayOutcome():
                return await self._say_outcome(request)
            case m.Offer():
                return await self._offer(request, await self._visit(request.visit), _MAY_OFFER)
            case m.HangUp():
                return await self._hang_up(request)
        raise AssertionError(f"no verb for {type(request).__name__}")

    # Verbs

    async def _ready(self, request: m.Ready) -> m.DutySnapshot:
        queues = dict.fromkeys(self._queue(name, "queues").ref.queue for name in request.queues)
        if not request.weights.keys() <= queues.keys():
            raise Refused(ErrorCode.UNKNOWN_QUEUE, "weights")
        await self._set_duty(tuple(queues), request.weights)
        return self._snapshot()

    async def _pause(self) -> m.DutySnapshot:
        await self._set_duty((), {})
        return self._snapshot()

    async def _set_duty(self, queues: tuple[str, ...], weights: Mapping[str, int]) -> None:
        profile = self.session.grants.profile
        self._desk.take(
            await self._services.store.set_duty(self._provider, self._key, queues, profile, weights)
        )

    async def _pull(self, request: m.Pull) -> m.DutySnapshot:
        try:
            visit = await self._services.store.pull(self._provider, self._key, request.key)
        except AlreadyInVisit as active:
            self._desk.take_visit(active.visit)
            raise
        if visit is None:
            raise Refused(ErrorCode.NOBODY_WAITING)
        self._services.audience.called(visit)
        return self._with(visit)

    async def _give_back(self, request: m.GiveBack) -> m.DutySnapshot:
        visit = await self._visit(request.visit)
        ended = await self._services.store.give_back(visit.ref, visit.id, self._key, request.epoch)
        return await self._over(ended)

    async def _hang_up(self, request: m.HangUp) -> m.DutySnapshot:
        visit = await self._visit(request.visit)
        ended = await self._services.store.hang_up(visit.ref, visit.id, self._key, request.epoch)
        return await self._over(ended)

    async def _undo(self, request: m.Undo) -> m.DutySnapshot:
        visit = await self._visit(request.visit)
        ended = await self._services.store.undo_pull(visit.ref, visit.id, self._key, request.epoch)
        return await self._over(ended)

    async def _end_wrap_up(self) -> m.DutySnapshot:
        self._desk.take(await self._services.store.end_wrap_up(self._provider, self._key))
        return self._snapshot()

    async def _transfer(self, request: m.Transfer) -> m.DutySnapshot:
        visit, store = await self._visit(request.visit), self._services.store
        target = self._queue(request.queue).ref
        if target == visit.ref:
            raise Refused(ErrorCode.UNKNOWN_QUEUE, "queue")  # a transfer leads elsewhere
        await store.transfer(visit.ref, visit.id, self._key, request.epoch, target.queue)
        return await self._over(await store.read_visit(visit.ref, visit.id))

    async def _ring_again(self, request: m.RingAgain) -> m.DutySnapshot:
        visit = await self._visit(request.visit)
        store = self._services.store
        return self._with(await store.ring_again(visit.ref, visit.id, self._key, request.epoch))

    async def _say_outcome(self, request: m.SayOutcome) -> m.DutySnapshot:
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
                await self._guarded(self._renew_duty())

    def release(self) -> None:
        self._services.audience.unseat(self._desk)

    async def _renew_duty(self) -> None:
        duty = self._desk.duty
        await self._set_duty(duty.queues if duty.on_duty else (), duty.weights)
        self._services.audience.tell_desk(self._desk)

    # The desk

    async def _over(self, ended: Visit) -> m.DutySnapshot:
        """My visit has ended: the wrap-up may have begun."""
        self._services.visit_ended(ended)
        self._desk.take_visit(ended)
        self._desk.take(await self._services.store.duty(self._provider, self._key))
        return self._snapshot()

    def _with(self, visit: Visit) -> m.DutySnapshot:
        self._desk.take_visit(visit)
        self._desk.duty = replace(self._desk.duty, visit=self._desk.active)
        return self._snapshot()

    def _snapshot(self) -> m.DutySnapshot:
        return self._services.audience.duty_snapshot(self._desk)

    async def _visit(self, visit: str) -> Visit:
        """The visit of that id, if this clinician had it last: nobody else's is there at all."""
        last = self._desk.visit
        if last is None or last.id != visit:
            raise NoSuchVisit
        return await self._services.store.read_visit(last.ref, VisitId(visit))
