"""All states of a ticket and a visit, and every step between them. Nothing else may add one.

The scripts in `lua/` do these steps and write each as an event of its name; a test drives each
script from each state and compares with this table; the diagrams in PROTOCOL.md are drawn from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TicketState(StrEnum):
    WAITING = "waiting"
    CALLED = "called"
    IN_VISIT = "in_visit"
    COMPLETED = "completed"
    LEFT = "left"
    NO_SHOW = "no_show"
    EXPIRED = "expired"
    TRANSFERRING = "transferring"  # on the way into another queue, where it will have a number
    TRANSFERRED = "transferred"


class VisitState(StrEnum):
    CALLED = "called"
    LIVE = "live"
    HELD = "held"  # live, but its clinician is gone: a colleague may take it over
    ENDED = "ended"


class Outcome(StrEnum):
    """What became of a visit; said by its clinician."""

    COMPLETED = "completed"
    TECHNICAL_FAILURE = "technical_failure"
    NO_SHOW = "no_show"
    REFERRED = "referred"


class GuestState(StrEnum):
    """Of somebody who is invited into a visit. The seat of who is out is free again."""

    INVITED = "invited"
    IN = "in"
    LEFT = "left"
    REMOVED = "removed"  # or the invitation was taken back


class Rise(StrEnum):
    """Why a place may rise. There is no other reason."""

    URGENT = "urgent"  # somebody joined with a priority
    GIVEN_BACK = "given_back"  # somebody called went back into the line
    TRANSFERRED_IN = "transferred_in"  # somebody came from another queue with the time waited
    RETURNED = "returned"  # somebody kept the place over a missed call or a lost store
    CLINICIAN_CAME = "clinician_came"  # who shares you with people ahead of you
    CLINICIAN_LEFT = "clinician_left"  # nobody is left who fits you but not those ahead


class Cause(StrEnum):
    PATIENT = "patient"
    CLINICIAN = "clinician"
    CLOCK = "clock"  # a deadline passed; the sweeper does the step
    OPERATOR = "operator"  # the provider's staff, by command


@dataclass(frozen=True, slots=True)
class Step:
    """One allowed step of a ticket. `told` says who gets a new snapshot because of it."""

    name: str
    before: TicketState | None
    after: TicketState
    cause: Cause
    told: str


S = TicketState
BOTH = "the patient; the clinician"
LINE = "the patient; all behind"
ONE = "the patient"
ALL = "the patient, first; the clinician; all behind"

STEPS: tuple[Step, ...] = (
    Step("join", None, S.WAITING, Cause.PATIENT, LINE),
    Step("restore", None, S.WAITING, Cause.PATIENT, LINE),
    Step("arrive", None, S.WAITING, Cause.CLOCK, LINE),
    Step("go_away", S.WAITING, S.WAITING, Cause.PATIENT, ONE),
    Step("go_away", S.WAITING, S.WAITING, Cause.CLOCK, ONE),
    Step("come_back", S.WAITING, S.WAITING, Cause.PATIENT, ONE),
    Step("leave", S.WAITING, S.LEFT, Cause.PATIENT, LINE),
    Step("expire", S.WAITING, S.EXPIRED, Cause.CLOCK, LINE),
    Step("close", S.WAITING, S.EXPIRED, Cause.CLOCK, LINE),
    Step("pull", S.WAITING, S.CALLED, Cause.CLINICIAN, ALL),
    Step("pull_ticket", S.WAITING, S.CALLED, Cause.CLINICIAN, ALL),
    Step("called_away", S.WAITING, S.WAITING, Cause.CLOCK, "the provider's backend"),
    Step("go_away", S.CALLED, S.CALLED, Cause.PATIENT, BOTH),
    Step("go_away", S.CALLED, S.CALLED, Cause.CLOCK, BOTH),
    Step("come_back", S.CALLED, S.CALLED, Cause.PATIENT, BOTH),
    Step("answer", S.CALLED, S.IN_VISIT, Cause.PATIENT, BOTH),
    Step("decline", S.CALLED, S.LEFT, Cause.PATIENT, BOTH),
    Step("leave", S.CALLED, S.LEFT, Cause.PATIENT, BOTH),
    Step("miss", S.CALLED, S.WAITING, Cause.CLOCK, ALL),
    Step("no_show", S.CALLED, S.NO_SHOW, Cause.CLOCK, BOTH),
    Step("give_back", S.CALLED, S.WAITING, Cause.CLINICIAN, ALL),
    Step("undo_pull", S.CALLED, S.WAITING, Cause.CLINICIAN, ALL),
    Step("clinician_gone", S.CALLED, S.WAITING, Cause.CLOCK, ALL),
    Step("transfer", S.CALLED, S.TRANSFERRING, Cause.CLINICIAN, BOTH),
    Step("go_away", S.IN_VISIT, S.IN_VISIT, Cause.PATIENT, BOTH),
    Step("go_away", S.IN_VISIT, S.IN_VISIT, Cause.CLOCK, BOTH),
    Step("come_back", S.IN_VISIT, S.IN_VISIT, Cause.PATIENT, BOTH),
    Step("ring_again", S.IN_VISIT, S.IN_VISIT, Cause.CLINICIAN, BOTH),
    Step("answer_again", S.IN_VISIT, S.IN_VISIT, Cause.PATIENT, BOTH),
    Step("hold", S.IN_VISIT, S.IN_VISIT, Cause.CLOCK, BOTH),
    Step("resume", S.IN_VISIT, S.IN_VISIT, Cause.CLINICIAN, BOTH),
    Step("take_over", S.IN_VISIT, S.IN_VISIT, Cause.CLINICIAN, "the patient; both clinicians"),
    Step("give_up", S.IN_VISIT, S.COMPLETED, Cause.CLOCK, BOTH),
    Step("transfer", S.IN_VISIT, S.TRANSFERRING, Cause.CLINICIAN, BOTH),
    Step("go_away", S.TRANSFERRING, S.TRANSFERRING, Cause.PATIENT, ONE),
    Step("go_away", S.TRANSFERRING, S.TRANSFERRING, Cause.CLOCK, ONE),
    Step("come_back", S.TRANSFERRING, S.TRANSFERRING, Cause.PATIENT, ONE),
    Step("transferred", S.TRANSFERRING, S.TRANSFERRED, Cause.CLOCK, ONE),
    Step("hang_up", S.IN_VISIT, S.COMPLETED, Cause.PATIENT, BOTH),
    Step("hang_up", S.IN_VISIT, S.COMPLETED, Cause.CLINICIAN, BOTH),
    Step("erase", S.WAITING, S.LEFT, Cause.OPERATOR, LINE),
    Step("erase", S.CALLED, S.LEFT, Cause.OPERATOR, BOTH),
    Step("erase", S.IN_VISIT, S.LEFT, Cause.OPERATOR, BOTH),
    Step("erase", S.TRANSFERRING, S.LEFT, Cause.OPERATOR, ONE),
)

# Steps of a visit alone; its ticket stays `completed`.
AFTERWARDS = ("correct_outcome",)

# Of a ticket whose record cannot be read: no state leads there, and none out of it.
ASIDE = "set_aside"
# Events that are no steps: nobody's state changes, but the audit must know.
GUESTS = ("guest_invited", "guest_joined", "guest_left", "guest_removed")
BESIDE = ("intake_opened", "erased", *GUESTS)
# Events of the queue itself, without a ticket: what an operator said to all who wait.
ORDERS = ("set_notice", "close_early", "reopen")

ENDED = frozenset({S.COMPLETED, S.LEFT, S.NO_SHOW, S.EXPIRED, S.TRANSFERRED})
# Of a visit: the patient has answered, and it is not over.
ONGOING = frozenset({VisitState.LIVE, VisitState.HELD})
