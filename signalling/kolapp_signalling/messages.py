"""Every message of protocol v1: two unions, decoded and validated in one step.

Requests carry `id` and get exactly one reply, whose `re` is that id. Pushes have no `re` and
are snapshots: a newer `version` replaces what the client had, an older one is ignored.
Clients ignore message types and fields they do not know.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from .chat_messages import Hear, SaidNow, Say
from .desk_messages import (
    Board,
    BoardNow,
    DutySnapshot,
    EndWrapUp,
    GiveBack,
    IntakeText,
    Pause,
    Pull,
    PullTicket,
    ReadIntake,
    Ready,
    RingAgain,
    SayOutcome,
    TakeOver,
    Transfer,
    Undo,
)
from .guest_messages import GuestSnapshot, Invite, Invited, RemoveGuest
from .parts import (
    AskedNeeds,
    CallInfo,
    ClientMessage,
    Epoch,
    ForecastRange,
    LegInfo,
    Name,
    Opaque,
    PlaceInfo,
    QueueInfo,
    Sdp,
    ServerMessage,
    VisitInfo,
)
from .relay_messages import AskRelays, RelaysNow
from .session_messages import Hello, LookAround, Ping, Renew
from .signal_messages import Signal, Signalled, SignalNow
from .warm_messages import AskEcho, EchoNow, Enter, Entered, Prepare

SUBPROTOCOL_JSON = "kolapp.v1.json"
SUBPROTOCOL_MSGPACK = "kolapp.v1.msgpack"


class Find(ClientMessage, frozen=True, tag="find"):
    """Patient: my active ticket in this queue; draws none. `no_ticket` if there is none. `signed`
    is the copy that came with a ticket: if the store lost that ticket, its place is restored."""

    queue: Name
    signed: Annotated[str, Meta(max_length=2_048)] = ""


class Join(ClientMessage, frozen=True, tag="join"):
    """Patient: draw a number. Joining twice answers with the ticket there is, also when no numbers
    are drawn any more. `needs` holds for a new ticket only."""

    queue: Name
    needs: AskedNeeds | None = None


class Leave(ClientMessage, frozen=True, tag="leave"):
    """Patient: give the place up, also while being rung."""

    ticket: Opaque


class Intake(ClientMessage, frozen=True, tag="intake"):
    """Patient: what it is about, for the clinician of the visit only. At most 16 kB as UTF-8; a
    later text replaces an earlier one."""

    ticket: Opaque
    text: Annotated[str, Meta(max_length=16_384)]


class Answer(ClientMessage, frozen=True, tag="answer"):
    """Patient: answer the call. Media flows from here on. In the visit it ends the ring of
    `ring_again`."""

    ticket: Opaque
    epoch: Epoch


class Decline(ClientMessage, frozen=True, tag="decline"):
    """Patient: do not take the call; the ticket ends."""

    ticket: Opaque
    epoch: Epoch


class Offer(ClientMessage, frozen=True, tag="offer"):
    """Anybody in the visit: (re)build my leg. `generation` grows with every new leg of mine in
    this visit. Candidates in the SDP are not used: the node learns the address by itself."""

    visit: Opaque
    epoch: Epoch
    generation: Annotated[int, Meta(ge=1, le=1_000_000)]
    sdp: Sdp


class HangUp(ClientMessage, frozen=True, tag="hang_up"):
    """Patient or clinician: end the live visit. Guest: leave it; it goes on."""

    visit: Opaque
    epoch: Epoch


AnyClientMessage = (
    Hello
    | Renew
    | Ping
    | LookAround
    | Find
    | Join
    | Leave
    | Intake
    | Answer
    | Decline
    | Ready
    | Pause
    | Pull
    | GiveBack
    | Undo
    | EndWrapUp
    | Transfer
    | RingAgain
    | SayOutcome
    | Board
    | PullTicket
    | TakeOver
    | ReadIntake
    | Invite
    | RemoveGuest
    | Offer
    | HangUp
    | Say
    | Hear
    | AskRelays
    | Prepare
    | AskEcho
    | Enter
    | Signal
)


class Welcome(ServerMessage, frozen=True, tag="welcome", kw_only=True):
    """`session` is public, `resume` private. `person` is the pseudonym under which the audit knows
    whoever this is; a patient names a clinician by it. `resumed` says whether the old session was
    found; the snapshots that follow are complete either way. `relays` says that there are TURN
    servers (message `relays`)."""

    role: str
    session: str
    person: str
    resume: str
    resumed: bool
    node: str
    version: str
    queues: list[QueueInfo]
    ping_every_ms: int
    relays: bool = False


class Pong(ServerMessage, frozen=True, tag="pong"):
    pass


class TokenNow(ServerMessage, frozen=True, tag="token", kw_only=True):
    """The token is valid for `valid_ms` more. Pushed once shortly before it runs out: send `renew`,
    or the connection is closed with 4501 then."""

    valid_ms: int


class Reconnect(ServerMessage, frozen=True, tag="reconnect", kw_only=True):
    """The connection is about to be closed by a node that stops: connect again within `after_ms`,
    after a pause drawn from all of it, so that not everybody comes at once."""

    after_ms: int


class QueuesNow(ServerMessage, frozen=True, tag="queues", kw_only=True):
    """The queues as they stand now; replaces those of the welcome."""

    queues: list[QueueInfo]


class TicketSnapshot(ServerMessage, frozen=True, tag="ticket", kw_only=True):
    """The patient's ticket. `place` while waiting; `call` while called: that is "your turn";
    `visit` while in the visit, with a `call` beside it while the clinician rings a patient again
    whom the visit has lost. `missed` counts unanswered calls; `away` says that the patient is
    passed over until there is a sign of life. `notices` is what the staff says to all who wait.
    `moved_to` is the queue that a ticket goes on in, where it has another snapshot; `moved_from`
    the one it came from. `signed` is a sealed copy of the place, for `find` after the store lost
    writes; it comes when the ticket is drawn or found, and is left out of later snapshots.
    `forecast` comes with the first range that a session is told, and is left out of later ones."""

    version: int
    ticket: str
    queue: str
    number: int
    state: str
    place: PlaceInfo | None = None
    call: CallInfo | None = None
    visit: VisitInfo | None = None
    missed: int = 0
    away: bool = False
    reason: str = ""
    notices: list[str] = msgspec.field(default_factory=list)
    moved_to: str = ""
    moved_from: str = ""
    signed: str = ""
    forecast: ForecastRange | None = None


class QualityNow(ServerMessage, frozen=True, tag="quality", kw_only=True):
    """How the legs of the visit do, pushed every few seconds while they are connected (not in
    direct mode). A leg that is missing is not connected."""

    visit: str
    legs: list[LegInfo]


class SdpAnswer(ServerMessage, frozen=True, tag="sdp_answer", kw_only=True):
    """`slots` is who is in which receiving section of the offer, by role, whether they are there
    already or not; more roles than sections are no fault."""

    visit: str
    generation: int
    media_epoch: int
    sdp: str
    slots: list[str] = msgspec.field(default_factory=list)


class Error(ServerMessage, frozen=True, tag="error", kw_only=True):
    """`code` is of the catalogue in codes.py; `field` is where in the message, if known. With a
    refused join, `opens` is when the queue opens next, if that is known (RFC 3339)."""

    code: str
    message: str
    field: str = ""
    opens: str = ""


AnyServerMessage = (
    Welcome
    | Pong
    | TokenNow
    | Reconnect
    | QueuesNow
    | TicketSnapshot
    | DutySnapshot
    | GuestSnapshot
    | Invited
    | BoardNow
    | IntakeText
    | SaidNow
    | RelaysNow
    | QualityNow
    | SdpAnswer
    | Entered
    | EchoNow
    | Signalled
    | SignalNow
    | Error
)
