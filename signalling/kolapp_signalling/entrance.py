"""From an open socket to a participant: hello, welcome, then one request after the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass, field

from . import log
from .auth import BadToken, WeakLogin
from .codes import CloseCode
from .connection import Connection
from .doorkeeper import Doorkeeper, Visitor
from .hub import Hub
from .identities import Identities
from .inbox import Inbox
from .messages import Error, Pong, Welcome
from .metrics import Metrics
from .participant import Participant
from .parts import QueueInfo
from .queues import Queues
from .roles import PARTICIPANTS, Role
from .session import Session
from .session_messages import Hello, Ping
from .tasks import Tasks


@dataclass(slots=True)
class Entrance:
    hub: Hub
    queues: Queues
    identities: Identities
    node_id: str
    version: str
    hello_s: float
    ping_every_ms: int
    metrics: Metrics
    tasks: Tasks
    doorkeeper: Doorkeeper
    relays: bool = False  # there are TURN servers
    served: int = 0  # connections since the start
    turnstile: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def one_by_one(self) -> None:
        """Before a handshake: of many that come in the same moment one is let through in each turn
        of the loop, and "your turn" goes between them. Nobody is waited for in here."""
        async with self.turnstile:
            await asyncio.sleep(0)

    async def serve(self, connection: Connection, visitor: Visitor) -> None:
        """The whole life of one socket. Raises nothing; a failure of ours closes with 4003."""
        self.served += 1
        try:
            await self._serve(connection, visitor)
        except Exception as failure:
            _failed(connection, failure)
        finally:
            await connection.finish()
            if connection.close_code is not None:
                self.metrics.closes.labels(str(int(connection.close_code))).inc()

    async def _serve(self, connection: Connection, visitor: Visitor) -> None:
        hello = await self._hello(connection)
        if hello is None:
            return
        try:
            identity = await self.identities.identify(hello.token)
            if identity.role not in PARTICIPANTS:
                raise BadToken
        except WeakLogin:
            connection.close_soon(CloseCode.WEAK_LOGIN)
            return
        except BadToken:
            self.metrics.bad_tokens.inc()
            await asyncio.sleep(self.doorkeeper.failed(visitor.address))
            connection.close_soon(CloseCode.BAD_TOKEN)
            return
        visitor.greeted()
        person = self.identities.person(identity)
        # A guest of a visit has nothing to do with queues.
        guest = person.role == Role.GUEST
        queues = [] if guest else await self.queues.infos(person.provider)
        # From here to the welcome nothing waits: whatever is pushed to this person comes after it.
        participant, resumed = self.hub.enter(
            person, identity.expires_ms, identity.grants, hello.resume, connection
        )
        connection.send(self._welcome(hello, participant.session, resumed, queues))
        await self._requests(participant, connection)

    async def _requests(self, participant: Participant, connection: Connection) -> None:
        inbox = Inbox(self.tasks)
        try:
            await inbox.put(_guarded(participant.attached(connection), connection))
            while (request := await connection.receive()) is not None:
                if isinstance(request, Ping) and inbox.idle:  # by far the most: no task for it
                    connection.send(Pong(re=request.id))
                else:
                    await inbox.put(_guarded(participant.handle(request, connection), connection))
        finally:
            self.hub.lost(participant, connection)
            await inbox.done()

    async def _hello(self, connection: Connection) -> Hello | None:
        try:
            async with asyncio.timeout(self.hello_s):
                while isinstance(first := await connection.receive(), Error):
                    connection.send(first)
        except TimeoutError:  # with thousands who come back at once, hardly the client's fault
            connection.close_soon(CloseCode.HELLO_LATE)
            return None
        if isinstance(first, Hello):
            return first
        connection.close_soon(CloseCode.HELLO_EXPECTED)
        return None

    def _welcome(
        self, hello: Hello, session: Session, resumed: bool, queues: list[QueueInfo]
    ) -> Welcome:
        return Welcome(
            re=hello.id,
            role=session.person.role.value,
            session=session.id,
            person=session.person.key,
            resume=session.resume,
            resumed=resumed,
            node=self.node_id,
            version=self.version,
            queues=queues,
            ping_every_ms=self.ping_every_ms,
            relays=self.relays,
        )


async def _guarded(work: Awaitable[None], connection: Connection) -> None:
    try:
        await work
    except Exception as failure:
        _failed(connection, failure)


def _failed(connection: Connection, failure: Exception) -> None:
    log.event(logging.ERROR, "A connection failed.", error=failure)
    connection.close_soon(CloseCode.INTERNAL)
