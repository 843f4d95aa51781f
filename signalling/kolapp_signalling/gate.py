"""What the gate at joining says, as clients read it: queues before joining, refused joins. Pure.

Moments of the store's clock become times of the calendar in the queue's own zone here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypedDict

from kolapp_queue import admission
from kolapp_queue.admission import Check, Closed, Draining, Facts, Open, RefusalCode
from kolapp_queue.bulletin import Bulletin
from kolapp_queue.eta import Wait
from kolapp_queue.model import Needs
from kolapp_queue.policy import QueuePolicy
from kolapp_queue.settings import DIRECT

from .codes import ErrorCode
from .parts import AskedNeeds, NeedsOffered, PlaceInfo, QueueInfo, WaitRange

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_CODES: dict[RefusalCode, ErrorCode] = {
    RefusalCode.CLOSED: ErrorCode.QUEUE_CLOSED,
    RefusalCode.DRAINING: ErrorCode.QUEUE_CLOSED,  # for who is not in it yet
    RefusalCode.FULL: ErrorCode.QUEUE_FULL,
    RefusalCode.WOULD_WAIT_PAST_CLOSING: ErrorCode.PAST_CLOSING,
    RefusalCode.NEEDS_NOT_ALLOWED: ErrorCode.NEEDS_NOT_ALLOWED,
}


class Refused(Exception):
    """A request that we refuse without asking the store."""

    def __init__(self, code: ErrorCode, field: str = "", opens: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.opens = opens


def queue_info(
    policy: QueuePolicy, facts: Facts, now_ms: int, place: PlaceInfo | None
) -> QueueInfo:
    """`place` is what somebody who joins now would get; None: the line was not read yet."""
    found = admission.state(policy, facts, now_ms)
    wait = NOTHING_KNOWN if place is None else estimate(place.wait)
    answer = admission.invitation(policy, facts, now_ms, wait)
    opening = opening_info(found, policy)
    return QueueInfo(
        name=policy.name,
        title=policy.title,
        place=place if isinstance(found, Open) else None,
        titles={language: title for language, title in policy.titles if language},
        full=isinstance(answer, admission.Refused) and answer.code == RefusalCode.FULL,
        past_closing=_past_closing(answer),
        needs=offered(policy),
        checks=[check.value for check in admission.checks(policy)],
        notices=notices(facts.bulletin, now_ms),
        ready_from=policy.ready_from if policy.mode != DIRECT else 0,
        mode=policy.mode,
        slots=1 + policy.guests,
        encrypted=policy.encrypted,
        rehearsal=policy.rehearsal,
        **opening,
    )


class OpeningInfo(TypedDict, total=False):
    """The part of a `QueueInfo` that says when."""

    state: str
    early: bool
    opens: str
    closes: str
    last_number: str


def opening_info(found: Open | Draining | Closed, policy: QueuePolicy) -> OpeningInfo:
    if isinstance(found, Open):
        last_ms = found.joins_until_ms
        last = "" if last_ms == found.closes_ms else said(last_ms, policy)
        return {"state": "open", "closes": said(found.closes_ms, policy), "last_number": last}
    state = "draining" if isinstance(found, Draining) else "closed"
    return {"state": state, "early": found.early, "opens": said(found.opens_ms, policy)}


def offered(policy: QueuePolicy) -> NeedsOffered | None:
    """What may be asked for when joining; None: nothing."""
    needs = NeedsOffered(
        professions=list(policy.professions),
        languages=list(policy.languages),
        skills=list(policy.skills),
        ages=list(policy.ages or ()),
        clinician=policy.named_clinician,
    )
    return None if needs == NeedsOffered() else needs


def asked(needs: AskedNeeds | None) -> Needs:
    if needs is None:
        return Needs()
    return Needs(needs.profession, needs.language, tuple(needs.skills), needs.age, needs.clinician)


def refusal(refused: admission.Refused, policy: QueuePolicy) -> Refused:
    field = "" if refused.check is None else FIELDS.get(refused.check, "")
    return Refused(_CODES[refused.code], field, said(refused.opens_ms, policy))


FIELDS: dict[Check, str] = {
    Check.BAND: "priority",  # of the token
    Check.PROFESSION: "needs.profession",
    Check.LANGUAGE: "needs.language",
    Check.SKILLS: "needs.skills",
    Check.AGE: "needs.age",
    Check.CLINICIAN: "needs.clinician",
}


def notices(bulletin: Bulletin, now_ms: int) -> list[str]:
    """What the staff has to say at this moment, the closing first."""
    holds = bulletin.at(now_ms)
    words = (holds.closing and holds.closing.text, holds.notice and holds.notice.text)
    return [word for word in words if word]


def said(moment_ms: int | None, policy: QueuePolicy) -> str:
    """RFC 3339 to the second, as the clocks of the queue's zone show it; "" for None."""
    if moment_ms is None:
        return ""
    moment = (_EPOCH + timedelta(milliseconds=moment_ms)).astimezone(policy.zone)
    return moment.isoformat(timespec="seconds")


def estimate(told: WaitRange) -> Wait:
    """The gate goes by what people are told."""
    return Wait(told.known, told.low_s, told.high_s, told.why)


NOTHING_KNOWN = Wait(False, 0, 0, "not_known_yet")


def _past_closing(answer: admission.Admitted | admission.Refused) -> bool:
    if isinstance(answer, admission.Refused):
        return answer.code == RefusalCode.WOULD_WAIT_PAST_CLOSING
    return answer.may_pass_closing
