"""What a server says in the tests of the pages: the messages that it may send."""

from __future__ import annotations

from typing import Any

Message = dict[str, Any]

NO_BOARD: Message = {"type": "board", "queue": "drop-in", "may_pull": False}


def welcome(**fields: Any) -> Message:
    queues = [{"name": "drop-in", "title": "Drop-in", "place": place(3, waiting=3)}]
    return {
        "type": "welcome",
        "role": "patient",
        "session": "public",
        "resume": "private",
        "resumed": False,
        "node": "node",
        "version": "1",
        "queues": queues,
        "ping_every_ms": 20_000,
        **fields,
    }


def place(position: int, low_s: int = 300, high_s: int = 700, **fields: Any) -> Message:
    wait = {"known": True, "low_s": low_s, "high_s": high_s, "why": "", **fields.pop("wait", {})}
    return {"position": position, "waiting": position, "wait": wait, **fields}


def ticket(state: str = "waiting", version: int = 1, **fields: Any) -> Message:
    return {
        "type": "ticket",
        "version": version,
        "ticket": "ticket",
        "queue": "drop-in",
        "number": 14,
        "state": state,
        **fields,
    }


def called(version: int, ring_ms: int = 45_000) -> Message:
    call = {"visit": "visit", "epoch": 7, "answer_within_ms": ring_ms}
    return ticket("called", version, call=call)


def visit(state: str = "live", **fields: Any) -> Message:
    return {
        "id": "visit",
        "epoch": 7,
        "state": state,
        "queue": "drop-in",
        "number": 14,
        "media_epoch": 0,
        "participants": [
            {"role": "patient", "media": "none"},
            {"role": "clinician", "media": "none"},
        ],
        "ring_ms": 0,
        "live_ms": 0,
        "reason": "",
        **fields,
    }


def people(*roles: str, media: str = "connected") -> list[Message]:
    """Participants of a visit; a guest is `guest1:interpreter`, or `guest1:interpreter:ID`."""
    named = [[*role.split(":"), "", ""] for role in roles]
    return [{"role": one[0], "media": media, "kind": one[1], "id": one[2]} for one in named]


def guest(version: int, state: str = "in", **fields: Any) -> Message:
    """The snapshot of the first guest."""
    of = visit(slots=3, **fields) if state == "in" else None
    return {"type": "guest", "version": version, "you": "guest1", "state": state, "visit": of}


def duty(version: int, *, on_duty: bool = True, waiting: int = 2, **fields: Any) -> Message:
    queue = {"name": "drop-in", "title": "Drop-in", "waiting": waiting, "on_duty": int(on_duty)}
    return {
        "type": "duty",
        "version": version,
        "on_duty": on_duty,
        "queues": [queue],
        "serves": ["drop-in"] if on_duty else [],
        **fields,
    }


def error(code: str) -> Message:
    return {"type": "error", "code": code, "message": "A sentence."}
