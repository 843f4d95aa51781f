"""This node's people: who has which session, and what becomes of it when the socket goes.

A person has one session here; the newest `hello` has it. Other nodes are told by the store, where
a ticket knows its newest connection.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Set
from weakref import WeakValueDictionary

from .clinician import Clinician
from .codes import CloseCode
from .connection import Connection
from .grants import Grants
from .guest import Guest
from .messages import TokenNow
from .participant import Participant
from .patient import Patient
from .roles import Role
from .services import Services
from .session import Person, Session, Sessions

_KINDS: dict[Role, type[Participant]] = {
    Role.PATIENT: Patient,
    Role.CLINICIAN: Clinician,
    Role.GUEST: Guest,
}
_SLICE = 200  # participants looked after before others get the loop


class Hub:
    """`rounds`: calls of `look_after` in which every socket is looked after once."""

    def __init__(
        self,
        services: Services,
        resume_window_ms: int,
        absent_after_ms: int,
        rounds: int,
        token_notice_ms: int,
    ) -> None:
        self._services = services
        self._resume_window_ms = resume_window_ms
        self._absent_after_ms = absent_after_ms
        self._rounds = rounds
        self._token_notice_ms = token_notice_ms
        self._round = 0
        self._sessions = Sessions(lambda: secrets.token_urlsafe(16))
        self._participants: dict[Session, Participant] = {}
        self._detached: dict[Session, None] = {}  # in the order of their loss
        # One for all sessions that a person ever has here, as long as one of them has work to do.
        self._turns = WeakValueDictionary[Person, asyncio.Lock]()

    def __len__(self) -> int:
        """Sessions, with a socket or waiting for one."""
        return len(self._sessions)

    def count(self, role: Role) -> int:
        """How many of that role have a socket here."""
        return sum(s.attached for s in self._sessions if s.person.role == role)

    def enter(
        self,
        person: Person,
        token_until_ms: int,
        grants: Grants,
        resume: str | None,
        connection: Connection,
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
            session = self._sessions.open(person, token_until_ms, grants)
            participant = self._participants[session] = self._participant(session)
        session.attach(connection.id, token_until_ms, grants)
        self._detached.pop(session, None)
        participant.connection = connection
        return participant, resumed

    def lost(self, participant: Participant, connection: Connection) -> None:
        """That socket is closed; the session waits for another one."""
        if participant.connection is connection:
            participant.connection = None
            participant.session.detach(_now_ms())
            self._detached[participant.session] = None

    async def look_after(self) -> None:
        """Called about once a second: sockets, some each time, and sessions that are over."""
        now = _now_ms()
        for session in [s for s in self._detached if s.gone_for(now, self._resume_window_ms)]:
            self._forget(session)
        self._round = (self._round + 1) % self._rounds
        due = list(self._participants.values())[self._round :: self._rounds]
        for count, participant in enumerate(due, 1):
            if (connection := participant.connection) is not None:
                connection.look_after()
                self._look_at_token(participant.session, connection, now)
            if count % _SLICE == 0:
                await asyncio.sleep(0)

    def _look_at_token(self, session: Session, connection: Connection, now: int) -> None:
        """Ask for a fresh one in good time; who has none then is closed."""
        left = session.token_until_ms - now
        if left <= 0:
            connection.close_soon(CloseCode.BAD_TOKEN)
        elif left <= self._token_notice_ms and not session.token_asked:
            session.token_asked = True
            connection.push("token", TokenNow(valid_ms=left))

    def revoke(self, whose: Set[str]) -> None:
        """Their tokens count no more: they come back with another one, or not at all."""
        for session, participant in self._participants.items():
            if session.person.key in whose and participant.connection is not None:
                participant.connection.close_soon(CloseCode.BAD_TOKEN)

    def begin_anew(self) -> None:
        """End every session; whoever has a socket is told to connect again."""
        for session, participant in list(self._participants.items()):
            if participant.connection is not None:
                participant.connection.close_soon(CloseCode.INTERNAL)
                participant.connection = None
            self._forget(session)

    def absent(self) -> list[Participant]:
        """Those who have been gone for so long that the store should know, and does not."""
        now = _now_ms()
        return [
            self._participants[session]
            for session in self._detached
            if not self._participants[session].away and session.gone_for(now, self._absent_after_ms)
        ]

    def unrestored(self) -> list[Participant]:
        """Those who have a socket and were not shown all that is theirs: the store was away."""
        return [p for p in self._participants.values() if p.connection and not p.restored]

    def clinicians(self) -> list[Clinician]:
        """Those who have a socket."""
        found = self._participants.values()
        return [p for p in found if isinstance(p, Clinician) and p.connection is not None]

    def _participant(self, session: Session) -> Participant:
        turn = self._turns.setdefault(session.person, asyncio.Lock())
        return _KINDS[session.person.role](session, self._services, turn)

    def _take_over(self, participant: Participant) -> None:
        if participant.connection is not None:
            participant.connection.close_soon(CloseCode.TAKEN_OVER)
            participant.connection = None

    def _forget(self, session: Session) -> None:
        self._detached.pop(session, None)
        self._participants.pop(session).release()
        self._sessions.forget(session)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
