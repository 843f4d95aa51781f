from __future__ import annotations

from datetime import datetime

import pytest
from kolapp_queue.admission import Check, Facts, RefusalCode
from kolapp_queue.admission import Refused as NotAdmitted
from kolapp_queue.bulletin import UNTIL_REOPENED_MS, Bulletin, Closing, Notice
from kolapp_queue.policy import QueuePolicy
from kolapp_queue.policy_file import parse
from kolapp_signalling.codes import ErrorCode
from kolapp_signalling.gate import notices, queue_info, refusal, said
from kolapp_signalling.parts import PlaceInfo, WaitRange

PLACE = PlaceInfo(3, 3, WaitRange(True, 600, 5_400))


def policy(more: str = "") -> QueuePolicy:
    [queue] = parse(
        '[queues."*".drop-in]\ntitle = { en = "Doctor", sv = "Läkare" }\n'
        'timezone = "Europe/Stockholm"\nhours = { daily = "07:00-22:00" }\n'
        f'last_join = "30 min"\n{more}',
        "queues.toml",
    ).queues
    return queue


def at(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)


NOON, LATE, NIGHT = (at(f"2026-01-15T{t}+01:00") for t in ("12:00", "21:00", "23:30"))


def test_a_played_day_says_so() -> None:
    assert queue_info(policy(), Facts(2), NOON, PLACE).rehearsal == 1
    assert queue_info(policy("rehearsal = 120"), Facts(2), NOON, PLACE).rehearsal == 120


def test_an_open_queue_says_until_when() -> None:
    info = queue_info(policy(), Facts(2), NOON, PLACE)
    assert (info.state, info.full, info.past_closing) == ("open", False, False)
    assert info.closes == "2026-01-15T22:00:00+01:00"
    assert info.last_number == "2026-01-15T21:30:00+01:00"
    assert (info.opens, info.place) == ("", PLACE)
    assert (info.title, info.titles) == ("Doctor", {"en": "Doctor", "sv": "Läkare"})
    assert info.checks[:2] == ["opening_hours", "capacity"]


def test_nobody_gets_ready_for_a_media_node_that_will_not_be_used() -> None:
    info = queue_info(policy(), Facts(2), NOON, PLACE)
    assert (info.mode, info.ready_from) == ("bridge", 5)
    info = queue_info(policy('mode = "direct"'), Facts(2), NOON, PLACE)
    assert (info.mode, info.ready_from) == ("direct", 0)


def test_it_is_said_before_joining_that_calls_are_encrypted() -> None:
    assert not queue_info(policy(), Facts(2), NOON, PLACE).encrypted
    assert queue_info(policy("encrypted = true"), Facts(2), NOON, PLACE).encrypted


def test_a_closed_queue_says_when_it_opens_and_offers_no_place() -> None:
    info = queue_info(policy(), Facts(), NIGHT, PLACE)
    assert (info.state, info.opens, info.closes) == ("closed", "2026-01-16T07:00:00+01:00", "")
    assert info.place is None
    assert queue_info(policy(), Facts(2), NIGHT, PLACE).state == "draining"


def test_full_and_past_closing_are_said_before_joining() -> None:
    assert queue_info(policy("capacity = 2"), Facts(2), NOON, PLACE).full
    assert queue_info(policy(), Facts(2), LATE, PLACE).past_closing
    strict = policy('past_closing = "refuse"')
    assert queue_info(strict, Facts(), LATE, PlaceInfo(1, 1, WaitRange(True, 7_200, 9_000)))
    assert not queue_info(policy(), Facts(2), LATE, None).past_closing


def test_the_staff_closes_early_and_says_why() -> None:
    closing = Closing(NOON + 1_000, LATE - 10_000, "A pipe has burst.", "operator")
    both = Bulletin(Notice("Bring your medicine list.", 1, "operator"), closing)
    info = queue_info(policy(), Facts(0, both), NOON, PLACE)
    assert (info.state, info.early) == ("closed", True)
    assert info.notices == ["A pipe has burst.", "Bring your medicine list."]
    assert notices(both, NOON + 2_000) == ["Bring your medicine list."]  # it ends by itself
    assert UNTIL_REOPENED_MS > NOON


@pytest.mark.parametrize(
    ("refused", "code", "field"),
    [
        (NotAdmitted(RefusalCode.CLOSED, NOON), ErrorCode.QUEUE_CLOSED, ""),
        (NotAdmitted(RefusalCode.DRAINING, NOON), ErrorCode.QUEUE_CLOSED, ""),
        (NotAdmitted(RefusalCode.FULL), ErrorCode.QUEUE_FULL, ""),
        (NotAdmitted(RefusalCode.WOULD_WAIT_PAST_CLOSING, NOON), ErrorCode.PAST_CLOSING, ""),
        (
            NotAdmitted(RefusalCode.NEEDS_NOT_ALLOWED, check=Check.LANGUAGE),
            ErrorCode.NEEDS_NOT_ALLOWED,
            "needs.language",
        ),
    ],
)
def test_refusals_have_codes(refused: NotAdmitted, code: ErrorCode, field: str) -> None:
    told = refusal(refused, policy())
    assert (told.code, told.field) == (code, field)
    assert told.opens == ("" if refused.opens_ms is None else "2026-01-15T12:00:00+01:00")


def test_times_are_of_the_queues_zone_also_in_summer() -> None:
    assert said(at("2026-07-01T05:00+00:00"), policy()) == "2026-07-01T07:00:00+02:00"
    assert said(None, policy()) == ""
