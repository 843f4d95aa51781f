"""The gate at joining: is the queue open, is there room, may it be asked for this. Pure.

The node asks before it lets a patient draw a number, and tells anybody beforehand what would be
said. What may change between the two (the closing time, the capacity) is checked again by the
store, in the script that draws the number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .bulletin import NOTHING_SAID, Bulletin
from .eta import Wait
from .model import Needs
from .opening import Open as OpenByHours
from .opening import Shut, at
from .policy import REFUSE, QueuePolicy


class RefusalCode(StrEnum):
    CLOSED = "closed"
    DRAINING = "draining"  # closed to new numbers; who waits is still served
    FULL = "full"
    WOULD_WAIT_PAST_CLOSING = "would_wait_past_closing"
    NEEDS_NOT_ALLOWED = "needs_not_allowed"


class Check(StrEnum):
    """What a join may fail at, as announced before it."""

    OPENING_HOURS = "opening_hours"
    CAPACITY = "capacity"
    PAST_CLOSING = "past_closing"
    BAND = "band"
    PROFESSION = "profession"
    LANGUAGE = "language"
    SKILLS = "skills"
    AGE = "age"
    CLINICIAN = "clinician"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gate needs to know of a queue as it stands."""

    waiting: int = 0  # present and away
    bulletin: Bulletin = NOTHING_SAID


@dataclass(frozen=True, slots=True)
class Open:
    """Numbers are drawn until `joins_until_ms`, and it closes at `closes_ms`; None: no end in
    sight."""

    joins_until_ms: int | None
    closes_ms: int | None


@dataclass(frozen=True, slots=True)
class Draining:
    """No numbers are drawn; who waits is served, those left at `ends_ms` not any more."""

    ends_ms: int | None  # None: until nobody waits
    opens_ms: int | None  # None: nobody knows
    early: bool = False  # by an operator


@dataclass(frozen=True, slots=True)
class Closed:
    opens_ms: int | None  # None: nobody knows
    early: bool = False


@dataclass(frozen=True, slots=True)
class Admitted:
    credit_ms: int  # of the priority band
    joins_until_ms: int | None  # the store draws no number from then on
    closes_ms: int | None
    may_pass_closing: bool  # the wait may well last beyond closing time: to be told


@dataclass(frozen=True, slots=True)
class Refused:
    code: RefusalCode
    opens_ms: int | None = None  # the next opening, where waiting for it helps
    check: Check | None = None  # which need is not allowed


def state(policy: QueuePolicy, facts: Facts, now_ms: int) -> Open | Draining | Closed:
    """Whether numbers are drawn, by the opening hours and by what an operator has said."""
    by_hours = at(policy.hours, policy.zone, now_ms)
    closing = facts.bulletin.at(now_ms).closing
    if closing is not None:
        opens_ms = closing.until_ms and _opening_from(policy, closing.until_ms)
        since_ms = closing.since_ms
        if isinstance(by_hours, Shut) and by_hours.closed_ms is not None:
            since_ms = min(since_ms, by_hours.closed_ms)
        return _not_open(policy, facts, now_ms, since_ms, opens_ms, early=True)
    if isinstance(by_hours, Shut):
        return _not_open(policy, facts, now_ms, by_hours.closed_ms, by_hours.opens_ms, early=False)
    closes_ms = by_hours.closes_ms
    if closes_ms is None:
        return Open(None, None)
    if now_ms < closes_ms - policy.last_join_ms:
        return Open(closes_ms - policy.last_join_ms, closes_ms)
    ends_ms = None if policy.drain_ms is None else closes_ms + policy.drain_ms
    return Draining(ends_ms, _opening_from(policy, closes_ms))


def joins_until_ms(policy: QueuePolicy, bulletin: Bulletin, now_ms: int) -> int | None:
    """When the last number is drawn: now, if none is drawn any more; None: no end in sight."""
    found = state(policy, Facts(bulletin=bulletin), now_ms)
    return found.joins_until_ms if isinstance(found, Open) else now_ms


def invitation(policy: QueuePolicy, facts: Facts, now_ms: int, wait: Wait) -> Admitted | Refused:
    """What somebody without needs would be told who joins now; `wait` is the estimate for the
    place that would be drawn."""
    found = state(policy, facts, now_ms)
    if isinstance(found, Closed):
        return Refused(RefusalCode.CLOSED, found.opens_ms)
    if isinstance(found, Draining):
        return Refused(RefusalCode.DRAINING, found.opens_ms)
    if facts.waiting >= policy.capacity:
        return Refused(RefusalCode.FULL)
    # Waits are told in the time of a rehearsed day, hours are those of the clock.
    left_s = (
        None if found.closes_ms is None else policy.rehearsal * (found.closes_ms - now_ms) / 1000
    )
    if left_s is None or not wait.known:
        return Admitted(0, found.joins_until_ms, found.closes_ms, may_pass_closing=False)
    # Refused is who would hardly be called in time, told is who may well not be.
    if policy.past_closing == REFUSE and wait.low_s >= left_s:
        opens_ms = found.closes_ms and _opening_from(policy, found.closes_ms)
        return Refused(RefusalCode.WOULD_WAIT_PAST_CLOSING, opens_ms)
    return Admitted(0, found.joins_until_ms, found.closes_ms, wait.high_s >= left_s)


def admission(
    policy: QueuePolicy, facts: Facts, now_ms: int, wait: Wait, needs: Needs, band: str = ""
) -> Admitted | Refused:
    """May this patient draw a number now? `band`: the priority asked for, "" for none."""
    check = not_allowed(policy, needs, band)
    answer = invitation(policy, facts, now_ms, wait)
    if isinstance(answer, Refused) and answer.code in (RefusalCode.CLOSED, RefusalCode.DRAINING):
        return answer
    if check is not None:
        # Before "full": waiting for room would not help.
        return Refused(RefusalCode.NEEDS_NOT_ALLOWED, check=check)
    if isinstance(answer, Refused):
        return answer
    return Admitted(
        policy.credit_ms(band) or 0,
        answer.joins_until_ms,
        answer.closes_ms,
        answer.may_pass_closing,
    )


def not_allowed(policy: QueuePolicy, needs: Needs, band: str = "") -> Check | None:
    """The first thing asked for that this queue's policy does not know."""
    if policy.credit_ms(band) is None:
        return Check.BAND
    if needs.profession and needs.profession not in policy.professions:
        return Check.PROFESSION
    if needs.language and needs.language not in policy.languages:
        return Check.LANGUAGE
    if not set(needs.skills) <= set(policy.skills):
        return Check.SKILLS
    if policy.ages is not None:
        youngest, oldest = policy.ages
        if needs.age is None or not youngest <= needs.age <= oldest:
            return Check.AGE
    if needs.clinician and not policy.named_clinician:
        return Check.CLINICIAN
    return None


def checks(policy: QueuePolicy) -> tuple[Check, ...]:
    """What is checked at joining this queue, to be announced before."""
    found = {
        Check.OPENING_HOURS: True,
        Check.CAPACITY: True,
        Check.PAST_CLOSING: policy.past_closing == REFUSE and not policy.hours.always,
        Check.BAND: bool(policy.bands),
        Check.PROFESSION: bool(policy.professions),
        Check.LANGUAGE: bool(policy.languages),
        Check.SKILLS: bool(policy.skills),
        Check.AGE: policy.ages is not None,
        Check.CLINICIAN: policy.named_clinician,
    }
    return tuple(check for check, made in found.items() if made)


def ends_ms(policy: QueuePolicy, bulletin: Bulletin, now_ms: int) -> int | None:
    """From when on nobody waits here any more until the next opening; who still does then is told
    that it has closed. In the past or `now_ms`: so it is. None: nobody is ever sent away, or the
    closing time is not known yet."""
    found = state(policy, Facts(waiting=1, bulletin=bulletin), now_ms)
    if isinstance(found, Closed):
        return now_ms
    if isinstance(found, Draining):
        return found.ends_ms
    if found.closes_ms is None or policy.drain_ms is None:
        return None
    return found.closes_ms + policy.drain_ms


def rest_of_the_day(policy: QueuePolicy, now_ms: int) -> int | None:
    """Until when to close "for today": the next opening after this one; None: until reopened."""
    by_hours = at(policy.hours, policy.zone, now_ms)
    if isinstance(by_hours, Shut):
        return by_hours.opens_ms
    return by_hours.closes_ms and _opening_from(policy, by_hours.closes_ms)


def _not_open(
    policy: QueuePolicy,
    facts: Facts,
    now_ms: int,
    since_ms: int | None,
    opens_ms: int | None,
    early: bool,
) -> Draining | Closed:
    if not facts.waiting:
        return Closed(opens_ms, early)
    if policy.drain_ms is None:
        return Draining(None, opens_ms, early)
    if since_ms is not None and now_ms < since_ms + policy.drain_ms:
        return Draining(since_ms + policy.drain_ms, opens_ms, early)
    return Closed(opens_ms, early)


def _opening_from(policy: QueuePolicy, moment_ms: int) -> int | None:
    """The first moment from `moment_ms` on at which the hours are open."""
    then = at(policy.hours, policy.zone, moment_ms)
    return moment_ms if isinstance(then, OpenByHours) else then.opens_ms
