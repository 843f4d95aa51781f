"""The queue's nouns: frozen records, as the store returns them.

All times are integer milliseconds of the store's clock, clamped to never run backwards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NewType

from .settings import BRIDGE
from .states import GuestState, Outcome, Rise, TicketState, VisitState

TicketId = NewType("TicketId", str)
VisitId = NewType("VisitId", str)
# HMAC(issuer | subject): the store never sees who a person is.
PatientKey = NewType("PatientKey", str)
ClinicianKey = NewType("ClinicianKey", str)
GuestId = NewType("GuestId", str)  # random, and never another person's

# Keys, channels and hash tags are built from these names, so nothing else may be in them.
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class QueueRef:
    """One queue of one provider. Both names match `NAME`; the provider comes from the token."""

    provider: str
    queue: str

    def __post_init__(self) -> None:
        for name in (self.provider, self.queue):
            if not NAME.match(name):
                raise ValueError("a provider or queue name must match [A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Needs:
    """What a ticket asks of a clinician; all of it must fit. A queue's policy says what may be
    asked. Raises ValueError for what is no name or no age."""

    profession: str = ""
    language: str = ""  # BCP 47
    skills: tuple[str, ...] = ()  # all of them
    age: int | None = None  # years, of the patient
    clinician: str = ""  # ClinicianKey of a named clinician, as for a revisit

    def __post_init__(self) -> None:
        for name in (self.profession, self.language, self.clinician, *self.skills):
            if name and not NAME.match(name):
                raise ValueError("what a ticket needs must match [A-Za-z0-9_-]{1,64}")
        if self.age is not None and not 0 <= self.age <= 130:
            raise ValueError("an age must lie between 0 and 130 years")
        object.__setattr__(self, "skills", tuple(sorted({skill for skill in self.skills if skill})))


@dataclass(frozen=True, slots=True)
class Profile:
    """What a clinician can do and may do; comes from the signed token."""

    professions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    ages: tuple[int, int] | None = None  # years, both included; None: any
    board: bool = False  # may see who waits, and pull a very ticket for a reason
    unit: str = ""  # care unit, for the audit


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a transferred ticket came from."""

    queue: str
    ticket: TicketId
    number: int  # that the patient was shown there


@dataclass(frozen=True, slots=True)
class Ticket:
    """One patient's drawn number in one queue."""

    id: TicketId
    ref: QueueRef
    patient: PatientKey
    number: int  # what the patient is shown; drawn once, never changed
    state: TicketState
    present: bool  # a connection is attached; meaningful while waiting
    order_key: int  # ms: store time of joining minus priority credit; ties by `number`
    joined_ms: int
    version: int  # the queue's version of this ticket's last change
    epoch: int  # of the present assignment; 0 while waiting
    visit: VisitId | None  # set from the pull on
    ring_until_ms: int  # set while called, and rung again in the visit: answer before this
    missed: int  # calls not answered so far
    reason: str  # why it ended, or why the call was missed or given back; "" else
    needs: Needs = Needs()
    credit_ms: int = 0  # of its priority band; `order_key` has it already
    aside: bool = False  # waiting, but too many clinicians vanished at it: for the board only
    moved_from: Origin | None = None  # set if it was transferred here
    moved_to: str = ""  # queue; set once a transfer has begun
    moved_ticket: TicketId | None = None  # the ticket it becomes there
    encrypted: bool = False  # the visit that it is called for


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody invited into a visit. `until_ms`: an invitation that nobody has used is over then.
    `heard_from`: lines of the chat that were there before they came, and are not theirs."""

    seat: str  # guest1 or guest2: their name in the visit
    number: int  # counts all that were ever invited into it
    kind: str  # guardian, interpreter, colleague
    id: GuestId
    state: GuestState
    until_ms: int
    heard_from: int = 0

    @property
    def is_in(self) -> bool:
        return self.state == GuestState.IN

    def is_awaited(self, now_ms: int) -> bool:
        return self.state == GuestState.INVITED and now_ms < self.until_ms


@dataclass(frozen=True, slots=True)
class Visit:
    """One consultation. Its record outlives every process; writes to it carry the epoch."""

    id: VisitId
    ref: QueueRef
    ticket: TicketId
    number: int  # the ticket's
    clinician: ClinicianKey
    epoch: int
    state: VisitState
    version: int
    called_ms: int
    answered_ms: int  # 0 until the patient answers
    ended_ms: int  # 0 until it ends
    ring_until_ms: int
    media_node: str  # id of the node that carries it; "" until the first offer
    media_epoch: int  # counts the placements on a media node; a leg of an older one is stale
    reason: str  # why it ended
    unit: str = ""  # care unit of the clinician
    outcome: Outcome | None = None  # set when a live visit ended; may be corrected
    held_until_ms: int = 0  # set while its clinician is gone: it ends then if nobody takes it over
    undo_until_ms: int = 0  # set while called: the pull can be undone before this
    said: int = 0  # lines of its chat; they are gone once it has ended
    mode: str = BRIDGE  # or `DIRECT`: two people, and media past every server
    relay_only: bool = False  # in direct mode: neither learns the other's address
    encrypted: bool = False  # end to end, by the clients
    most_guests: int = 2  # at a time
    guests: tuple[Guest, ...] = ()  # in each seat who has it, or had it last; none once it ended

    def guest(self, guest: GuestId) -> Guest | None:
        return next((each for each in self.guests if each.id == guest), None)


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a visit's chat. `number` counts from 1."""

    number: int
    role: str  # patient, clinician, or the seat of a guest
    text: str


@dataclass(frozen=True, slots=True)
class Risen:
    """Something that put people further back: whom, follows from its class and order."""

    version: int
    rise: Rise
    cls: int  # of the ticket that came in front, or -1: it concerns all classes
    order_key: int
    number: int


@dataclass(frozen=True, slots=True)
class Line:
    """A queue as it stands: everyone who waits, in order, and what an estimate needs.

    `waiting` holds present and away tickets merged by order key: place i is at index i - 1.
    """

    ref: QueueRef
    version: int
    now_ms: int
    waiting: tuple[TicketId, ...]
    on_duty: int  # clinicians with an unexpired duty lease
    busy_since_ms: tuple[int, ...]  # answered_ms of the visits going on now
    visits_done: int
    visit_ms_mean: float  # exponentially weighted mean of past visits; 0.0 before the first
    # For `places`: the eligibility class of each who waits, beside `waiting`; the clinicians on
    # duty that fit a class, as a bit mask; and what has put people back lately.
    classes: Sequence[int] = ()
    masks: Mapping[int, int] = field(default_factory=dict)
    # The version at which each of them came on duty, in the order of the bits.
    team: Sequence[int] = ()
    orders: Sequence[tuple[int, int]] = ()  # order key and number of each who waits
    causes: tuple[Risen, ...] = ()  # oldest first
    causes_since: int = 0  # version; what happened before or at it is not among them any more


@dataclass(frozen=True, slots=True)
class Duty:
    """What the store knows of one clinician across queues, tabs and nodes."""

    clinician: ClinicianKey
    provider: str
    on_duty: bool
    queues: tuple[str, ...]
    visit: Visit | None  # the one active visit, called or live
    epoch: int  # of the clinician lock
    wrap_up_until_ms: int = 0  # 0 unless in wrap-up after a visit; a pull ends it
    weights: Mapping[str, int] = field(default_factory=dict)  # by queue served


@dataclass(frozen=True, slots=True)
class Hint:
    """A published hint: something changed, go and read. Never trusted as state."""

    ref: QueueRef
    version: int
    ticket: TicketId | None  # whose ticket changed its state, if one did
    visit: VisitId | None
    clinician: ClinicianKey | None  # who holds that visit
    forecast: bool = False  # the waiting times were computed anew, and nothing else happened


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """A running process, as it announces itself while its lease lasts."""

    id: str  # matches `NAME`
    kind: str  # "signalling" or "media"
    address: str  # of its control socket
    capacity: int  # visits it takes at most; 0 for a signalling node
    load: int  # visits it carries now
