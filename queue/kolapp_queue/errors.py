"""What the queue refuses.

QueueError
 ├─ NoSuchTicket      there is no such ticket, or it is not this person's (never told apart)
 ├─ NoSuchVisit       the same for a visit
 ├─ WrongState        the step is not allowed from the present state; carries the present truth
 ├─ StaleEpoch        the assignment was given to somebody else meanwhile
 ├─ NotOnDuty         a clinician pulls without being ready
 ├─ AlreadyInVisit    the clinician has an active visit; carries it
 ├─ QueueFull         as many wait as may; joining later may work
 ├─ QueueClosed       no number is drawn now
 ├─ TooManyClasses    those who wait need too many different things; joining with fewer needs works
 ├─ PatientBusy       this patient is being called or seen in another queue
 ├─ NotAllowed        this clinician may not do that, or gave no reason for it
 ├─ TooLate           the time in which this could be undone is over
 ├─ ChatFull          a visit has all the lines that it may have
 ├─ GuestsFull        a visit has, or awaits, all the guests that it may have
 ├─ BadCode           an invitation that is no good, for whatever reason
 ├─ IntakeTooLong     the patient wrote more than is kept; carries both sizes
 ├─ CopyExpired       the signed ticket is too old to restore a place from
 ├─ NewerRecord       a record of a version two steps ahead: this node is too old for this store
 ├─ UnreadableRecord  bytes in the store that are no record of that kind
 └─ StoreUnavailable  the store did not answer in time; nothing is known about the step
"""

from __future__ import annotations

from dataclasses import dataclass

from .model import Visit


class QueueError(Exception):
    """Base of everything this package raises on purpose."""


class NoSuchTicket(QueueError):
    pass


class NoSuchVisit(QueueError):
    pass


@dataclass
class WrongState(QueueError):
    state: str

    def __str__(self) -> str:
        return f"not allowed in state {self.state}"


class StaleEpoch(QueueError):
    pass


class NotOnDuty(QueueError):
    pass


@dataclass
class AlreadyInVisit(QueueError):
    visit: Visit

    def __str__(self) -> str:
        return f"already in visit {self.visit.id}"


class QueueFull(QueueError):
    pass


class QueueClosed(QueueError):
    pass


class TooManyClasses(QueueError):
    pass


class PatientBusy(QueueError):
    pass


class NotAllowed(QueueError):
    pass


class TooLate(QueueError):
    pass


class ChatFull(QueueError):
    pass


class GuestsFull(QueueError):
    pass


class BadCode(QueueError):
    pass


@dataclass
class IntakeTooLong(QueueError):
    size: int  # bytes of UTF-8
    limit: int

    def __str__(self) -> str:
        return f"{self.size} bytes are more than the {self.limit} that are kept"


class CopyExpired(QueueError):
    pass


@dataclass
class NewerRecord(QueueError):
    schema: int

    def __str__(self) -> str:
        return f"a record of schema {self.schema} is of a later version of Kolapp"


class UnreadableRecord(QueueError):
    pass


class StoreUnavailable(QueueError):
    pass
