"""One session's owner on this node, with or without a socket.

Requests are served strictly one after the other, each with exactly one reply, whatever happens on
the way. What a patient and a clinician may ask is in `patient.py` and `clinician.py`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable

import msgspec
from kolapp_media import errors as media_errors
from kolapp_queue import errors as queue_errors
from kolapp_queue.model import Visit
from kolapp_queue.settings import DIRECT
from kolapp_queue.states import VisitState

from . import log
from .auth import BadToken
from .codes import ErrorCode
from .connection import Connection
from .gate import Refused
from .messages import (
    Error,
    Offer,
    Pong,
    QueuesNow,
    SdpAnswer,
    TokenNow,
)
from .outlets import News
from .parts import ClientMessage, ServerMessage
from .queues import OpenQueue
from .refusals import MEDIA_CODES, QUEUE_CODES, error
from .relay_messages import AskRelays, RelaysNow
from .seats import slots_of
from .services import Services
from .session import Session, may
from .session_messages import Hello, LookAround, Ping, Renew
from .signal_messages import Signal, SignalNow
from .warm_messages import AskEcho, EchoNow, Enter, Entered, Prepare

ROOM_LEG = "room"  # in place of a visit, for the leg of who has none yet
# With these the client's picture is out of date: the present snapshot follows.
_SHOW = frozenset(
    {ErrorCode.WRONG_STATE, ErrorCode.STALE_EPOCH, ErrorCode.ALREADY_IN_VISIT, ErrorCode.TOO_LATE}
)


class Participant:
    __slots__ = ("_services", "_turn", "away", "connection", "released", "restored", "session")

    def __init__(self, session: Session, services: Services, turn: asyncio.Lock) -> None:
        """`turn` is the person's: what an older session has under way is done first, so that its
        late end cannot undo what this one finds."""
        self.session = session
        self.connection: Connection | None = None  # the newest socket, while it lives
        self.away = False  # the store was told that nobody is there
        self.restored = False  # everything the store knows of this person was looked up
        self.released = False  # the session is over; what is still under way concerns nobody
        self._services = services
        self._turn = turn

    # Requests

    async def handle(self, request: ClientMessage | Error, connection: Connection) -> None:
        """An `Error` is the reply to what was no message; it too has its turn."""
        async with self._turn:
            if connection.close_code is not None:
                return  # whom we closed has no rights any more, and would not get the reply
            if isinstance(request, Error):
                connection.send(request)
                return
            reply = await self._reply(request)
            connection.send(reply)
            self._services.metrics.answered(request, reply)
            if isinstance(reply, Error) and reply.code in _SHOW:
                await self._guarded(self.show_present())

    async def _reply(self, request: ClientMessage) -> ServerMessage:
        try:
            reply = await self._dispatch(request)
        except Refused as refused:
            return error(request, refused.code, refused.field, refused.opens)
        except queue_errors.QueueError as refusal:
            return error(request, self._code_of(refusal))
        except media_errors.MediaError as refusal:
            return error(request, MEDIA_CODES.get(type(refusal), ErrorCode.MEDIA_UNAVAILABLE))
        except Exception as failure:
            log.event(logging.ERROR, "A request failed.", session=self.session.id, error=failure)
            return error(request, ErrorCode.INTERNAL)
        return msgspec.structs.replace(reply, re=request.id)

    def _code_of(self, refusal: queue_errors.QueueError) -> ErrorCode:
        code = QUEUE_CODES.get(type(refusal), ErrorCode.INTERNAL)
        if code == ErrorCode.INTERNAL:
            log.event(logging.ERROR, "A request failed.", session=self.session.id, error=refusal)
        return code

    async def _dispatch(self, request: ClientMessage) -> ServerMessage:
        if not may(self.session.person.role, request):
            raise Refused(ErrorCode.FORBIDDEN)
        if isinstance(request, Hello):
            raise Refused(ErrorCode.WRONG_STATE)  # said already on this connection
        if isinstance(request, Ping):
            return Pong()
        if isinstance(request, Renew):
            return await self._renew(request)
        if isinstance(request, LookAround):
            provider = self.session.person.provider
            return QueuesNow(queues=await self._services.queues.infos(provider))
        if isinstance(request, Signal):
            visit = await self._visit(request.visit)
            return await self._services.signals.signal(request, visit, self.seat)
        return await self.do(request)

    async def _renew(self, request: Renew) -> TokenNow:
        """Raises Refused for whatever is no token of the same person; the old one goes on."""
        identities = self._services.identities
        try:
            identity = await identities.identify(request.token)
        except BadToken:
            self._services.metrics.bad_tokens.inc()
            raise Refused(ErrorCode.BAD_TOKEN, "token") from None
        if identities.person(identity) != self.session.person:
            raise Refused(ErrorCode.BAD_TOKEN, "token")
        self.session.renew(identity.expires_ms, identity.grants)
        return TokenNow(valid_ms=max(0, identity.expires_ms - time.time_ns() // 1_000_000))

    async def do(self, request: ClientMessage) -> ServerMessage:
        """One verb of this role. Raises Refused, QueueError or MediaError."""
        raise NotImplementedError

    # The socket comes and goes

    async def attached(self, connection: Connection) -> None:
        """A new socket of this person: tell it everything, once what is under way is done."""
        async with self._turn:
            if self.connection is connection:
                await self._guarded(self.restore())

    async def restore(self) -> None:
        """Find what the store knows of this person, and show it."""
        raise NotImplementedError

    async def show_present(self) -> None:
        """Read and show the present truth, whatever was shown before."""
        raise NotImplementedError

    async def tell_absence(self) -> None:
        """The socket has been lost for so long that others should know. Raises QueueError."""
        async with self._turn:
            if self.connection is None:  # nobody came back meanwhile
                await self.gone()
                self.away = True

    async def gone(self) -> None:
        """Tell the store. Raises QueueError."""

    async def try_again(self) -> None:
        """The store was away when this person came."""
        async with self._turn:
            if not self.restored:
                await self._guarded(self.restore())

    def release(self) -> None:
        """The session ends here: nobody on this node listens for this person any more."""
        self.released = True

    def push(self, kind: str, news: News) -> None:
        if self.connection is None:
            return
        if isinstance(news, SignalNow):
            self.connection.tell(news)
        else:
            self.connection.push(kind, news)

    # What all roles need

    @property
    def seat(self) -> str:
        """Under which name this person is in a visit."""
        return self.session.person.role.value

    def generation_of(self, visit: Visit, asked: int) -> int:
        """What the media node calls the leg of this generation of this person."""
        return asked

    def _queue(self, name: str, field: str = "queue") -> OpenQueue:
        queue = self._services.queues.known(self.session.person.provider, name)
        if queue is None:
            raise Refused(ErrorCode.UNKNOWN_QUEUE, field)
        return queue

    async def _offer(
        self, offer: Offer, visit: Visit, may_offer: frozenset[VisitState]
    ) -> SdpAnswer:
        """Open or replace this person's leg. `visit` was read for this request."""
        slots = self._slots(visit, offer.epoch, may_offer)
        generation = self.generation_of(visit, offer.generation)
        visit, sdp = await self._services.media.offer(
            visit, self.seat, generation, offer.sdp, slots
        )
        self._services.audience.visit(visit)
        return SdpAnswer(
            visit=visit.id,
            generation=offer.generation,
            media_epoch=visit.media_epoch,
            sdp=sdp,
            slots=slots,
        )

    async def _enter(
        self, request: Enter, visit: Visit, may_enter: frozenset[VisitState]
    ) -> Entered:
        """Bring this person's prepared leg into the visit. `visit` was read for this request."""
        slots, generation = self._slots(visit, request.epoch, may_enter), request.generation
        visit = await self._services.warm.enter(visit, self.session.person, generation, slots)
        self._services.audience.visit(visit)
        return Entered(
            visit=visit.id,
            generation=request.generation,
            media_epoch=visit.media_epoch,
            slots=slots,
        )

    def _slots(self, visit: Visit, epoch: int, allowed: frozenset[VisitState]) -> list[str]:
        """Whom this person's leg is sent. Raises StaleEpoch, and WrongState where none may be."""
        if visit.epoch != epoch:
            raise queue_errors.StaleEpoch
        if visit.state not in allowed or visit.mode == DIRECT:
            raise queue_errors.WrongState(visit.state)
        return slots_of(self.seat, 1 + visit.most_guests)

    async def _prepare(self, queue: OpenQueue, request: Prepare) -> SdpAnswer:
        policy = self._services.queues.policy(queue.ref)
        if policy.mode == DIRECT:
            raise Refused(ErrorCode.WRONG_STATE, "queue")  # no media node will have their legs
        sdp = await self._services.warm.prepare(
            queue.ref, self.session.person, request.generation, request.sdp
        )
        slots = slots_of(self.seat, 1 + policy.guests)
        return SdpAnswer(
            visit="", generation=request.generation, media_epoch=0, sdp=sdp, slots=slots
        )

    async def _echo(self, request: AskEcho) -> EchoNow:
        await self._services.warm.echo(self.session.person, on=request.on)
        return EchoNow(on=request.on)

    async def _visit(self, visit: str) -> Visit:
        """The visit of that id, read now, if this person is in it. Raises NoSuchVisit."""
        raise NotImplementedError

    async def _ask_relays(self, request: AskRelays, waits: bool) -> RelaysNow:
        """TURN servers for this person's leg: of a visit, or of who `waits` for one."""
        if request.visit == ROOM_LEG and waits:
            return self._relays(ROOM_LEG, f"{ROOM_LEG}-{self.session.id}")
        visit = await self._visit(request.visit)
        if visit.epoch != request.epoch:
            raise queue_errors.StaleEpoch
        if visit.state == VisitState.ENDED:
            raise queue_errors.WrongState(visit.state)
        return self._relays(visit.id, visit.id)

    def _relays(self, visit: str, leg: str) -> RelaysNow:
        relays = self._services.relays
        servers = relays.of(leg, self.seat, self._services.audience.now_ms() / 1000)
        return RelaysNow(visit=visit, servers=servers, ttl_ms=relays.ttl_s * 1000)

    async def _guarded(self, work: Awaitable[None]) -> None:
        """Do what no request waits for: a store that is away is looked for again later."""
        try:
            await work
        except queue_errors.QueueError:
            self.restored = False
        except Exception as failure:
            log.event(logging.ERROR, "Showing failed.", session=self.session.id, error=failure)
