"""One webhook as bytes: what a provider's backend is told of an event, and how it is signed. Pure.

The form and the signature are those of the Standard Webhooks specification (1.0.0): headers
`webhook-id`, `webhook-timestamp` and `webhook-signature`, which is `v1,` and the Base64 of
HMAC-SHA256 over `id.timestamp.body`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from kolapp_queue.audit_stream import Entry
from kolapp_queue.model import QueueRef


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """What happened to a ticket, or to a `guest` (guest1, guest2) of its visit. `patient` is the
    pseudonym that `kolapp audit pseudonym` makes of an issuer and a subject; what a patient wrote,
    and who treats them, is never in it."""

    provider: str
    queue: str
    ticket: str
    patient: str
    number: int
    state: str
    reason: str
    visit: str
    guest: str = ""


class Webhook(msgspec.Struct, frozen=True):
    """`type` is `ticket.` and the step, `timestamp` when it happened (RFC 3339)."""

    type: str
    timestamp: str
    data: Told


def body_of(ref: QueueRef, event: Mapping[str, Any]) -> bytes | None:
    """None for what is no step of a ticket, or cannot be read."""
    try:
        told = Told(
            ref.provider,
            ref.queue,
            event["ticket"],
            event["patient"],
            event["number"],
            event["state"],
            event["reason"],
            event.get("visit") or "",
            event.get("guest", ""),
        )
        happened = datetime.fromtimestamp(event["ms"] / 1000, UTC)
        step = event["step"]
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    when = happened.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return msgspec.json.encode(Webhook(f"ticket.{step}", when, told))


def id_of(ref: QueueRef, entry: Entry) -> str:
    """The same each time it is sent: who has it already may ignore it."""
    return f"{ref.provider}/{ref.queue}/{entry.id}"


def headers(secret: bytes, message: str, now_s: int, body: bytes) -> dict[str, str]:
    signed = b".".join((message.encode(), str(now_s).encode(), body))
    digest = hmac.new(secret, signed, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(now_s),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
