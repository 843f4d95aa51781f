"""The queue in plain Python, as the design tells it: what the store's scripts are held against.

Time stands still here; a deadline is either over (`due`) or far away.
"""

from __future__ import annotations

from dataclasses import dataclass

from kolapp_queue.states import ENDED, TicketState

S = TicketState


class Refused(Exception):
    """What the store must refuse, by the name of its error."""


@dataclass
class ModelTicket:
    id: str
    queue: str
    patient: str
    number: int
    order: tuple[int, int]  # order key and number, as the store drew them
    state: TicketState = S.WAITING
    present: bool = True
    connection: str = ""
    replaced: str = ""
    epoch: int = 0
    visit: str | None = None
    missed: int = 0
    reason: str = ""
    due: bool = False  # the ring or the grace is over

    @property
    def active(self) -> bool:
        return self.state not in ENDED


@dataclass
class ModelVisit:
    id: str
    ticket: ModelTicket
    clinician: str
    epoch: int
    state: str = "called"
    reason: str = ""
    media_node: str = ""
    media_epoch: int = 0

    @property
    def active(self) -> bool:
        return self.state != "ended"

    def end(self, reason: str) -> None:
        self.state, self.reason = "ended", reason


@dataclass
class ModelClinician:
    queues: tuple[str, ...] = ()
    last_key: str = ""  # of the newest pull that was not refused; what it got is `visit`
    visit: ModelVisit | None = None

    @property
    def active(self) -> ModelVisit | None:
        return self.visit if self.visit is not None and self.visit.state != "ended" else None


class QueueModel:
    def __init__(self, missed_calls: int) -> None:
        self.missed_calls = missed_calls
        self.tickets: dict[str, ModelTicket] = {}
        self.visits: dict[str, ModelVisit] = {}
        self.clinicians: dict[str, ModelClinician] = {}

    # Reads

    def active_ticket(self, queue: str, patient: str) -> ModelTicket | None:
        for ticket in self.tickets.values():
            if ticket.queue == queue and ticket.patient == patient and ticket.active:
                return ticket
        return None

    def line(self, queue: str) -> list[ModelTicket]:
        waiting = [t for t in self.tickets.values() if t.queue == queue and t.state is S.WAITING]
        return sorted(waiting, key=lambda ticket: ticket.order)

    def clinician(self, name: str) -> ModelClinician:
        return self.clinicians.setdefault(name, ModelClinician())

    def next_for(self, name: str) -> ModelTicket | None:
        present = [t for q in self.clinician(name).queues for t in self.line(q) if t.present]
        free = [t for t in present if not self.busy(t.patient)]
        return min(free, key=lambda ticket: ticket.order, default=None)

    def busy(self, patient: str) -> bool:
        """Called or seen, in whatever queue."""
        return any(v.ticket.patient == patient and v.active for v in self.visits.values())

    # What patients do

    def join(self, ticket: ModelTicket) -> None:
        """A ticket the store has just drawn."""
        assert self.active_ticket(ticket.queue, ticket.patient) is None
        assert ticket.id not in self.tickets
        self.tickets[ticket.id] = ticket

    def attach(self, ticket: ModelTicket, connection: str) -> None:
        if not ticket.active:
            return
        ticket.present = True
        if ticket.connection == connection:
            return
        if ticket.connection and ticket.replaced == connection:
            return
        ticket.replaced, ticket.connection = ticket.connection, connection

    def detach(self, ticket: ModelTicket, connection: str, due: bool) -> None:
        if not ticket.active or ticket.connection != connection:
            return
        ticket.connection = ""
        if ticket.present:
            ticket.present = False
            if ticket.state is S.WAITING:
                ticket.due = due

    def leave(self, ticket: ModelTicket) -> None:
        if ticket.state is S.LEFT:
            return
        if ticket.state not in (S.WAITING, S.CALLED):
            raise Refused("WrongState")
        self._end(ticket, S.LEFT, "left", "left")

    def answer(self, ticket: ModelTicket, epoch: int) -> None:
        if ticket.state not in (S.CALLED, S.IN_VISIT):
            raise Refused("WrongState")
        if ticket.epoch != epoch:
            raise Refused("StaleEpoch")
        if ticket.state is S.CALLED:
            ticket.state = S.IN_VISIT
            self._visit_of(ticket).state = "live"

    def decline(self, ticket: ModelTicket, epoch: int) -> None:
        if ticket.reason == "declined" and ticket.epoch == epoch:
            return
        if ticket.state is not S.CALLED:
            raise Refused("WrongState")
        if ticket.epoch != epoch:
            raise Refused("StaleEpoch")
        self._end(ticket, S.LEFT, "declined", "declined")

    # What clinicians do

    def pull(self, name: str, key: str) -> ModelTicket | ModelVisit | None:
        """The ticket to be called, the visit this key got before, or None."""
        clinician = self.clinician(name)
        if clinician.last_key == key and clinician.visit is not None:
            return clinician.visit
        if clinician.active is not None:
            raise Refused("AlreadyInVisit")
        if not clinician.queues:
            raise Refused("NotOnDuty")
        return self.next_for(name)

    def nothing_pulled(self, name: str, key: str) -> None:
        self.clinician(name).last_key, self.clinician(name).visit = key, None

    def called(self, name: str, key: str, visit: ModelVisit, due: bool) -> None:
        """The store made this visit of the ticket `pull` named."""
        clinician, ticket = self.clinician(name), visit.ticket
        clinician.last_key, clinician.visit = key, visit
        self.visits[visit.id] = visit
        ticket.state, ticket.reason = S.CALLED, ""
        ticket.visit, ticket.epoch, ticket.due = visit.id, visit.epoch, due

    def give_back(self, visit: ModelVisit, by: str, epoch: int, due: bool) -> None:
        if by != visit.clinician:
            raise Refused("NoSuchVisit")
        if visit.epoch != epoch:
            raise Refused("StaleEpoch")
        if visit.reason == "given_back":
            return
        if visit.state != "called":
            raise Refused("WrongState")
        visit.end("given_back")
        self._back(visit.ticket, visit.ticket.connection != "", "given_back", due)

    def hang_up(self, visit: ModelVisit, by: str, epoch: int) -> None:
        if by not in (visit.clinician, visit.ticket.patient):
            raise Refused("NoSuchVisit")
        if visit.epoch != epoch:
            raise Refused("StaleEpoch")
        if visit.state == "ended":
            return
        if visit.state != "live":
            raise Refused("WrongState")
        reason = "clinician_hung_up" if by == visit.clinician else "patient_hung_up"
        self._end(visit.ticket, S.COMPLETED, reason, reason)

    def place_media(self, visit: ModelVisit, epoch: int, node: str, media_epoch: int) -> None:
        if visit.epoch != epoch:
            raise Refused("StaleEpoch")
        if visit.state == "ended":
            raise Refused("WrongState")
        if visit.media_epoch == media_epoch:
            visit.media_node, visit.media_epoch = node, media_epoch + 1

    # What the clock does

    def sweep(self, queue: str, due: bool) -> None:
        """Until nothing is due any more; `due`: so is the grace of who misses a call now."""
        here = [ticket for ticket in self.tickets.values() if ticket.queue == queue]
        for ticket in [ticket for ticket in here if ticket.state is S.CALLED and ticket.due]:
            ticket.missed += 1
            if ticket.missed > self.missed_calls:
                self._end(ticket, S.NO_SHOW, "missed_calls", "missed_call")
            else:
                self._visit_of(ticket).end("missed_call")
                self._back(ticket, False, "missed_call", due)
        for ticket in here:
            if ticket.state is S.WAITING and not ticket.present and ticket.due:
                self._end(ticket, S.EXPIRED, "away_too_long", "")

    def _visit_of(self, ticket: ModelTicket) -> ModelVisit:
        assert ticket.visit is not None
        return self.visits[ticket.visit]

    def _end(self, ticket: ModelTicket, state: TicketState, reason: str, of_visit: str) -> None:
        if ticket.state in (S.CALLED, S.IN_VISIT):
            self._visit_of(ticket).end(of_visit)
        ticket.state, ticket.reason, ticket.present, ticket.due = state, reason, False, False

    @staticmethod
    def _back(ticket: ModelTicket, present: bool, reason: str, due: bool) -> None:
        ticket.state, ticket.present, ticket.reason = S.WAITING, present, reason
        ticket.epoch, ticket.visit, ticket.due = 0, None, due
