"""The gate, with the clock of Stockholm; 2026-06-01 is a Monday."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kolapp_queue.admission import (
    Admitted,
    Check,
    Closed,
    Draining,
    Facts,
    Open,
    RefusalCode,
    Refused,
    admission,
    checks,
    ends_ms,
    invitation,
    joins_until_ms,
    not_allowed,
    rest_of_the_day,
    state,
)
from kolapp_queue.bulletin import NOTHING_SAID, Bulletin, Closing
from kolapp_queue.eta import NOBODY_ON_DUTY, Wait
from kolapp_queue.hours import parse_day
from kolapp_queue.model import Needs
from kolapp_queue.policy import ALLOW, REFUSE, TELL, QueuePolicy

HOUR = 3_600_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALWAYS = QueuePolicy("p", "q", timezone="Europe/Stockholm")
WORKDAYS = replace(ALWAYS, week=(parse_day("08:00-16:00"),) * 5 + ((),) * 2)
SOON = Wait(True, 60, 600)


def at(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=ALWAYS.zone)
    return (moment - EPOCH) // timedelta(milliseconds=1)


MONDAY_7, MONDAY_8, MONDAY_15, MONDAY_16 = (at(f"2026-06-01T{h:02}:00") for h in (7, 8, 15, 16))
TUESDAY_8 = at("2026-06-02T08:00")


def closing(since_ms: int, until_ms: int | None, waiting: int = 0) -> Facts:
    return Facts(waiting, Bulletin(closing=Closing(until_ms, since_ms, "", "op")))


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (MONDAY_7, Closed(MONDAY_8)),
        (MONDAY_8, Open(MONDAY_16, MONDAY_16)),
        (MONDAY_16 - 1, Open(MONDAY_16, MONDAY_16)),
        (MONDAY_16, Closed(TUESDAY_8)),
        (at("2026-06-05T16:00"), Closed(at("2026-06-08T08:00"))),
    ],
)
def test_it_is_open_by_its_hours(now: int, found: object) -> None:
    assert state(WORKDAYS, Facts(), now) == found


def test_around_the_clock_has_no_end() -> None:
    assert state(ALWAYS, Facts(), MONDAY_8) == Open(None, None)


def test_who_waits_at_closing_time_is_served() -> None:
    some = Facts(waiting=1)
    assert state(WORKDAYS, some, MONDAY_16) == Draining(None, TUESDAY_8)
    assert state(WORKDAYS, some, TUESDAY_8 - 1) == Draining(None, TUESDAY_8)
    hour = replace(WORKDAYS, drain_ms=HOUR)
    assert state(hour, some, MONDAY_16) == Draining(MONDAY_16 + HOUR, TUESDAY_8)
    assert state(hour, some, MONDAY_16 + HOUR - 1) == Draining(MONDAY_16 + HOUR, TUESDAY_8)
    assert state(hour, some, MONDAY_16 + HOUR) == Closed(TUESDAY_8)
    assert state(hour, Facts(), MONDAY_16) == Closed(TUESDAY_8)
    assert state(replace(WORKDAYS, drain_ms=0), some, MONDAY_16) == Closed(TUESDAY_8)


def test_the_last_number_is_drawn_before_closing_time() -> None:
    policy = replace(WORKDAYS, last_join_ms=HOUR)
    assert state(policy, Facts(), MONDAY_15 - 1) == Open(MONDAY_15, MONDAY_16)
    # Also with nobody waiting: it is not closed yet.
    assert state(policy, Facts(), MONDAY_15) == Draining(None, TUESDAY_8)
    limited = replace(policy, drain_ms=HOUR)
    assert state(limited, Facts(), MONDAY_15) == Draining(MONDAY_16 + HOUR, TUESDAY_8)
    said = closing(MONDAY_8, None).bulletin
    ends = [(ALWAYS, NOTHING_SAID), (policy, NOTHING_SAID), (policy, said)]
    assert [joins_until_ms(*one, MONDAY_8) for one in ends] == [None, MONDAY_15, MONDAY_8]
    assert joins_until_ms(policy, NOTHING_SAID, MONDAY_15 + 1) == MONDAY_15 + 1


def test_an_operator_closes_whatever_the_hours_say() -> None:
    for policy in (ALWAYS, WORKDAYS):
        assert state(policy, closing(MONDAY_8, None), MONDAY_15) == Closed(None, early=True)
        assert state(policy, closing(MONDAY_8, None, 1), MONDAY_15) == Draining(None, None, True)
        found = state(policy, closing(MONDAY_8, MONDAY_15), MONDAY_15 - 1)
        assert found == Closed(MONDAY_15, early=True)
        assert isinstance(state(policy, closing(MONDAY_8, MONDAY_15), MONDAY_15), Open)


def test_a_closing_that_ends_at_night_opens_in_the_morning() -> None:
    facts = closing(MONDAY_15, at("2026-06-01T22:00"))
    assert state(WORKDAYS, facts, MONDAY_15) == Closed(TUESDAY_8, early=True)


def test_the_drain_runs_from_whatever_closed_it_first() -> None:
    policy = replace(WORKDAYS, drain_ms=HOUR)
    early = closing(MONDAY_15, TUESDAY_8, waiting=1)
    assert state(policy, early, MONDAY_15) == Draining(MONDAY_16, TUESDAY_8, True)
    assert state(policy, early, MONDAY_16) == Closed(TUESDAY_8, True)
    late = closing(MONDAY_16 + HOUR // 2, TUESDAY_8, waiting=1)
    assert state(policy, late, MONDAY_16 + HOUR // 2) == Draining(MONDAY_16 + HOUR, TUESDAY_8, True)


def test_closing_for_today_is_until_the_next_opening() -> None:
    assert rest_of_the_day(WORKDAYS, MONDAY_15) == TUESDAY_8
    assert rest_of_the_day(WORKDAYS, MONDAY_7) == MONDAY_8
    assert rest_of_the_day(ALWAYS, MONDAY_7) is None


@pytest.mark.parametrize(
    ("policy", "facts", "now", "answer"),
    [
        (WORKDAYS, Facts(), MONDAY_7, Refused(RefusalCode.CLOSED, MONDAY_8)),
        (WORKDAYS, Facts(waiting=1), MONDAY_16, Refused(RefusalCode.DRAINING, TUESDAY_8)),
        (ALWAYS, closing(MONDAY_7, None), MONDAY_8, Refused(RefusalCode.CLOSED)),
        (replace(ALWAYS, capacity=2), Facts(waiting=2), MONDAY_8, Refused(RefusalCode.FULL)),
        (replace(ALWAYS, capacity=2), Facts(waiting=1), MONDAY_8, Admitted(0, None, None, False)),
        (WORKDAYS, Facts(), MONDAY_8, Admitted(0, MONDAY_16, MONDAY_16, False)),
    ],
)
def test_the_gate_says_why_and_when_again(
    policy: QueuePolicy, facts: Facts, now: int, answer: object
) -> None:
    assert invitation(policy, facts, now, SOON) == answer
    assert admission(policy, facts, now, SOON, Needs()) == answer


@pytest.mark.parametrize(
    ("said", "low_s", "high_s", "told"),
    [
        (TELL, 3_599, 3_599, False),
        (TELL, 60, 3_600, True),
        (TELL, 3_600, 9_000, True),
        (ALLOW, 3_600, 9_000, True),
        (REFUSE, 3_599, 9_000, True),
        (REFUSE, 3_600, 9_000, None),
    ],
)
def test_who_may_wait_past_closing_time_is_told(
    said: str, low_s: int, high_s: int, told: bool | None
) -> None:
    policy = replace(WORKDAYS, past_closing=said)
    answer = invitation(policy, Facts(), MONDAY_15, Wait(True, low_s, high_s))
    if told is None:
        assert answer == Refused(RefusalCode.WOULD_WAIT_PAST_CLOSING, TUESDAY_8)
    else:
        assert answer == Admitted(0, MONDAY_16, MONDAY_16, told)


def test_a_rehearsed_days_wait_is_held_against_what_is_left_of_that_day() -> None:
    policy = replace(WORKDAYS, past_closing=REFUSE, rehearsal=60)
    for low_s, refused in ((3_600 * 60 - 1, False), (3_600 * 60, True)):
        answer = invitation(policy, Facts(), MONDAY_15, Wait(True, low_s, 10 * low_s))
        assert isinstance(answer, Refused) == refused


def test_a_wait_nobody_knows_refuses_nobody() -> None:
    policy = replace(WORKDAYS, past_closing=REFUSE)
    answer = invitation(policy, Facts(), MONDAY_16 - 1, NOBODY_ON_DUTY)
    assert answer == Admitted(0, MONDAY_16, MONDAY_16, False)


CARE = replace(
    ALWAYS,
    professions=("doctor",),
    languages=("sv", "nb-NO"),
    skills=("children", "skin"),
    ages=(13, 24),
    named_clinician=True,
)
TEEN: dict[str, Any] = {"age": 15}


@pytest.mark.parametrize(
    ("policy", "needs", "check"),
    [
        (ALWAYS, Needs(), None),
        (ALWAYS, Needs(age=3), None),
        (ALWAYS, Needs(profession="doctor"), Check.PROFESSION),
        (ALWAYS, Needs(language="sv"), Check.LANGUAGE),
        (ALWAYS, Needs(skills=("skin",)), Check.SKILLS),
        (ALWAYS, Needs(clinician="abc"), Check.CLINICIAN),
        (CARE, Needs(), Check.AGE),
        (CARE, Needs(age=12), Check.AGE),
        (CARE, Needs(age=25), Check.AGE),
        (CARE, Needs(age=13), None),
        (CARE, Needs(age=24), None),
        (CARE, Needs("doctor", "nb-NO", ("skin", "children"), 15, "abc"), None),
        (CARE, Needs(profession="nurse", **TEEN), Check.PROFESSION),
        (CARE, Needs(language="nb", **TEEN), Check.LANGUAGE),
        (CARE, Needs(skills=("skin", "teeth"), **TEEN), Check.SKILLS),
    ],
)
def test_what_may_be_asked_for(policy: QueuePolicy, needs: Needs, check: Check | None) -> None:
    assert not_allowed(policy, needs) == check
    answer = admission(policy, Facts(), MONDAY_8, SOON, needs)
    if check is None:
        assert isinstance(answer, Admitted)
    else:
        assert answer == Refused(RefusalCode.NEEDS_NOT_ALLOWED, check=check)
        assert check in checks(CARE)


def test_a_band_gives_credit_or_is_refused() -> None:
    def answer(band: str) -> Admitted | Refused:
        return admission(ALWAYS, Facts(), MONDAY_8, SOON, Needs(), band)

    assert answer("urgent") == Admitted(1_800_000, None, None, False)
    assert answer("vip") == Refused(RefusalCode.NEEDS_NOT_ALLOWED, check=Check.BAND)


def test_what_cannot_be_had_is_said_before_what_can_be_waited_for() -> None:
    full, wrong = replace(WORKDAYS, capacity=1), Needs(language="xx")
    some = Facts(waiting=1)
    assert admission(full, some, MONDAY_8, SOON, wrong) == Refused(
        RefusalCode.NEEDS_NOT_ALLOWED, check=Check.LANGUAGE
    )
    assert admission(full, some, MONDAY_16, SOON, wrong) == Refused(RefusalCode.DRAINING, TUESDAY_8)


def test_what_is_checked_is_announced() -> None:
    assert checks(replace(ALWAYS, bands=())) == (Check.OPENING_HOURS, Check.CAPACITY)
    assert checks(replace(WORKDAYS, past_closing=REFUSE, bands=())) == (
        Check.OPENING_HOURS,
        Check.CAPACITY,
        Check.PAST_CLOSING,
    )
    assert set(checks(CARE)) == set(Check) - {Check.PAST_CLOSING}


def test_when_nobody_waits_any_more() -> None:
    hour = replace(WORKDAYS, drain_ms=HOUR)
    over = MONDAY_16 + HOUR
    assert ends_ms(hour, NOTHING_SAID, MONDAY_15) == over, "known as soon as the closing time is"
    assert ends_ms(hour, NOTHING_SAID, MONDAY_16) == over
    assert ends_ms(hour, NOTHING_SAID, over) == over
    assert ends_ms(hour, NOTHING_SAID, TUESDAY_8 - 1) == TUESDAY_8 - 1
    assert ends_ms(hour, NOTHING_SAID, TUESDAY_8) == over + 24 * HOUR
    assert ends_ms(replace(ALWAYS, drain_ms=HOUR), NOTHING_SAID, MONDAY_8) is None
    for moment in (MONDAY_15, MONDAY_16, over):
        assert ends_ms(WORKDAYS, NOTHING_SAID, moment) is None, "all of them are served"


def test_an_early_closing_ends_the_day_early_but_never_late() -> None:
    hour = replace(WORKDAYS, drain_ms=HOUR)
    early = closing(MONDAY_8 + HOUR, TUESDAY_8).bulletin
    assert ends_ms(hour, early, MONDAY_8 + HOUR) == MONDAY_8 + 2 * HOUR
    late = closing(MONDAY_16 + HOUR // 2, TUESDAY_8).bulletin
    assert ends_ms(hour, late, MONDAY_16 + HOUR // 2) == MONDAY_16 + HOUR
    assert ends_ms(WORKDAYS, early, MONDAY_15) is None
