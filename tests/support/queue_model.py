"""The queue in plain Python, as the design tells it: what the store's scripts are held against.

Time stands still here; a deadline is either over (`due`) or far away.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kolapp_queue.states import ENDED, TicketState

S = TicketState


VANISHED_MOST = 3


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
    due: bool = False  # the ring, the grace or the time for a transfer is over
    needs: str = ""  # "", a language, or the clinician named
    vanished: int = 0  # clinicians in a row who called and were gone
    credit_ms: int = 0
    joined_ms: int = 0
    moved_to: str = ""
    rung_again: bool = False  # in the visit, and not answered since

    @property
    def active(self) -> bool:
        return self.state not in ENDED

    @property
    def rings(self) -> bool:
        return self.state is S.CALLED or (self.state is S.IN_VISIT and self.rung_again)

    @property
    def pulled(self) -> bool:
        """Whether a pull takes it, once it is the earliest."""
        return self.present and self.vanished < VANISHED_MOST


@dataclass
class ModelGuest:
    id: str
    seat: str
    key: str
    digest: str
    state: str = "invited"
    due: bool = False  # the time in which the code is good is over
    came_with: str = ""
    heard_from: int = 0  # lines of the chat that are not theirs

    @property
    def seated(self) -> bool:
        return self.state == "in" or (self.state == "invited" and not self.due)


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
    outcome: str = ""
    answered: bool = False
    undo_over: bool = False  # the time in which the pull can be undone
    grace_over: bool = False  # while held: a colleague may take over, a sweep ends it
    chat: list[tuple[str, str, str, str]] = field(default_factory=list)  # who, key, role, text
    guests: dict[str, ModelGuest] = field(default_factory=dict)  # who has, or had, which seat

    @property
    def active(self) -> bool:
        return self.state != "ended"

    def end(self, reason: str) -> None:
        self.state, self.reason = "ended", reason
        self.guests = {}

    def role_of(self, who: str) -> str:
        """ "": nobody of this visit."""
        here = {guest.id: seat for seat, guest in self.guests.items() if guest.state == "in"}
        here |= {self.ticket.patient: "patient", self.clinician: "clinician"}
        return here.get(who, "")

    def guest(self, who: str) -> ModelGuest | None:
        return next((guest for guest in self.guests.values() if guest.id == who), None)


@dataclass
class ModelClinician:
    name: str
    queues: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    board: bool = False
    last_key: str = ""  # of the newest pull that was not refused; what it got is `visit`
    visit: ModelVisit | None = None

    @property
    def active(self) -> ModelVisit | None:
        visit = self.visit
        mine = visit is not None and visit.active and visit.clinician == self.name
        return visit if mine else None

    def fits(self, ticket: ModelTicket) -> bool:
        return ticket.needs in ("", self.name, *self.languages)


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
        return self.clinicians.setdefault(name, ModelClinician(name))

    def next_for(self, name: str) -> ModelTicket | None:
        clinician = self.clinician(name)
        present = [t for q in clinician.queues for t in self.line(q) if t.pulled]
        free = [t for t in present if clinician.fits(t) and not self.busy(t.patient)]
        return min(free, key=lambda ticket: ticket.order, default=None)

    def busy(self, patient: str) -> bool:
        """Called or seen, in whatever queue."""
        return any(v.ticket.patient == patient and v.active for v in self.visits.values())

    def places(self, queue: str) -> list[int]:
        """1 + the earlier ones who share a clinician on duty; by the definition, word by word."""
        team = [c for c in self.clinicians.values() if queue in c.queues]
        line = self.line(queue)

        def before(ahead: ModelTicket, mine: ModelTicket) -> bool:
            if not any(c.fits(mine) for c in team):
                return ahead.needs == mine.needs
            return any(c.fits(mine) and c.fits(ahead) for c in team)

        return [1 + sum(before(o, t) for o in line[:place]) for place, t in enumerate(line)]

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

    def node_gone(self, queue: str, node: int, due: bool) -> None:
        """Whoever's connection is at that node is away."""
        for ticket in self.tickets.values():
            if ticket.queue == queue and ticket.connection.startswith(f"{node}."):
                self.detach(ticket, ticket.connection, due)

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
        ticket.rung_again = False
        if ticket.state is S.CALLED:
            ticket.state = S.IN_VISIT
            visit = self._visit_of(ticket)
            visit.state, visit.answered = "live", True

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

    def pull_ticket(self, name: str, key: str, ticket: ModelTicket) -> ModelVisit | None:
        """The visit this key got before, or None: the ticket is to be called."""
        clinician = self.clinician(name)
        if not clinician.board:
            raise Refused("NotAllowed")
        if clinician.last_key == key and clinician.visit is not None:
            return clinician.visit
        if clinician.active is not None:
            raise Refused("AlreadyInVisit")
        if ticket.queue not in clinician.queues:
            raise Refused("NotOnDuty")
        refusal = "WrongState" if ticket.state is not S.WAITING else ""
        refusal = refusal or ("PatientBusy" if self.busy(ticket.patient) else "")
        if refusal:
            self.nothing_pulled(name, "")
            raise Refused(refusal)
        return None

    def set_duty(
        self, name: str, queues: tuple[str, ...], languages: tuple[str, ...], board: bool
    ) -> None:
        clinician = self.clinician(name)
        clinician.queues, clinician.languages, clinician.board = queues, languages, board
        if clinician.active is not None and clinician.active.state == "held":
            clinician.active.state = "live"

    def undo_pull(self, visit: ModelVisit, by: str, epoch: int, due: bool) -> None:
        own = by == visit.clinician and visit.epoch == epoch
        if own and visit.state == "called" and visit.undo_over:
            raise Refused("TooLate")
        self._back_by(visit, by, epoch, due, "undone")

    def give_back(self, visit: ModelVisit, by: str, epoch: int, due: bool) -> None:
        self._back_by(visit, by, epoch, due, "given_back")

    def _back_by(self, visit: ModelVisit, by: str, epoch: int, due: bool, reason: str) -> None:
        if by != visit.clinician:
            raise Refused("NoSuchVisit")
        if visit.epoch != epoch:
            raise Refused("StaleEpoch")
        if visit.reason == reason:
            return
        if visit.state != "called":
            raise Refused("WrongState")
        visit.end(reason)
        self._back(visit.ticket, visit.ticket.connection != "", reason, due)

    def hang_up(self, visit: ModelVisit, by: str, epoch: int) -> None:
        if by not in (visit.clinician, visit.ticket.patient):
            raise Refused("NoSuchVisit")
        if visit.epoch != epoch:
            raise Refused("StaleEpoch")
        if visit.state == "ended":
            return
        if visit.state == "called":
            raise Refused("WrongState")
        reason = "clinician_hung_up" if by == visit.clinician else "patient_hung_up"
        visit.outcome = "completed"
        self._end(visit.ticket, S.COMPLETED, reason, reason)

    def place_media(self, visit: ModelVisit, epoch: int, node: str, media_epoch: int) -> None:
        if visit.epoch != epoch:
            raise Refused("StaleEpoch")
        if visit.state == "ended":
            raise Refused("WrongState")
        if visit.media_epoch == media_epoch:
            visit.media_node, visit.media_epoch = node, media_epoch + 1

    def _own(self, visit: ModelVisit, by: str, epoch: int) -> None:
        if by != visit.clinician:
            raise Refused("NoSuchVisit")
        if visit.epoch != epoch:
            raise Refused("StaleEpoch")

    def ring_again(self, visit: ModelVisit, by: str, epoch: int) -> None:
        self._own(visit, by, epoch)
        if visit.state != "live":
            raise Refused("WrongState")
        visit.ticket.rung_again = True

    def say(self, visit: ModelVisit, by: str, epoch: int, key: str, text: str) -> None:
        if not (role := visit.role_of(by)):
            raise Refused("NoSuchVisit")
        self._open(visit, epoch)
        own = [line for line in visit.chat if line[0] == by]
        if not own or own[-1][1] != key:
            visit.chat.append((by, key, role, text))

    @staticmethod
    def _open(visit: ModelVisit, epoch: int) -> None:
        if visit.epoch != epoch:
            raise Refused("StaleEpoch")
        if visit.state not in ("live", "held"):
            raise Refused("WrongState")

    # Guests; `by` is empty for the provider's backend

    def invite(self, visit: ModelVisit, by: str, epoch: int, asked: ModelGuest, most: int) -> None:
        """`asked` has the seat of who is invited under its key already, or none."""
        if by not in ("", visit.clinician):
            raise Refused("NoSuchVisit")
        self._open(visit, epoch)
        known = next((each for each in visit.guests.values() if each.key == asked.key), None)
        if known is not None:
            if known.state != "invited":
                raise Refused("WrongState")
            if known.digest != asked.digest:
                known.digest, known.due = asked.digest, asked.due
            return
        seats = [f"guest{number}" for number in range(1, most + 1)]
        free = [s for s in seats if s not in visit.guests or not visit.guests[s].seated]
        if not free:
            raise Refused("GuestsFull")
        asked.seat = free[0]
        visit.guests[asked.seat] = asked

    def redeem(self, visit: ModelVisit, who: str, digest: str, key: str) -> None:
        guest = visit.guest(who)
        if guest is None:
            raise Refused("BadCode")
        if guest.state == "in" and guest.came_with == key:
            return
        if guest.state != "invited" or guest.due or guest.digest != digest:
            raise Refused("BadCode")
        guest.state, guest.came_with, guest.heard_from = "in", key, len(visit.chat)

    def leave_visit(self, visit: ModelVisit, who: str) -> None:
        guest = visit.guest(who)
        if guest is not None and guest.state == "in":
            guest.state = "left"

    def remove_guest(self, visit: ModelVisit, by: str, epoch: int, seat: str) -> None:
        if by not in ("", visit.clinician):
            raise Refused("NoSuchVisit")
        self._open(visit, epoch)
        guest = visit.guests.get(seat)
        if guest is not None and guest.seated:
            guest.state = "removed"

    def set_outcome(self, visit: ModelVisit, by: str, epoch: int, outcome: str) -> None:
        self._own(visit, by, epoch)
        if visit.active or not visit.answered:
            raise Refused("WrongState")
        visit.outcome = outcome

    def transfer(self, visit: ModelVisit, by: str, epoch: int, queue: str, due: bool) -> bool:
        """Out of this queue; false if it was out already."""
        self._own(visit, by, epoch)
        if visit.reason == "transferred":
            return False
        if not visit.active:
            raise Refused("WrongState")
        visit.outcome = "referred" if visit.answered else ""
        visit.end("transferred")
        ticket = visit.ticket
        ticket.state, ticket.reason, ticket.moved_to = S.TRANSFERRING, "transferred", queue
        ticket.due = due
        return True

    def arrive(self, old: ModelTicket, there: str, number: int, due: bool) -> None:
        """Into the other queue, where the store says `there` is the ticket now."""
        order_key = old.joined_ms - old.credit_ms
        active = self.active_ticket(old.moved_to, old.patient)
        if active is not None:
            assert there == active.id
            if active.state is S.WAITING and order_key < active.order[0]:
                active.order, active.credit_ms = (order_key, active.number), old.credit_ms
        elif there in self.tickets:
            assert self.tickets[there].queue == old.moved_to
        else:
            new = ModelTicket(there, old.moved_to, old.patient, number, (order_key, number))
            new.connection, new.present = old.connection, old.connection != ""
            new.needs, new.credit_ms, new.joined_ms = old.needs, old.credit_ms, old.joined_ms
            new.reason, new.due = "transferred", due and not new.present
            self.tickets[there] = new
        old.state, old.present, old.due = S.TRANSFERRED, False, False

    def take_over(self, visit: ModelVisit, name: str, key: str) -> bool:
        """Whether the visit changes hands; false if it is this clinician's own."""
        clinician = self.clinician(name)
        if clinician.active is not None:
            if clinician.active is visit:
                return False
            raise Refused("AlreadyInVisit")
        if visit.ticket.queue not in clinician.queues:
            raise Refused("NotOnDuty")
        if visit.clinician == name:
            clinician.last_key, clinician.visit = key, visit
            return False
        if visit.state != "held" or not visit.grace_over:
            self.nothing_pulled(name, "")
            raise Refused("WrongState")
        return True

    def taken_over(self, visit: ModelVisit, name: str, key: str, epoch: int) -> None:
        clinician = self.clinician(name)
        assert epoch > visit.epoch
        visit.clinician, visit.state, visit.epoch, visit.ticket.epoch = name, "live", epoch, epoch
        clinician.last_key, clinician.visit = key, visit

    # What the clock does

    def vanish(self, visit: ModelVisit, grace_over: bool, due: bool) -> None:
        """The clinician gave no sign for the time of the lease; so is the clock's step done."""
        self._give_up(visit.ticket.queue)
        if visit.state == "called":
            visit.end("clinician_gone")
            vanished = visit.ticket.vanished + 1
            self._back(visit.ticket, visit.ticket.connection != "", "clinician_gone", due)
            visit.ticket.vanished = vanished
        elif visit.state == "live":
            visit.state, visit.grace_over = "held", grace_over
        elif visit.state == "held":
            self._end_failed(visit)

    def _give_up(self, queue: str) -> None:
        for visit in self.visits.values():
            here = visit.ticket.queue == queue
            if here and visit.state == "held" and visit.grace_over:
                self._end_failed(visit)

    def _end_failed(self, visit: ModelVisit) -> None:
        visit.outcome = "technical_failure"
        self._end(visit.ticket, S.COMPLETED, "clinician_gone", "clinician_gone")

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

        self._give_up(queue)

    def close(self, queue: str) -> None:
        """The day is over: nobody waits any more."""
        for ticket in self.line(queue):
            self._end(ticket, S.EXPIRED, "closed", "")

    def moving(self, queue: str) -> list[ModelTicket]:
        """What a sweep brings into other queues."""
        return [
            t
            for t in self.tickets.values()
            if t.queue == queue and t.state is S.TRANSFERRING and t.due
        ]

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
        ticket.epoch, ticket.visit, ticket.due, ticket.vanished = 0, None, due, 0
