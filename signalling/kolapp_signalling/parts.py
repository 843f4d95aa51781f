"""The parts that messages of protocol v1 are made of. Clients ignore fields they do not know."""

from __future__ import annotations

from typing import Annotated

import msgspec
from kolapp_queue.settings import BRIDGE
from msgspec import Meta

RequestId = Annotated[int, Meta(ge=1, le=2**53 - 1)]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Word = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{0,64}$")]
Opaque = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Epoch = Annotated[int, Meta(ge=0, le=2**53 - 1)]
OutcomeName = Annotated[str, Meta(pattern="^(completed|technical_failure|no_show|referred)$")]
Sdp = Annotated[str, Meta(min_length=1, max_length=60_000)]


class AskedNeeds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a ticket asks of a clinician; all of it must fit, and the queue says what may be asked
    (`NeedsOffered`). `age` is the patient's, in years; `clinician` is the `person` of a
    clinician's welcome."""

    profession: Word = ""
    language: Word = ""
    skills: Annotated[list[Name], Meta(max_length=16)] = []
    age: Annotated[int, Meta(ge=0, le=130)] | None = None
    clinician: Word = ""


class WaitRange(msgspec.Struct, frozen=True):
    """Remaining wait in seconds, in steps that people can read; `high_s` 0 is any moment now.
    `known` is false when nothing honest can be said (both ends are then 0), and `why` says why in
    one word: `nobody_on_duty` or, for a moment, `not_known_yet`. What a ticket is told is a
    promise: against the clock `high_s` does not rise but for a `cause`, one of those of a place, or
    `forecast` when the forecast was wrong; it is that of the last rise."""

    known: bool
    low_s: int
    high_s: int
    why: str = ""
    cause: str = ""


class ForecastRange(msgspec.Struct, frozen=True):
    """The 80 % range that a first `WaitRange` was made from, in seconds from then on and not in
    steps: four waits in five end within it. For who wants to check what patients are told."""

    low_s: int
    high_s: int


class PlaceInfo(msgspec.Struct, frozen=True):
    """`position` 1 is next; `waiting` counts everybody in the line. A place that rose says why in
    `cause`, until it falls again: urgent, given_back, transferred_in, returned, clinician_came or
    clinician_left. It never rises without one. `stale`: this is the last that is known, for the
    store is away; the place is kept, and the next snapshot without it is the truth again."""

    position: int
    waiting: int
    wait: WaitRange
    cause: str = ""
    stale: bool = False


class NeedsOffered(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a patient may ask for when joining a queue. `ages` are the youngest and the oldest it is
    for: with them, who joins must tell the age. `clinician`: a named one may be asked for."""

    professions: list[str] = []
    languages: list[str] = []
    skills: list[str] = []
    ages: list[int] = []
    clinician: bool = False


class QueueInfo(msgspec.Struct, frozen=True):
    """A queue before joining. `place` is what a patient who joins now would get; left out when
    nothing is known. `titles` are by language, where the queue has such. `state` is open, draining
    (no numbers are drawn, who waits is served) or closed; `early` says that the staff closed it
    whatever its hours are. Who joins while it is `full` is refused; who joins when it is
    `past_closing` may still wait when it closes. `opens`, `closes` and `last_number` are times of
    the calendar (RFC 3339, in the queue's own offset), left out when nobody knows. `checks` is what
    joining may be refused for, `needs` what may be asked for; `notices` is what the staff says. Who
    has a place up to `ready_from` is invited to get ready (`prepare`); 0: nobody. `mode`,
    `slots` and `encrypted` as in a visit. `rehearsal` above 1: a day that is only played, so many
    times faster than the clock; waiting times are told in the day's own time."""

    name: str
    title: str
    place: PlaceInfo | None = None
    titles: dict[str, str] = {}
    state: str = "open"
    early: bool = False
    full: bool = False
    past_closing: bool = False
    opens: str = ""
    closes: str = ""
    last_number: str = ""
    checks: list[str] = []
    needs: NeedsOffered | None = None
    notices: list[str] = []
    ready_from: int = 0
    mode: str = BRIDGE
    slots: int = 1
    encrypted: bool = False
    rehearsal: int = 1


class CallInfo(msgspec.Struct, frozen=True):
    """The patient is being rung. `answer_within_ms` counts from the sending of this snapshot.
    `encrypted` as in the visit that follows: what is made ready meanwhile must be so too."""

    visit: str
    epoch: int
    answer_within_ms: int
    encrypted: bool = False


class ParticipantInfo(msgspec.Struct, frozen=True):
    """`role` is patient, clinician, guest1 or guest2; `media` is none, connecting, connected or
    lost. Of a guest, `kind` is guardian, interpreter or colleague, and `id` another one for each
    person who has that role one after the other."""

    role: str
    media: str
    kind: str = ""
    id: str = ""


class FlowInfo(msgspec.Struct, frozen=True):
    """One direction between a browser and the media node in the last second. `loss` is a part of
    1, of the picture where there is one."""

    loss: float
    jitter_ms: float
    kbps: int


class LegInfo(msgspec.Struct, frozen=True):
    """How one participant's leg does: `up` is from the browser to the media node, `down` the other
    way. `limit_kbps` is what the browser was told that it may send; 0 for nothing yet. `silent_ms`
    is how long nothing has come from it: after some seconds it is gone, whatever else is said."""

    role: str
    round_trip_ms: float
    up: FlowInfo
    down: FlowInfo
    limit_kbps: int
    silent_ms: int = 0


class InvitedInfo(msgspec.Struct, frozen=True):
    """A guest who was invited and has not come yet; the code is good for `valid_ms` more."""

    role: str
    kind: str
    valid_ms: int


class VisitInfo(msgspec.Struct, frozen=True):
    """`state` is called, live, held or ended; a leg made under an older `media_epoch` must be
    remade. `ring_ms` is what is left of the ring while called; `live_ms` how long it has been live.
    `undo_ms` is what is left to undo the pull. `held_ms`: the clinician is gone, and may come back
    so long before a colleague may take over. `outcome`, once there is one, is completed,
    technical_failure, no_show or referred. `said` counts the lines of the chat (`hear`), which are
    gone when the visit has ended. `mode` is bridge, or direct: the two connect to each other with
    `signal` and no media node has a leg of them, over relays alone if `relay_only`; a direct visit
    may become a bridged one. `encrypted`: nothing of the media may be sent in clear. `slots` is how
    many others there may be, so as many receiving sections are of use in an offer. `invited` are
    the guests who have not come yet; only the clinician is told."""

    id: str
    epoch: int
    state: str
    queue: str
    number: int
    media_epoch: int
    participants: list[ParticipantInfo]
    ring_ms: int = 0
    live_ms: int = 0
    reason: str = ""
    undo_ms: int = 0
    held_ms: int = 0
    outcome: str = ""
    said: int = 0
    mode: str = BRIDGE
    relay_only: bool = False
    encrypted: bool = False
    slots: int = 1
    invited: list[InvitedInfo] = []


class QueueLoad(msgspec.Struct, frozen=True):
    name: str
    title: str
    waiting: int
    on_duty: int


class BoardTicket(msgspec.Struct, frozen=True):
    """Somebody who waits, without a name. `waited_s` counts from the joining; `urgent` says that a
    priority counts too; `needs` is what the ticket asks for, in words of the queue's policy. One
    set `aside` is passed over by pulls, for one clinician after the other vanished when calling it:
    whoever takes it from the board should know."""

    ticket: str
    number: int
    waited_s: int
    away: bool = False
    missed: int = 0
    urgent: bool = False
    needs: list[str] = []
    aside: bool = False


class HeldVisit(msgspec.Struct, frozen=True):
    """A visit whose clinician is gone for good, as far as anybody knows."""

    visit: str
    number: int
    live_ms: int


class ClientMessage(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    id: RequestId


class ServerMessage(msgspec.Struct, frozen=True, tag_field="type", omit_defaults=True):
    re: int | None = None
