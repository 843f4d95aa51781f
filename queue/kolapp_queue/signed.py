"""Signed tickets: a sealed copy of the place that the patient's client keeps and cannot read.

It is good for one thing: after the store lost writes, the place is restored from it (`restore` of
the store). It holds all that a place is, is sealed (`sealing.py`, AES-256-GCM: nobody can make or
change one without the key) and names its queue and its patient, so it is worth nothing to anybody
else. It is valid no longer than the record of an ended ticket is kept, counted from when it was
issued; an ended ticket can therefore always be told from a lost one.

    SealError (sealing.py)
     └─ NotYours   a genuine copy, but of another patient or queue
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from . import records
from .model import Needs, PatientKey, QueueRef, Ticket, TicketId
from .sealing import KeyRing, NotGenuine, Purpose, SealError

COPY_FORMAT = 1
COPY_LENGTH = 2_048  # characters; a longer text is no copy and not looked at


class NotYours(SealError):
    pass


@dataclass(frozen=True, slots=True)
class TicketCopy:
    """What a place is. Times are ms of the store's clock."""

    ref: QueueRef
    ticket: TicketId
    patient: PatientKey
    number: int
    order_key: int
    joined_ms: int
    version: int  # the queue's when the ticket was as copied: a store below it lost writes
    expires_ms: int
    needs: Needs  # the eligibility class, spelled out
    credit_ms: int


def copy_of(ticket: Ticket, now_ms: int, valid_ms: int) -> TicketCopy:
    """The copy of an active ticket; `valid_ms` is the retention of ended tickets, no more."""
    return TicketCopy(
        ref=ticket.ref,
        ticket=ticket.id,
        patient=ticket.patient,
        number=ticket.number,
        order_key=ticket.order_key,
        joined_ms=ticket.joined_ms,
        version=ticket.version,
        expires_ms=now_ms + valid_ms,
        needs=ticket.needs,
        credit_ms=ticket.credit_ms,
    )


def issue(copy: TicketCopy, ring: KeyRing) -> str:
    """The copy as URL-safe text for the patient's client."""
    fields = {
        "f": COPY_FORMAT,
        "p": copy.ref.provider,
        "q": copy.ref.queue,
        "t": copy.ticket,
        "k": copy.patient,
        "n": copy.number,
        "o": copy.order_key,
        "j": copy.joined_ms,
        "v": copy.version,
        "x": copy.expires_ms,
        "c": asdict(copy.needs),
        "m": copy.credit_ms,
    }
    return ring.seal(Purpose.TICKET, records.pack(fields), "")


def open_copy(signed: str, ref: QueueRef, patient: PatientKey, ring: KeyRing) -> TicketCopy:
    """The copy in `signed`, if it is this patient's and this queue's. Whether it is still valid is
    for the store to say: its clock counts. Raises NotGenuine, UnknownKey, NotYours."""
    if len(signed) > COPY_LENGTH:
        raise NotGenuine("this is too long to be a signed ticket")
    fields = records.unpack(ring.open(Purpose.TICKET, signed, ""))
    if fields["f"] != COPY_FORMAT:
        raise NotGenuine("this signed ticket is of another version of Kolapp")
    copy = TicketCopy(
        ref=QueueRef(fields["p"], fields["q"]),
        ticket=fields["t"],
        patient=fields["k"],
        number=fields["n"],
        order_key=fields["o"],
        joined_ms=fields["j"],
        version=fields["v"],
        expires_ms=fields["x"],
        needs=Needs(**fields["c"]),
        credit_ms=fields["m"],
    )
    if copy.ref != ref or copy.patient != patient:
        raise NotYours("this signed ticket is of another patient or queue")
    return copy
