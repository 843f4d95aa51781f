from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from kolapp_queue.audit_stream import Entry
from kolapp_queue.model import QueueRef
from kolapp_signalling.webhook import body_of, headers, id_of

REF = QueueRef("clinic", "drop-in")
EVENT = {
    "step": "called_away", "ms": 1_800_000_000_123, "version": 7, "ticket": "t1", "number": 17,
    "patient": "a" * 64, "order_key": 5, "class": "00", "state": "waiting", "epoch": 0,
    "role": "clock", "actor": "d" * 64, "unit": "north", "reason": "", "wait_ms": 9,
}  # fmt: skip


def test_a_webhook_says_what_happened_to_whom_and_no_more() -> None:
    body = body_of(REF, EVENT)
    assert body is not None
    assert json.loads(body) == {
        "type": "ticket.called_away",
        "timestamp": "2027-01-15T08:00:00.123Z",
        "data": {
            "provider": "clinic",
            "queue": "drop-in",
            "ticket": "t1",
            "patient": "a" * 64,
            "number": 17,
            "state": "waiting",
            "reason": "",
            "visit": "",
        },
    }


def test_of_a_guest_it_says_which_and_what_for() -> None:
    joined = EVENT | {"step": "guest_joined", "guest": "guest1", "reason": "interpreter"}
    told = json.loads(body_of(REF, joined) or b"")
    assert told["type"] == "ticket.guest_joined"
    assert (told["data"]["guest"], told["data"]["reason"]) == ("guest1", "interpreter")


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"unreadable": {}},
        EVENT | {"ms": None},
        EVENT | {"ms": 10**30},
        {name: value for name, value in EVENT.items() if name != "ticket"},
    ],
)
def test_what_is_no_step_of_a_ticket_is_not_told(event: dict[str, object]) -> None:
    assert body_of(REF, event) is None


def test_the_backend_can_tell_that_it_is_ours() -> None:
    """As the specification has it; anything changed on the way shows."""
    secret, body = b"k" * 32, body_of(REF, EVENT) or b""
    sent = headers(secret, id_of(REF, Entry("5-1", 9, EVENT)), 1_800_000_001, body)
    assert sent["webhook-id"] == "clinic/drop-in/5-1"
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.{body.decode()}".encode()
    kind, _, signature = sent["webhook-signature"].partition(",")
    assert kind == "v1"
    assert base64.b64decode(signature) == hmac.new(secret, signed, hashlib.sha256).digest()
    assert sent["content-type"] == "application/json"
