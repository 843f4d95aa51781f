"""Every error code and every close code, one sentence each.

The range of a close code says what a client does, so that it handles codes it has never heard
of: 4000-4499 connect again (after the hint's delay), 4500-4999 do not, a person must act.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class ErrorCode(StrEnum):
    """Replies to a request; the connection stays open. Whose fault, and what to do next."""

    BAD_MESSAGE = "bad_message"
    BAD_TOKEN = "bad_token"
    WRONG_STATE = "wrong_state"
    STALE_EPOCH = "stale_epoch"
    FORBIDDEN = "forbidden"
    NO_TICKET = "no_ticket"
    NO_VISIT = "no_visit"
    UNKNOWN_QUEUE = "unknown_queue"
    QUEUE_CLOSED = "queue_closed"
    QUEUE_FULL = "queue_full"
    PAST_CLOSING = "past_closing"
    NEEDS_NOT_ALLOWED = "needs_not_allowed"
    TOO_MANY_NEEDS = "too_many_needs"
    NOBODY_WAITING = "nobody_waiting"
    NOT_ON_DUTY = "not_on_duty"
    ALREADY_IN_VISIT = "already_in_visit"
    PATIENT_BUSY = "patient_busy"
    TOO_LONG = "too_long"
    INTAKE_UNREADABLE = "intake_unreadable"
    CHAT_UNREADABLE = "chat_unreadable"
    CHAT_FULL = "chat_full"
    GUESTS_FULL = "guests_full"
    BAD_CODE = "bad_code"
    TOO_LATE = "too_late"
    BAD_SDP = "bad_sdp"
    STALE_LEG = "stale_leg"
    TOO_EARLY = "too_early"
    NOT_PREPARED = "not_prepared"
    MEDIA_UNAVAILABLE = "media_unavailable"
    MEDIA_FULL = "media_full"
    TOO_MANY_SIGNALS = "too_many_signals"
    STORE_UNAVAILABLE = "store_unavailable"
    INTERNAL = "internal"


ERROR_TEXT: dict[ErrorCode, str] = {
    ErrorCode.BAD_MESSAGE: "The client sent something outside the protocol; correct the client.",
    ErrorCode.BAD_TOKEN: "The token is not valid, or another person's; get a new one.",
    ErrorCode.WRONG_STATE: "The step is not possible now; look at the snapshot that came with it.",
    ErrorCode.STALE_EPOCH: "Somebody else holds this by now; look at the newest snapshot.",
    ErrorCode.FORBIDDEN: "This role may not do that; sign in as somebody who may.",
    ErrorCode.NO_TICKET: "You have no active ticket here; draw a number with `join`.",
    ErrorCode.NO_VISIT: "There is no such visit, or it is not yours.",
    ErrorCode.UNKNOWN_QUEUE: "There is no such queue; the welcome lists those there are.",
    ErrorCode.QUEUE_CLOSED: "No numbers are drawn now; join when the queue opens (`opens`).",
    ErrorCode.QUEUE_FULL: "As many wait as may; join again in a while.",
    ErrorCode.PAST_CLOSING: "The wait would last past closing time; join when it opens (`opens`).",
    ErrorCode.NEEDS_NOT_ALLOWED: "This queue does not serve that (`field`); ask as it says.",
    ErrorCode.TOO_MANY_NEEDS: "Those who wait need too many different things; ask for less.",
    ErrorCode.NOBODY_WAITING: "Nobody you may take is waiting; pull again when somebody is.",
    ErrorCode.NOT_ON_DUTY: "Say `ready` before you pull.",
    ErrorCode.ALREADY_IN_VISIT: "You have an active visit; end it or give it back first.",
    ErrorCode.PATIENT_BUSY: "This patient is being called or seen in another queue.",
    ErrorCode.TOO_LONG: "The text is longer than 16 kB; shorten it.",
    ErrorCode.INTAKE_UNREADABLE: "No key there is opens this text; ask the operator.",
    ErrorCode.CHAT_UNREADABLE: "No key there is opens a line of this chat; ask the operator.",
    ErrorCode.CHAT_FULL: "As many lines were written as a visit may have; speak instead.",
    ErrorCode.GUESTS_FULL: "As many guests are there or invited as may be; remove one first.",
    ErrorCode.BAD_CODE: "This link is no good, or not any more; ask for a new one.",
    ErrorCode.TOO_LATE: "The time in which this could be undone is over; look at the snapshot.",
    ErrorCode.BAD_SDP: "The offer is not usable; offer audio and video as PROTOCOL.md says.",
    ErrorCode.STALE_LEG: "A newer leg of yours exists; use the newest connection.",
    ErrorCode.TOO_EARLY: "Your place is not near the front yet (`ready_from` of the queue).",
    ErrorCode.NOT_PREPARED: "No prepared leg of yours is there; make one with `offer`.",
    ErrorCode.MEDIA_UNAVAILABLE: "No media node can take the call now; offer again in a second.",
    ErrorCode.MEDIA_FULL: "The media nodes carry all the calls they can; offer again in a while.",
    ErrorCode.TOO_MANY_SIGNALS: "That is more than a call needs; go on in some seconds.",
    ErrorCode.STORE_UNAVAILABLE: "The store did not answer in time; send the same request again.",
    ErrorCode.INTERNAL: "The server failed; send the same request again, then tell the operator.",
}


class CloseCode(IntEnum):
    # WebSocket's own (RFC 6455, 7.4.1)
    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    BAD_TEXT = 1007
    TOO_BIG = 1009
    # connect again
    SHUTTING_DOWN = 4000
    SLOW_READER = 4001
    NO_PONG = 4002
    INTERNAL = 4003
    SLOW_SENDER = 4004
    HELLO_LATE = 4005
    CUT_OFF = 4006
    # a person or a programmer must act
    HELLO_EXPECTED = 4500
    BAD_TOKEN = 4501
    TAKEN_OVER = 4502
    TOO_MANY_ERRORS = 4503
    BAD_SUBPROTOCOL = 4504
    FLOOD = 4505
    WEAK_LOGIN = 4506
    REMOVED = 4507


CLOSE_TEXT: dict[CloseCode, str] = {
    CloseCode.NORMAL: "The client is done.",
    CloseCode.GOING_AWAY: "The page was left.",
    CloseCode.PROTOCOL_ERROR: "A frame was not as RFC 6455 has it.",
    CloseCode.BAD_TEXT: "A text frame was no UTF-8.",
    CloseCode.TOO_BIG: "A message was larger than 64 kB.",
    CloseCode.SHUTTING_DOWN: "The node stops; another one, or this one restarted, takes over.",
    CloseCode.SLOW_READER: "The client did not read what it was sent.",
    CloseCode.NO_PONG: "The client did not answer a ping.",
    CloseCode.INTERNAL: "The server failed.",
    CloseCode.SLOW_SENDER: "A message was begun and not completed in time.",
    CloseCode.HELLO_LATE: "No `hello` came in time; somebody was too busy.",
    CloseCode.CUT_OFF: "The node cannot reach the store; another one may, and places are kept.",
    CloseCode.HELLO_EXPECTED: "The first message was not a `hello`.",
    CloseCode.BAD_TOKEN: "The token is not valid, or not any more.",
    CloseCode.TAKEN_OVER: "A newer connection of the same person took over.",
    CloseCode.TOO_MANY_ERRORS: "Too many bad messages on one connection.",
    CloseCode.BAD_SUBPROTOCOL: "The client offered none of kolapp.v1.json and kolapp.v1.msgpack.",
    CloseCode.FLOOD: "Far more frames came than a client has a use for.",
    CloseCode.REMOVED: "This guest has left, was removed, or the visit is over.",
    CloseCode.WEAK_LOGIN: "This role needs a stronger login; sign in again with one.",
}
