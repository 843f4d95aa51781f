"""Store records (MessagePack maps) to the frozen types of `model`, and back.

Reads only the fields it knows: a neighbouring version may have added some.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgpack
import msgspec

from . import errors
from .eligibility import needs_of
from .model import Guest, Hint, NodeRecord, Origin, QueueRef, Risen, Ticket, Visit
from .settings import BRIDGE
from .states import GuestState, Outcome, Rise, TicketState, VisitState

Record = Mapping[str, Any]

# The records' version as this code writes it is in lua/queue/_commit.lua; the next one is read too,
# so that two neighbours run side by side during an upgrade.
NEWEST_SCHEMA = 2

# What a script refuses with, to the error it means; `wrong_state` carries the state.
REFUSALS: Mapping[str, type[errors.QueueError]] = {
    "no_such_ticket": errors.NoSuchTicket,
    "no_such_visit": errors.NoSuchVisit,
    "stale_epoch": errors.StaleEpoch,
    "not_on_duty": errors.NotOnDuty,
    "copy_expired": errors.CopyExpired,
    "queue_full": errors.QueueFull,
    "queue_closed": errors.QueueClosed,
    "too_many_classes": errors.TooManyClasses,
    "too_late": errors.TooLate,
    "chat_full": errors.ChatFull,
    "guests_full": errors.GuestsFull,
    "bad_code": errors.BadCode,
}


def pack(record: Record) -> bytes:
    packed: bytes = msgpack.packb(record)
    return packed


def unpack(packed: bytes) -> dict[str, Any]:
    record = msgspec.msgpack.decode(packed)  # twice as fast as msgpack
    # Lua cannot tell an empty map from an empty list.
    return record if isinstance(record, dict) else {}


def ticket(ref: QueueRef, record: Record) -> Ticket:
    _check_schema(record)
    origin = record.get("from")
    return Ticket(
        id=record["id"],
        ref=ref,
        patient=record["patient"],
        number=record["number"],
        state=TicketState(record["state"]),
        present=record["present"],
        order_key=record["order_key"],
        joined_ms=record["joined_ms"],
        version=record["version"],
        epoch=record["epoch"],
        visit=record.get("visit"),
        ring_until_ms=record["ring_until_ms"],
        missed=record["missed"],
        reason=record["reason"],
        needs=needs_of(record["needs"]),
        credit_ms=record["credit_ms"],
        aside=record.get("aside", False),
        moved_from=Origin(**origin) if origin else None,
        moved_to=record.get("moved_to", ""),
        moved_ticket=record.get("moved_ticket"),
        encrypted=record.get("encrypted", False),
    )


def visit(ref: QueueRef, record: Record) -> Visit:
    _check_schema(record)
    return Visit(
        id=record["id"],
        ref=ref,
        ticket=record["ticket"],
        number=record["number"],
        clinician=record["clinician"],
        epoch=record["epoch"],
        state=VisitState(record["state"]),
        version=record["version"],
        called_ms=record["called_ms"],
        answered_ms=record["answered_ms"],
        ended_ms=record["ended_ms"],
        ring_until_ms=record["ring_until_ms"],
        media_node=record["media_node"],
        media_epoch=record["media_epoch"],
        reason=record["reason"],
        unit=record["unit"],
        outcome=Outcome(record["outcome"]) if record["outcome"] else None,
        held_until_ms=record["held_until_ms"],
        undo_until_ms=record["undo_until_ms"],
        said=record.get("said", 0),
        mode=record.get("mode", BRIDGE),
        relay_only=record.get("relay_only", False),
        encrypted=record.get("encrypted", False),
        most_guests=record.get("most_guests", 2),
        guests=tuple(sorted(map(_guest, record.get("guests") or ()), key=lambda one: one.seat)),
    )


def _guest(record: Record) -> Guest:
    return Guest(
        seat=record["seat"],
        number=record["number"],
        kind=record["kind"],
        id=record["id"],
        state=GuestState(record["state"]),
        until_ms=record["until_ms"],
        heard_from=record.get("heard_from", 0),
    )


def risen(packed: bytes) -> Risen:
    version, rise, cls, order_key, number = msgspec.msgpack.decode(packed)
    return Risen(version, Rise(rise), cls, order_key, number)


def _check_schema(record: Record) -> None:
    if record["schema"] > NEWEST_SCHEMA:
        raise errors.NewerRecord(record["schema"])


def hint(ref: QueueRef, packed: bytes) -> Hint:
    """Raises ValueError or KeyError for what is no hint."""
    record = unpack(packed)
    return Hint(
        ref=ref,
        version=record["version"],
        ticket=record.get("ticket"),
        visit=record.get("visit"),
        clinician=record.get("clinician"),
        forecast=record.get("forecast", False),
    )


def pack_node(node: NodeRecord) -> bytes:
    return pack(asdict(node))


def node(packed: bytes) -> NodeRecord:
    """Raises UnreadableRecord."""
    try:
        return msgspec.convert(unpack(packed), NodeRecord)
    except ValueError as error:  # msgspec's errors are such
        raise errors.UnreadableRecord(str(error)) from error


def refusal(record: Record) -> errors.QueueError:
    """The error for a script's `refuse(why, state)`."""
    why = record["refused"]
    if why == "wrong_state":
        return errors.WrongState(record["state"])
    if why not in REFUSALS:
        raise AssertionError(f"a script refuses with {why!r}, which has no error")
    return REFUSALS[why]()
