"""Who may say what, and which session a person is in. Pure: time comes in as an argument.

A session outlives its socket for the resume window; a person (provider, role, pseudonym) has one
session on a node, and the newest `hello` has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from . import chat_messages as c
from . import desk_messages as d
from . import guest_messages as i
from . import messages as m
from . import parts as p
from . import relay_messages as r
from . import session_messages as s
from . import signal_messages as g
from . import warm_messages as w
from .grants import NOTHING, Grants
from .roles import Role

# The one table of rights. `hello` is in it: said twice it is refused by state, not by role.
_ALL: tuple[type[p.ClientMessage], ...] = (
    s.Hello,
    s.Renew,
    s.Ping,
    m.Offer,
    m.HangUp,
    c.Say,
    c.Hear,
    r.AskRelays,
    g.Signal,
)
_BOTH: tuple[type[p.ClientMessage], ...] = (*_ALL, s.LookAround, w.Prepare, w.AskEcho, w.Enter)
RIGHTS: dict[Role, tuple[type[p.ClientMessage], ...]] = {
    Role.PATIENT: (*_BOTH, m.Find, m.Join, m.Leave, m.Intake, m.Answer, m.Decline),
    Role.CLINICIAN: (
        *_BOTH,
        d.Ready,
        d.Pause,
        d.Pull,
        d.GiveBack,
        d.Undo,
        d.EndWrapUp,
        d.Transfer,
        d.RingAgain,
        d.SayOutcome,
        d.Board,
        d.PullTicket,
        d.TakeOver,
        d.ReadIntake,
        i.Invite,
        i.RemoveGuest,
    ),
    Role.GUEST: _ALL,
}


def may(role: Role, message: p.ClientMessage) -> bool:
    return type(message) in RIGHTS[role]


class Person(NamedTuple):
    """Whose session it is. `key` is the pseudonym: nothing here knows a subject."""

    provider: str
    role: Role
    key: str


@dataclass(eq=False, slots=True)
class Session:
    id: str  # public: in logs, in the welcome
    resume: str  # private: who has it and the person's token continues the session
    person: Person
    token_until_ms: int
    token_asked: bool = False  # a fresh one, since the present one came
    grants: Grants = NOTHING  # of the newest token
    connection: str = ""  # of the newest socket; what the store calls this person's connection
    detached_ms: int = 0  # when the last socket was lost; 0 while one is attached

    def attach(self, connection: str, token_until_ms: int, grants: Grants = NOTHING) -> None:
        self.connection = connection
        self.renew(token_until_ms, grants)
        self.detached_ms = 0

    def renew(self, token_until_ms: int, grants: Grants) -> None:
        self.token_until_ms = token_until_ms
        self.token_asked = False
        self.grants = grants

    def detach(self, now_ms: int) -> None:
        self.detached_ms = now_ms

    @property
    def attached(self) -> bool:
        return self.detached_ms == 0

    def gone_for(self, now_ms: int, window_ms: int) -> bool:
        """Whether the socket has been lost for at least that long."""
        return not self.attached and now_ms - self.detached_ms >= window_ms


class Sessions:
    """This node's sessions: by resume id and by person."""

    def __init__(self, make_id: Callable[[], str]) -> None:
        self._make_id = make_id
        self._by_resume: dict[str, Session] = {}
        self._by_person: dict[Person, Session] = {}

    def __len__(self) -> int:
        return len(self._by_person)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._by_person.values())

    def of(self, person: Person) -> Session | None:
        return self._by_person.get(person)

    def resumable(self, resume: str | None, person: Person) -> Session | None:
        """The session of that private id, if it is this person's: another's is not there at all."""
        session = self._by_resume.get(resume) if resume else None
        return session if session is not None and session.person == person else None

    def open(self, person: Person, token_until_ms: int, grants: Grants = NOTHING) -> Session:
        """A new session of this person, who must have none."""
        ids = (self._make_id(), self._make_id())
        session = Session(*ids, person, token_until_ms, grants=grants)
        self._by_resume[session.resume] = session
        self._by_person[person] = session
        return session

    def renew(self, session: Session) -> None:
        """A resume id works once: a copy of it that turns up later continues nothing."""
        del self._by_resume[session.resume]
        session.resume = self._make_id()
        self._by_resume[session.resume] = session

    def forget(self, session: Session) -> None:
        self._by_resume.pop(session.resume, None)
        if self._by_person.get(session.person) is session:
            del self._by_person[session.person]
