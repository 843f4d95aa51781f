"""From an open socket to a participant: hello, welcome, then one request after the other."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from . import log
from .auth import Authenticator, BadToken, Identity
from .codes import CloseCode
from .connection import Connection
from .hub import Hub
from .messages import Hello, Welcome
from .metrics import Metrics
from .participant import Participant
from .queues import Queues
from .session import Person


@dataclass(slots=True)
class Entrance:
    hub: Hub
    queues: Queues
    authenticator: Authenticator
    pepper: bytes
    node_id: str
    version: str
    hello_s: float
    ping_every_ms: int
    metrics: Metrics
    served: int = 0  # connections since the start

    async def serve(self, connection: Connection) -> None:
        """The whole life of one socket. Raises nothing; a failure of ours closes with 4003."""
        self.served += 1
        try:
            await self._serve(connection)
        except Exception as failure:
            log.event(logging.ERROR, "A connection failed.", error=failure)
            connection.close_soon(CloseCode.INTERNAL)
        finally:
            await connection.finish()
            if connection.close_code is not None:
                self.metrics.closes.labels(str(int(connection.close_code))).inc()

    async def _serve(self, connection: Connection) -> None:
        hello = await self._hello(connection)
        if hello is None:
            return
        try:
            identity = self.authenticator.identify(hello.token)
        except BadToken:
            self.metrics.bad_tokens.inc()
            connection.close_soon(CloseCode.BAD_TOKEN)
            return
        participant, resumed = self.hub.enter(
            self._person(identity), identity.expires_ms, identity.grants, hello.resume, connection
        )
        try:
            connection.send(await self._welcome(hello, participant, resumed))
            await participant.attached(connection)
            while (request := await connection.receive()) is not None:
                await participant.handle(request, connection)
        finally:
            self.hub.lost(participant, connection)

    async def _hello(self, connection: Connection) -> Hello | None:
        try:
            async with asyncio.timeout(self.hello_s):
                first = await connection.receive()
        except TimeoutError:
            first = None
        if isinstance(first, Hello):
            return first
        connection.close_soon(CloseCode.HELLO_EXPECTED)
        return None

    def _person(self, identity: Identity) -> Person:
        # Patients and clinicians of one subject have different pseudonyms in the store's types
        # only; the role keeps their sessions apart here.
        return Person(identity.provider, identity.role, identity.patient_key(self.pepper))

    async def _welcome(self, hello: Hello, participant: Participant, resumed: bool) -> Welcome:
        session = participant.session
        return Welcome(
            re=hello.id,
            role=session.person.role.value,
            session=session.id,
            person=session.person.key,
            resume=session.resume,
            resumed=resumed,
            node=self.node_id,
            version=self.version,
            queues=await self.queues.infos(session.person.provider),
            ping_every_ms=self.ping_every_ms,
        )
