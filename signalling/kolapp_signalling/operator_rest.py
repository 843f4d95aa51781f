"""What operators may do over REST: see their queues, speak to those who wait, close and reopen.

Every step is an event of the queue, with who did it, and so is in the audit.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from kolapp_queue.admission import rest_of_the_day
from kolapp_queue.bulletin import checked_word

from .codes import ErrorCode
from .gate import Refused
from .operator_messages import ClosingOrder, NoticeOrder, QueueStatus, QueueStatuses
from .queue_status import no_more_configured
from .queues import OpenQueue
from .rest import Asked, Operation
from .roles import Role
from .wire import BadMessage


async def list_queues(asked: Asked) -> QueueStatuses:
    queues = asked.node.queues
    found = queues.of(asked.provider) + await queues.left_over(asked.provider)
    return QueueStatuses([await _status(asked, queue) for queue in found])


async def read_queue(asked: Asked) -> QueueStatus:
    return await _status(asked, await _queue(asked))


async def set_notice(asked: Asked) -> QueueStatus:
    order: NoticeOrder = asked.body
    if not (word := _word(order.text)):
        raise BadMessage("A notice says something; delete it to take it back.", field="text")
    return await _say(asked, word)


async def delete_notice(asked: Asked) -> QueueStatus:
    return await _say(asked, "")


async def close_queue(asked: Asked) -> QueueStatus:
    order: ClosingOrder = asked.body
    queue, word = await _queue(asked), _word(order.text)
    until_ms = await _until_ms(asked, queue, order)
    await asked.node.store.close_early(queue.ref, until_ms, word, asked.who, asked.unit)
    return await _status(asked, queue)


async def reopen_queue(asked: Asked) -> QueueStatus:
    queue = await _queue(asked)
    await asked.node.store.reopen(queue.ref, asked.who, asked.unit)
    return await _status(asked, queue)


async def _say(asked: Asked, word: str) -> QueueStatus:
    queue = await _queue(asked)
    await asked.node.store.set_notice(queue.ref, word, asked.who, asked.unit)
    return await _status(asked, queue)


async def _queue(asked: Asked) -> OpenQueue:
    queue = await asked.node.queues.addressed(asked.provider, asked.queue)
    if queue is None:
        raise Refused(ErrorCode.UNKNOWN_QUEUE, "queue")
    return queue


async def _status(asked: Asked, queue: OpenQueue) -> QueueStatus:
    """As of now: what an operator has just said is in it."""
    await queue.line.read()
    status = queue.line.status()
    return status if asked.node.queues.configured(queue.ref) else no_more_configured(status)


def _word(text: str) -> str:
    try:
        return checked_word(text)
    except ValueError as wrong:
        raise BadMessage(f"{wrong}.", field="text") from None


async def _until_ms(asked: Asked, queue: OpenQueue, order: ClosingOrder) -> int | None:
    """None: until reopened; so it is too for the rest of a day that has no end."""
    await queue.line.read()  # for the store's clock
    now_ms = asked.node.audience.now_ms()
    if order.rest_of_day:
        if order.until is not None:
            raise BadMessage("Say `until` or `rest_of_day`, not both.", field="rest_of_day")
        return rest_of_the_day(asked.node.queues.policy(queue.ref), now_ms)
    if order.until is None:
        return None
    until_ms = _ms(order.until)
    if until_ms <= now_ms:
        raise BadMessage("That time is over.", field="until")
    return until_ms


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


_QUEUE, _NOTICE, _CLOSING = (f"/queues/{{queue}}{rest}" for rest in ("", "/notice", "/closing"))
_operation = partial(Operation, role=Role.OPERATOR, answer=QueueStatus)
OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "list_queues",
        "GET",
        "/queues",
        "All queues of the provider as they stand.",
        list_queues,
        Role.OPERATOR,
        QueueStatuses,
    ),
    _operation("read_queue", "GET", _QUEUE, "One queue as it stands.", read_queue),
    _operation(
        "set_notice",
        "PUT",
        _NOTICE,
        "Say a word to everybody who waits and to who comes.",
        set_notice,
        body=NoticeOrder,
    ),
    _operation("delete_notice", "DELETE", _NOTICE, "Take that word back.", delete_notice),
    _operation(
        "close_queue",
        "PUT",
        _CLOSING,
        "Close early, whatever the opening hours say: who waits is told, and served.",
        close_queue,
        body=ClosingOrder,
    ),
    _operation(
        "reopen_queue",
        "DELETE",
        _CLOSING,
        "Take the closing back: the opening hours hold again.",
        reopen_queue,
    ),
)
