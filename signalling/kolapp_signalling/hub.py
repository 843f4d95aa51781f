"""This node's people: who has which session, and what becomes of it when the socket goes.

A person has one session here; the newest `hello` has it. Other nodes are told by the store, where
a ticket knows its newest connection.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from dataclasses import dataclass

from kolapp_queue.errors import QueueError

from . import log
from .clinician import Clinician
from .codes import CloseCode
from .connection import Connection
from .participant import Participant
from .patient import Patient
from .roles import Role
from .services import Services
from .session import Person, Session, Sessions
from .tasks import Tasks

_SLICE = 200  # participants looked after before others get the loop


@dataclass(frozen=True, slots=True)
class Patience:
    """See the settings of the same names, in ms."""

    resume_window_ms: int
    absent_after_ms: int
    renew_every_ms: int


class Hub:
    def __init__(self, services: Services, patience: Patience, tasks: Tasks) -> None:
        self._services = services
        self._patience = patience
        self._tasks = tasks
        self._sessions = Sessions(lambda: secrets.token_urlsafe(16))
        self._participants: dict[Session, Participant] = {}
        self._renewed_ms = 0

    def __len__(self) -> int:
        """Sessions, with a socket or waiting for one."""
        return len(self._sessions)

    def count(self, role: Role) -> int:
        """How many of that role have a socket here."""
        return sum(s.attached for s in self._sessions if s.person.role == role)

    def enter(
        self, person: Person, token_until_ms: int, resume: str | None, connection: Connection
    ) -> tuple[Participant, bool]:
        """The session for this socket, and whether it is the one asked for by `resume`."""
        old = self._sessions.of(person)
        if old is not None:
            self._take_over(self._participants[old])
        session = self._sessions.resumable(resume, person)
        resumed = session is not None
        if session is not None:
            self._sessions.renew(session)
            participant = self._participants[session]
        else:
            if old is not None:
                self._forget(old)
            session = self._sessions.open(person, token_until_ms)
            participant = self._participants[session] = self._participant(session)
        session.attach(connection.id, token_until_ms)
        participant.connection = connection
        return participant, resumed

    def lost(self, participant: Participant, connection: Connection) -> None:
        """That socket is closed; the session waits for another one."""
        if participant.connection is connection:
            participant.connection = None
            participant.session.detach(_now_ms())

    async def look_after(self) -> None:
        """Called about once a second: sockets, absences, sessions that are over."""
        now = _now_ms()
        renew = now - self._renewed_ms >= self._patience.renew_every_ms
        if renew:
            self._renewed_ms = now
        for count, (session, participant) in enumerate(list(self._participants.items()), 1):
            if participant.connection is not None:
                self._look_after_socket(participant, participant.connection, now, renew)
            elif session.gone_for(now, self._patience.resume_window_ms):
                self._forget(session)
            elif not participant.away and session.gone_for(now, self._patience.absent_after_ms):
                self._tasks.start(self._tell_absence(participant))
            if count % _SLICE == 0:
                await asyncio.sleep(0)

    def _look_after_socket(
        self, participant: Participant, connection: Connection, now: int, renew: bool
    ) -> None:
        connection.flush()
        connection.look_after()
        if now >= participant.session.token_until_ms:
            connection.close_soon(CloseCode.BAD_TOKEN)
        elif renew or not participant.restored:
            self._tasks.start(participant.renew())

    def _participant(self, session: Session) -> Participant:
        if session.person.role == Role.PATIENT:
            return Patient(session, self._services)
        return Clinician(session, self._services)

    def _take_over(self, participant: Participant) -> None:
        if participant.connection is not None:
            participant.connection.close_soon(CloseCode.TAKEN_OVER)
            participant.connection = None

    def _forget(self, session: Session) -> None:
        self._participants.pop(session).release()
        self._sessions.forget(session)

    async def _tell_absence(self, participant: Participant) -> None:
        try:
            await participant.gone()
        except QueueError as error:
            # Tried again with the next look.
            log.event(
                logging.WARNING,
                "An absence could not be told.",
                session=participant.session.id,
                error=error,
            )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
