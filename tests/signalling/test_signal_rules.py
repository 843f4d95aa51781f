"""Who may signal what, when, and to whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from kolapp_media.errors import BadOffer
from kolapp_queue.errors import StaleEpoch, WrongState
from kolapp_queue.states import VisitState
from kolapp_signalling.codes import ErrorCode
from kolapp_signalling.gate import Refused
from kolapp_signalling.signal_messages import (
    AnyWord,
    Candidate,
    Description,
    Key,
    Renew,
    Signal,
)
from kolapp_signalling.signal_rules import passed_on
from sample_records import VISIT

SDP = (Path(__file__).parents[1] / "media" / "data" / "chromium.sdp").read_text()
HOST = "candidate:1 1 udp 2122260223 192.168.1.2 54321 typ host"
RELAY = "candidate:3 1 udp 41885439 198.51.100.3 50000 typ relay raddr 0.0.0.0 rport 0"
DIRECT = replace(VISIT, state=VisitState.LIVE, mode="direct")
ENCRYPTED = replace(VISIT, state=VisitState.LIVE, encrypted=True)
OFFER, ANSWER = Description(1, "offer", SDP), Description(1, "answer", SDP)
OF_CLINICIAN: tuple[AnyWord, ...] = (OFFER, Candidate(1, HOST))
OF_PATIENT: tuple[AnyWord, ...] = (ANSWER, Candidate(1, HOST), Renew(0))


def signal(word: AnyWord, to: str, epoch: int = VISIT.epoch) -> Signal:
    return Signal(id=1, visit=VISIT.id, epoch=epoch, to=to, data=word)


@pytest.mark.parametrize("state", [VisitState.LIVE, VisitState.HELD])
def test_the_clinician_offers_and_the_patient_answers(state: VisitState) -> None:
    visit = replace(DIRECT, state=state)
    for word in OF_CLINICIAN:
        assert type(passed_on(signal(word, "patient"), visit, "clinician")) is type(word)
    for word in OF_PATIENT:
        assert type(passed_on(signal(word, "clinician"), visit, "patient")) is type(word)


@pytest.mark.parametrize(
    ("word", "sender", "to", "field"),
    [
        (OFFER, "patient", "clinician", "data.sdp_type"),
        (ANSWER, "clinician", "patient", "data.sdp_type"),
        (Renew(0), "clinician", "patient", "data.kind"),
        (OFFER, "clinician", "all", "to"),
        (OFFER, "clinician", "guest1", "to"),
        (OFFER, "clinician", "clinician", "to"),
        (ANSWER, "guest1", "clinician", "to"),
        (Candidate(1, HOST), "guest1", "patient", "to"),
    ],
)
def test_nobody_else_and_nothing_else(word: AnyWord, sender: str, to: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        passed_on(signal(word, to), DIRECT, sender)
    assert (refused.value.code, refused.value.field) == (ErrorCode.FORBIDDEN, field)


@pytest.mark.parametrize("state", [VisitState.CALLED, VisitState.ENDED])
def test_nothing_before_the_answer_and_after_the_end(state: VisitState) -> None:
    for visit in (DIRECT, ENCRYPTED):
        for word in (*OF_CLINICIAN, Key("AAAA")):
            with pytest.raises(WrongState):
                passed_on(signal(word, "patient"), replace(visit, state=state), "clinician")


def test_each_mode_has_its_own_words() -> None:
    for word in OF_CLINICIAN:
        with pytest.raises(WrongState):
            passed_on(signal(word, "patient"), ENCRYPTED, "clinician")
    with pytest.raises(WrongState):
        passed_on(signal(Key("AAAA"), "patient"), DIRECT, "clinician")


@pytest.mark.parametrize("to", ["patient", "guest1", "guest2", "all"])
def test_keys_go_to_everybody_as_they_are(to: str) -> None:
    assert passed_on(signal(Key("AAAA"), to), ENCRYPTED, "clinician") == Key("AAAA")


def test_an_old_epoch_says_nothing() -> None:
    with pytest.raises(StaleEpoch):
        passed_on(signal(OFFER, "patient", epoch=VISIT.epoch - 1), DIRECT, "clinician")


def test_descriptions_and_candidates_are_checked() -> None:
    bad: tuple[AnyWord, ...] = (Description(1, "offer", "v=0"), Candidate(1, f"{HOST} odd"))
    for word in bad:
        with pytest.raises(BadOffer):
            passed_on(signal(word, "patient"), DIRECT, "clinician")


def test_over_relays_alone_no_address_is_told() -> None:
    visit = replace(DIRECT, relay_only=True)
    offer = Description(1, "offer", SDP.rstrip() + f"\r\na={HOST}\r\na={RELAY}\r\n")
    passed = passed_on(signal(offer, "patient"), visit, "clinician")
    assert isinstance(passed, Description)
    assert RELAY in passed.sdp
    assert "192.168.1.2" not in passed.sdp
    assert passed_on(signal(Candidate(1, HOST), "patient"), visit, "clinician") is None
