"""Who on this node is concerned by which ticket and which desk, and telling them.

A `HeldTicket` is a patient's ticket as this node knows it, a `Desk` a clinician's duty. Records
only ever get newer; what differs from what was shown is pushed, nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from kolapp_queue.model import (
    ClinicianKey,
    Duty,
    Hint,
    PatientKey,
    QueueRef,
    Ticket,
    TicketId,
    Visit,
    VisitId,
)
from kolapp_queue.states import TicketState, VisitState

from .desk_messages import DutySnapshot
from .guests import Guests
from .lines import QueueLine
from .messages import QualityNow, TicketSnapshot
from .outlets import Outlet, to_nobody
from .parts import ForecastRange, PlaceInfo, QueueLoad
from .roles import Role
from .snapshots import (
    called_ticket,
    differs,
    duty_snapshot,
    ticket_snapshot,
    visit_info,
)
from .waits import NOT_READ_YET


async def _goes_alone(ticket: Ticket) -> None:
    pass


@dataclass(slots=True)
class HeldTicket:
    patient: PatientKey
    ticket: Ticket
    outlet: Outlet
    moved: Callable[[Ticket], Awaitable[None]]  # it goes on in another queue
    visit: Visit | None = None  # read once the patient is in it
    place: PlaceInfo | None = None  # as of `line_version`
    notices: list[str] = field(default_factory=list)  # of the staff, as of then
    signed: str = ""  # copy that goes with the next snapshot
    forecast: ForecastRange | None = None  # the same
    forecast_told: bool = False
    line_version: int = 0
    shown: TicketSnapshot | None = None

    @property
    def waiting(self) -> bool:
        return self.ticket.state == TicketState.WAITING

    @property
    def is_unsure(self) -> bool:
        """Waits, and a range will be told in a moment."""
        return self.waiting and (self.place is None or self.place.wait == NOT_READ_YET)

    @property
    def version(self) -> int:
        """The newest version that this ticket or its visit is known to have."""
        return max(self.ticket.version, self.visit.version if self.visit is not None else 0)

    def knows(self, hint: Hint) -> bool:
        """Whether all that this hint may be about was read; versions are a queue's own."""
        return hint.ref == self.ticket.ref and hint.version <= self.version

    def take(self, ticket: Ticket) -> None:
        """An older record than the one we have changes nothing."""
        if ticket.version >= self.ticket.version:
            self.ticket = ticket
            if not self.waiting:
                # Who comes back into the line begins anew.
                self.place, self.forecast_told = None, False

    def take_place(self, place: PlaceInfo | None, line: QueueLine) -> None:
        """As of this reading of the line, with what the staff says."""
        self.place, self.line_version, self.notices = place, line.version, line.notices()
        if place is not None and place.wait.known and not self.forecast_told:
            self.forecast, self.forecast_told = line.forecast(self.ticket.id), True

    def take_visit(self, visit: Visit) -> None:
        if self.visit is None or self.visit.id != visit.id or visit.version >= self.visit.version:
            self.visit = visit


@dataclass(slots=True)
class Desk:
    provider: str
    clinician: ClinicianKey
    outlet: Outlet
    loads: Callable[[], list[QueueLoad]]
    duty: Duty
    visit: Visit | None = None  # the last one we heard of, ended or not
    version: int = 0  # of the last snapshot
    shown: DutySnapshot | None = None

    @property
    def active(self) -> Visit | None:
        ended = self.visit is None or self.visit.state == VisitState.ENDED
        return None if ended else self.visit

    @property
    def unexplained(self) -> Visit | None:
        """The active visit, or one that has ended, and why was not read yet."""
        visit = self.visit
        over = visit is not None and visit.state == VisitState.ENDED
        return None if over and visit is not None and visit.reason else visit

    def knows(self, hint: Hint) -> bool:
        """Whether all that this hint may be about was read; versions are a queue's own."""
        visit = self.visit
        return visit is not None and hint.ref == visit.ref and hint.version <= visit.version

    def take(self, duty: Duty) -> None:
        self.duty = duty
        if duty.visit is not None:
            self.take_visit(duty.visit)
        elif self.active is not None:
            # Why, its own record says; until that is read this much is certain.
            self.visit = replace(self.active, state=VisitState.ENDED)

    def take_visit(self, visit: Visit) -> None:
        if self.visit is None or self.visit.id != visit.id or visit.version >= self.visit.version:
            self.visit = visit


@dataclass(slots=True)
class Audience:
    now_ms: Callable[[], int]  # the store's time
    media: Callable[[Visit], Mapping[str, str]]  # states of a visit's legs, by role
    guests: Guests = field(init=False)
    _tickets: dict[TicketId, HeldTicket] = field(default_factory=dict)
    _by_queue: dict[QueueRef, dict[TicketId, HeldTicket]] = field(default_factory=dict)
    _desks: dict[tuple[str, ClinicianKey], Desk] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.guests = Guests(self.now_ms, self.media)

    # Who is there

    def hold(self, held: HeldTicket) -> None:
        self._tickets[held.ticket.id] = held
        self._by_queue.setdefault(held.ticket.ref, {})[held.ticket.id] = held

    def release(self, held: HeldTicket) -> None:
        """It is told nothing more; who else holds that ticket by now goes on."""
        # Its outlet is its holder's, who has it: a ring that only the collector would find.
        held.outlet, held.moved = to_nobody, _goes_alone
        if self._tickets.get(held.ticket.id) is held:
            del self._tickets[held.ticket.id]
            del self._by_queue[held.ticket.ref][held.ticket.id]

    def ticket(self, ticket: TicketId) -> HeldTicket | None:
        return self._tickets.get(ticket)

    def tickets(self, ref: QueueRef) -> Mapping[TicketId, HeldTicket]:
        return self._by_queue.get(ref, {})

    def in_visit(self, ref: QueueRef, visit: VisitId) -> HeldTicket | None:
        """Searched for: only the moving of a visit's media names no ticket."""
        found = (held for held in self.tickets(ref).values() if held.ticket.visit == visit)
        return next(found, None)

    def seat(self, desk: Desk) -> None:
        self._desks[desk.provider, desk.clinician] = desk

    def unseat(self, desk: Desk) -> None:
        desk.outlet = to_nobody
        if self._desks.get((desk.provider, desk.clinician)) is desk:
            del self._desks[desk.provider, desk.clinician]

    def desk(self, provider: str, clinician: ClinicianKey) -> Desk | None:
        return self._desks.get((provider, clinician))

    def desks(self, provider: str) -> Iterator[Desk]:
        return (desk for desk in list(self._desks.values()) if desk.provider == provider)

    # Telling them

    def called(self, visit: Visit) -> None:
        """Your turn: straight from the pull's result, before and without anything else."""
        held = self._tickets.get(visit.ticket)
        if held is not None and visit.state == VisitState.CALLED:
            held.take(called_ticket(held.ticket, visit))
            self.tell(held)

    def ticket_snapshot(self, held: HeldTicket) -> TicketSnapshot:
        """The snapshot to send now; from here on it counts as shown."""
        now, visit = self.now_ms(), held.visit
        same = visit is not None and visit.id == held.ticket.visit
        held.shown = ticket_snapshot(
            held.ticket,
            now,
            place=held.place,
            line_version=held.line_version,
            notices=held.notices,
            signed=held.signed,
            forecast=held.forecast,
            visit=visit_info(visit, self.media(visit), now) if visit and same else None,
            visit_version=visit.version if visit and same else 0,
        )
        held.signed, held.forecast = "", None
        return held.shown

    def duty_snapshot(self, desk: Desk) -> DutySnapshot:
        now, visit = self.now_ms(), desk.visit
        # Several queues have no common version; time goes on across reconnects and nodes.
        desk.version = max(desk.version + 1, now)
        info = visit_info(visit, self.media(visit), now, with_invited=True) if visit else None
        desk.shown = duty_snapshot(desk.duty, desk.version, desk.loads(), info, now)
        return desk.shown

    def tell(self, held: HeldTicket, *, always: bool = False) -> None:
        before = held.shown
        snapshot = self.ticket_snapshot(held)
        if always or before is None or differs(snapshot, before):
            held.outlet(f"ticket {held.ticket.id}", snapshot)

    def tell_desk(self, desk: Desk, *, always: bool = False) -> None:
        before = desk.shown
        snapshot = self.duty_snapshot(desk)
        if always or before is None or differs(snapshot, before):
            desk.outlet("duty", snapshot)

    def visit(self, visit: Visit) -> None:
        """A newer record, or news of its legs: tell those of its participants who are here."""
        held = self._tickets.get(visit.ticket)
        if held is not None and held.ticket.visit == visit.id:
            held.take_visit(visit)
            self.tell(held)
        desk = self._desks.get((visit.ref.provider, visit.clinician))
        if desk is not None:
            desk.take_visit(visit)
            self.tell_desk(desk)
        self.guests.visit(visit)

    def participants(
        self, provider: str, visit: VisitId, ticket: TicketId, clinician: ClinicianKey
    ) -> dict[str, Outlet]:
        """Of this visit, those who are on this node, by seat. `ticket` and `clinician` are its
        own: nobody is searched for."""
        found: dict[str, Outlet] = {}
        held, desk = self._tickets.get(ticket), self._desks.get((provider, clinician))
        if held is not None and held.ticket.visit == visit:
            found[Role.PATIENT] = held.outlet
        if desk is not None and desk.active is not None and desk.active.id == visit:
            found[Role.CLINICIAN] = desk.outlet
        return found | {guest.seat: guest.outlet for guest in self.guests.of(visit)}

    def tell_qualities(self, found: Mapping[str, QualityNow]) -> list[QualityNow]:
        """To whoever on this node is in one of these visits; returns those that were told."""
        if not found:
            return []
        told: dict[str, QualityNow] = {}
        desks = [(each.active.id, each.outlet) for each in self._desks.values() if each.active]
        held = [(each.ticket.visit, each.outlet) for each in self._tickets.values()]
        guests = [(each.visit_id, each.outlet) for each in self.guests]
        for visit, outlet in (*desks, *held, *guests):
            if visit is not None and visit in found:
                told[visit] = found[visit]
                outlet("quality", told[visit])
        return list(told.values())

    def legs_changed(self, visit: VisitId) -> None:
        """The media side of a visit looks different now."""
        for desk in list(self._desks.values()):
            if desk.active is not None and desk.active.id == visit:
                self.tell_desk(desk)
        for held in list(self._tickets.values()):
            if held.ticket.visit == visit:
                self.tell(held)
        self.guests.legs_changed(visit)
