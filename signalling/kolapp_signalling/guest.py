"""What a guest may ask: to be heard and seen in one visit, to write there, and to leave it."""

from __future__ import annotations

import asyncio
from functools import partial

from kolapp_queue.errors import BadCode, NoSuchVisit
from kolapp_queue.model import Visit
from kolapp_queue.states import ONGOING, GuestState
from kolapp_queue.store import QueueStore

from . import chat_messages as c
from . import messages as m
from . import parts as p
from . import relay_messages as r
from .chat import chat
from .codes import CloseCode
from .connection import Connection
from .guest_messages import GuestSnapshot
from .guest_pass import GuestPass
from .guests import HeldSeat
from .media_link import generations
from .participant import Participant
from .services import Services
from .session import Session


class Guest(Participant):
    """Every request looks the guest up in the visit's record: out is out at once."""

    __slots__ = ("_held", "_pass")

    def __init__(self, session: Session, services: Services, turn: asyncio.Lock) -> None:
        super().__init__(session, services, turn)
        assert session.grants.guest is not None  # a pass is the only way to this role
        self._pass: GuestPass = session.grants.guest
        of = self._pass
        look = partial(_look, services.store, of)
        self._held = HeldSeat(of.ref, of.visit, of.guest, of.seat, self.push, look, self._out)

    @property
    def seat(self) -> str:
        return self._pass.seat

    async def handle(self, request: p.ClientMessage | m.Error, connection: Connection) -> None:
        await super().handle(request, connection)
        if self._is_out:
            connection.close_soon(CloseCode.REMOVED)  # left by this very request

    @property
    def _is_out(self) -> bool:
        return self._held.shown is not None and self._held.shown.visit is None

    async def do(self, request: p.ClientMessage) -> p.ServerMessage:
        match request:
            case m.Offer():
                return await self._guests_leg(request)
            case c.Say() | c.Hear():
                visit = await self._visit(request.visit)
                return await chat(self._services, request, visit, self._pass.guest)
            case r.AskRelays():
                return await self._ask_relays(request, waits=False)
            case m.HangUp():
                return await self._leave(request)
        raise AssertionError(f"no verb for {type(request).__name__}")

    async def _guests_leg(self, request: m.Offer) -> m.SdpAnswer:
        answer = await self._offer(request, await self._visit(request.visit), ONGOING)
        if self._is_out:  # removed meanwhile, and perhaps before there was a leg to close
            _close_leg(self._services, self._pass, self._held.visit)
            raise NoSuchVisit
        return answer

    async def _leave(self, request: m.HangUp) -> GuestSnapshot:
        """No epoch counts here: whoever holds the visit, a guest may go."""
        of, services = self._pass, self._services
        if request.visit != of.visit:
            raise NoSuchVisit
        left = await services.store.leave_visit(of.ref, of.visit, of.guest)
        services.audience.guests.release(self._held)
        services.media.expel(left, of.seat)
        services.audience.visit(left)
        self._held.take(left)
        return services.audience.guests.snapshot(self._held)

    def generation_of(self, visit: Visit, asked: int) -> int:
        guest = visit.guest(self._pass.guest)
        assert guest is not None  # `_visit` has seen to that
        return generations(guest) + asked

    # The socket comes and goes

    async def restore(self) -> None:
        await self.show_present()
        self.away, self.restored = False, True

    async def show_present(self) -> None:
        guests = self._services.audience.guests
        self._services.queues.open(self._pass.ref)  # so that its hints are heard here
        if not self.released:
            guests.hold(self._held)
        if (visit := await self._held.look()) is not None:
            self._held.take(visit)
        guests.tell(self._held, always=True)

    def release(self) -> None:
        super().release()
        self._services.audience.guests.release(self._held)
        self._held.let_go(partial(_close_leg, self._services, self._pass))

    def _out(self, visit: Visit | None) -> None:
        """Also where another node's steps have made it so: the leg has to go by all means."""
        _close_leg(self._services, self._pass, visit)
        if self.connection is not None:
            self.connection.close_soon(CloseCode.REMOVED)

    async def _visit(self, visit: str) -> Visit:
        if visit != self._pass.visit or (found := await self._held.look()) is None:
            raise NoSuchVisit
        guest = found.guest(self._pass.guest)
        if guest is None or not guest.is_in:
            raise NoSuchVisit
        return found


async def _look(store: QueueStore, of: GuestPass) -> Visit | None:
    """The visit's record now. If the store has lost that this guest came in, they come again: the
    pass proves it, and makes the code void anew."""
    try:
        visit = await store.read_visit(of.ref, of.visit)
        guest = visit.guest(of.guest)
        if guest is not None and guest.state == GuestState.INVITED:
            return await store.redeem(of.ref, of.visit, of.guest, of.digest, of.key)
    except NoSuchVisit:
        return None
    except BadCode:
        return visit
    return visit


def _close_leg(services: Services, of: GuestPass, visit: Visit | None) -> None:
    """Unless somebody else has the seat by now."""
    if visit is not None and visit.guest(of.guest) is not None:
        services.media.expel(visit, of.seat)
