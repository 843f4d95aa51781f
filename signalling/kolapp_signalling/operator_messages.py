"""What operators send over REST and what they get: JSON, checked in one step. Pure.

Times are of the calendar (RFC 3339, in the queue's own offset), `""` where there is none.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from kolapp_queue.bulletin import WORD_LENGTH
from msgspec import Meta

from .parts import WaitRange


class NoticeOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A word to everybody who waits, until it is taken back or replaced; lines may break."""

    text: Annotated[str, Meta(min_length=1, max_length=WORD_LENGTH)]


class ClosingOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Draw no numbers until `until`, or for the `rest_of_day` (until the hours open the next time);
    with neither, until reopened. `text` is a word to everybody who waits."""

    until: Annotated[datetime, Meta(tz=True)] | None = None
    rest_of_day: bool = False
    text: Annotated[str, Meta(max_length=WORD_LENGTH)] = ""


class NoticeSaid(msgspec.Struct, frozen=True):
    """`by` is the pseudonym under which the audit knows who said it."""

    text: str
    since: str
    by: str


class ClosingSaid(msgspec.Struct, frozen=True):
    """`until` is empty for one that holds until the queue is reopened."""

    until: str
    since: str
    text: str
    by: str


class QueueStatus(msgspec.Struct, frozen=True):
    """A queue as it stands. `state` is open, draining (no numbers are drawn, who waits is served)
    or closed; `early` says that an operator closed it. `waiting` counts present and away,
    `in_visit` the visits going on; `wait` is what somebody who joins now would be told. One that is
    not `configured` any more is listed while somebody is in it: no numbers are drawn there."""

    name: str
    title: str
    state: str
    early: bool
    full: bool
    waiting: int
    capacity: int
    on_duty: int
    in_visit: int
    wait: WaitRange
    opens: str = ""
    closes: str = ""
    last_number: str = ""
    notice: NoticeSaid | None = None
    closing: ClosingSaid | None = None
    configured: bool = True


class QueueStatuses(msgspec.Struct, frozen=True):
    """All queues of the provider, in the order of their file, then those that are left over."""

    queues: list[QueueStatus]


class Problem(msgspec.Struct, frozen=True):
    """Why nothing was done: `code` and `message` as for the errors of the WebSocket, `field` is
    where in the body, if known."""

    code: str
    message: str
    field: str = ""
