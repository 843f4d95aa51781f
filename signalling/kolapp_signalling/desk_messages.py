"""What a clinician's client may ask, and what it is shown; `messages.py` has all messages."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from .parts import (
    BoardTicket,
    ClientMessage,
    Epoch,
    HeldVisit,
    Name,
    Opaque,
    OutcomeName,
    QueueLoad,
    ServerMessage,
    VisitInfo,
)


class Ready(ClientMessage, frozen=True, tag="ready"):
    """Clinician: on duty for these queues. `weights`, by queue and 1 where none is given, say how
    often a wait counts there: with equal weights who has waited longest is next. `leaves_in_s`: I
    mean to stop then, and the waiting times go by it; 0 for who does not know. Nobody is taken off
    duty by it."""

    queues: Annotated[list[Name], Meta(min_length=1, max_length=32)]
    weights: dict[Name, Annotated[int, Meta(ge=1, le=1_000)]] = msgspec.field(default_factory=dict)
    leaves_in_s: Annotated[int, Meta(ge=0, le=86_400)] = 0


class Pause(ClientMessage, frozen=True, tag="pause"):
    """Clinician: off duty; a running visit goes on. `back_in_s`: I mean to be ready again then, and
    waiting times go by it while nobody else is on duty; 0 for who does not know. It may be said,
    or taken back, later in the pause: `queues` are those it is for, those served now if none."""

    queues: Annotated[list[Name], Meta(max_length=32)] = msgspec.field(default_factory=list)
    back_in_s: Annotated[int, Meta(ge=0, le=86_400)] = 0


class Pull(ClientMessage, frozen=True, tag="pull"):
    """Clinician: take the next patient. `key` makes a retry safe: same key, same visit."""

    key: Opaque


class GiveBack(ClientMessage, frozen=True, tag="give_back"):
    """Clinician: the pulled patient goes back to the front; only before the answer."""

    visit: Opaque
    epoch: Epoch


class Undo(ClientMessage, frozen=True, tag="undo"):
    """Clinician: the pull was a mistake; as `give_back`, within the visit's `undo_ms`."""

    visit: Opaque
    epoch: Epoch


class EndWrapUp(ClientMessage, frozen=True, tag="end_wrap_up"):
    """Clinician: done with the notes before `wrap_up_ms` are over."""


class Transfer(ClientMessage, frozen=True, tag="transfer"):
    """Clinician: send the patient of my visit on to another queue. The time waited counts there;
    the visit ends here."""

    visit: Opaque
    epoch: Epoch
    queue: Name


class RingAgain(ClientMessage, frozen=True, tag="ring_again"):
    """Clinician: ring a patient whom the live visit has lost. The patient's ticket has a `call`
    again, until it is answered or its time is over."""

    visit: Opaque
    epoch: Epoch


class SayOutcome(ClientMessage, frozen=True, tag="outcome"):
    """Clinician: what became of my last visit, once it has ended; also corrects it."""

    visit: Opaque
    epoch: Epoch
    outcome: OutcomeName


class Board(ClientMessage, frozen=True, tag="board"):
    """Clinician on duty in this queue: who waits there, for those who may see the board, and the
    visits that want another clinician."""

    queue: Name


class PullTicket(ClientMessage, frozen=True, tag="pull_ticket"):
    """Clinician who may see the board: take this very patient, for a reason that the audit keeps.
    Otherwise as `pull`."""

    queue: Name
    ticket: Opaque
    key: Opaque
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class TakeOver(ClientMessage, frozen=True, tag="take_over"):
    """Clinician on duty in this queue: go on with a visit whose clinician is gone. `key` as for a
    pull; `wrong_state` while that clinician may still come back."""

    queue: Name
    visit: Opaque
    key: Opaque


class ReadIntake(ClientMessage, frozen=True, tag="read_intake"):
    """Clinician who holds the visit: what the patient wrote. Each reading is audited."""

    visit: Opaque
    epoch: Epoch


class DutySnapshot(ServerMessage, frozen=True, tag="duty", kw_only=True):
    """The clinician's desk: on duty or not, the queues' lengths, and the active visit. `ended` is
    the visit before, until the next one: its `reason` says why it is over. `wrap_up_ms` is what is
    left of the time for notes after it; the next pull ends it. `weights` has the queues served
    where a wait counts more than once."""

    version: int
    on_duty: bool
    queues: list[QueueLoad]
    serves: list[str]
    weights: dict[str, int] = msgspec.field(default_factory=dict)
    visit: VisitInfo | None = None
    ended: VisitInfo | None = None
    wrap_up_ms: int = 0


class BoardNow(ServerMessage, frozen=True, tag="board", kw_only=True):
    """A queue as its clinicians see it, in order; no names. `tickets` is empty for who may not see
    them; `more` is how many wait behind those that are listed."""

    queue: str
    may_pull: bool
    tickets: list[BoardTicket] = msgspec.field(default_factory=list)
    more: int = 0
    held: list[HeldVisit] = msgspec.field(default_factory=list)


class IntakeText(ServerMessage, frozen=True, tag="intake", kw_only=True):
    """What the patient of the visit wrote; empty if nothing."""

    visit: str
    text: str
