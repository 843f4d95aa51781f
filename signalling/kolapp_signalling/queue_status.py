"""A queue as operators see it. Pure."""

from __future__ import annotations

import msgspec
from kolapp_queue.admission import Facts, state
from kolapp_queue.bulletin import Bulletin, Closing, Notice
from kolapp_queue.model import Line
from kolapp_queue.policy import QueuePolicy

from .gate import opening_info, said
from .operator_messages import ClosingSaid, NoticeSaid, QueueStatus
from .parts import WaitRange


def queue_status(
    policy: QueuePolicy, line: Line, bulletin: Bulletin, wait: WaitRange, now_ms: int
) -> QueueStatus:
    """`wait` is what somebody who joins now would be told."""
    waiting, holds = len(line.waiting), bulletin.at(now_ms)
    opening = opening_info(state(policy, Facts(waiting, bulletin), now_ms), policy)
    return QueueStatus(
        name=policy.name,
        title=policy.title,
        state=opening.get("state", ""),
        early=opening.get("early", False),
        full=waiting >= policy.capacity,
        waiting=waiting,
        capacity=policy.capacity,
        on_duty=line.on_duty,
        in_visit=len(line.busy_since_ms),
        wait=wait,
        opens=opening.get("opens", ""),
        closes=opening.get("closes", ""),
        last_number=opening.get("last_number", ""),
        notice=None if holds.notice is None else _notice(holds.notice, policy),
        closing=None if holds.closing is None else _closing(holds.closing, policy),
    )


def no_more_configured(status: QueueStatus) -> QueueStatus:
    """No numbers are drawn there, whatever hours it would have; who waits is served."""
    state = "draining" if status.waiting else "closed"
    dates = {"opens": "", "closes": "", "last_number": ""}
    return msgspec.structs.replace(status, configured=False, state=state, **dates)


def _notice(notice: Notice, policy: QueuePolicy) -> NoticeSaid:
    return NoticeSaid(notice.text, said(notice.since_ms, policy), notice.by)


def _closing(closing: Closing, policy: QueuePolicy) -> ClosingSaid:
    until, since = said(closing.until_ms, policy), said(closing.since_ms, policy)
    return ClosingSaid(until, since, closing.text, closing.by)
