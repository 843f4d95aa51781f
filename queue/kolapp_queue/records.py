"""Store records (MessagePack maps) to the frozen types of `model`, and back.

Reads only the fields it knows: a neighbouring version may have added some.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgpack  # type: ignore[import-untyped]  # ships no types

from .errors import (
    CopyExpired,
    NoSuchTicket,
    NoSuchVisit,
    NotOnDuty,
    QueueError,
    StaleEpoch,
    WrongState,
)
from .model import Hint, NodeRecord, QueueRef, Ticket, Visit
from .states import TicketState, VisitState

Record = Mapping[str, Any]


def unpack(packed: bytes) -> dict[str, Any]:
    record = msgpack.unpackb(packed)
    # Lua cannot tell an empty map from an empty list.
    return record if isinstance(record, dict) else {}


def ticket(ref: QueueRef, record: Record) -> Ticket:
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
    )


def visit(ref: QueueRef, record: Record) -> Visit:
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
    )


def hint(ref: QueueRef, packed: bytes) -> Hint:
    """Raises ValueError, KeyError or a msgpack error for what is no hint."""
    record = unpack(packed)
    return Hint(
        ref=ref,
        version=record["version"],
        ticket=record.get("ticket"),
        visit=record.get("visit"),
        clinician=record.get("clinician"),
    )


def pack_node(node: NodeRecord) -> bytes:
    packed: bytes = msgpack.packb(asdict(node))
    return packed


def node(packed: bytes) -> NodeRecord:
    record = unpack(packed)
    return NodeRecord(**{name: record[name] for name in NodeRecord.__dataclass_fields__})


def refusal(record: Record) -> QueueError:
    """The error for a script's `refuse(why, state)`."""
    match record["refused"]:
        case "no_such_ticket":
            return NoSuchTicket()
        case "no_such_visit":
            return NoSuchVisit()
        case "stale_epoch":
            return StaleEpoch()
        case "not_on_duty":
            return NotOnDuty()
        case "copy_expired":
            return CopyExpired()
        case "wrong_state":
            return WrongState(record["state"])
        case unknown:
            raise AssertionError(f"a script refuses with {unknown!r}, which has no error")
