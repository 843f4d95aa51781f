"""From what the packages below refuse with to what a client is told. Pure."""

from __future__ import annotations

from kolapp_media import errors as media_errors
from kolapp_queue import errors as queue_errors

from .codes import ERROR_TEXT, ErrorCode
from .messages import Error
from .parts import ClientMessage

QUEUE_CODES: dict[type[queue_errors.QueueError], ErrorCode] = {
    queue_errors.NoSuchTicket: ErrorCode.NO_TICKET,
    queue_errors.NoSuchVisit: ErrorCode.NO_VISIT,
    queue_errors.WrongState: ErrorCode.WRONG_STATE,
    queue_errors.StaleEpoch: ErrorCode.STALE_EPOCH,
    queue_errors.NotOnDuty: ErrorCode.NOT_ON_DUTY,
    queue_errors.AlreadyInVisit: ErrorCode.ALREADY_IN_VISIT,
    queue_errors.NotAllowed: ErrorCode.FORBIDDEN,
    queue_errors.PatientBusy: ErrorCode.PATIENT_BUSY,
    queue_errors.IntakeTooLong: ErrorCode.TOO_LONG,
    queue_errors.ChatFull: ErrorCode.CHAT_FULL,
    queue_errors.GuestsFull: ErrorCode.GUESTS_FULL,
    queue_errors.BadCode: ErrorCode.BAD_CODE,
    queue_errors.TooLate: ErrorCode.TOO_LATE,
    queue_errors.QueueClosed: ErrorCode.QUEUE_CLOSED,
    queue_errors.QueueFull: ErrorCode.QUEUE_FULL,
    queue_errors.TooManyClasses: ErrorCode.TOO_MANY_NEEDS,
    queue_errors.StoreUnavailable: ErrorCode.STORE_UNAVAILABLE,
}
MEDIA_CODES: dict[type[media_errors.MediaError], ErrorCode] = {
    media_errors.BadOffer: ErrorCode.BAD_SDP,
    media_errors.StaleLeg: ErrorCode.STALE_LEG,
    media_errors.TooManyLegs: ErrorCode.MEDIA_FULL,
    media_errors.NoSuchLeg: ErrorCode.NOT_PREPARED,
}


def error(request: ClientMessage, code: ErrorCode, field: str = "", opens: str = "") -> Error:
    return Error(re=request.id, code=code, message=ERROR_TEXT[code], field=field, opens=opens)
