from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kolapp_queue.model import Needs, PatientKey, QueueRef, Ticket, TicketId
from kolapp_queue.sealing import KeyRing, NotGenuine, Purpose, SealError, UnknownKey
from kolapp_queue.signed import COPY_LENGTH, NotYours, copy_of, issue, open_copy
from kolapp_queue.states import TicketState

RING = KeyRing.parse(KeyRing.new_line("k1"))
REF = QueueRef("clinic", "drop-in")
ANNA = PatientKey("a" * 64)
TICKET = Ticket(
    id=TicketId("t" * 22),
    ref=REF,
    patient=ANNA,
    number=41,
    state=TicketState.WAITING,
    present=True,
    order_key=1_800_000_000_000,
    joined_ms=1_800_000_060_000,
    version=1_234,
    epoch=0,
    visit=None,
    ring_until_ms=0,
    missed=0,
    reason="",
    needs=Needs(language="sv", skills=("wounds", "eyes"), age=7),
    credit_ms=60_000,
)
COPY = copy_of(TICKET, 1_800_000_060_000, 86_400_000)


def test_a_copy_opens_as_it_was_issued_and_fits_a_message() -> None:
    signed = issue(COPY, RING)
    assert open_copy(signed, REF, ANNA, RING) == COPY
    assert len(signed) < 512
    for secret in (ANNA, TICKET.id, "drop-in"):
        assert secret not in signed


def test_another_patients_or_queues_copy_is_refused() -> None:
    signed = issue(COPY, RING)
    with pytest.raises(NotYours):
        open_copy(signed, REF, PatientKey("b" * 64), RING)
    for ref in (QueueRef("clinic", "children"), QueueRef("other", "drop-in")):
        with pytest.raises(NotYours):
            open_copy(signed, ref, ANNA, RING)


def test_a_copy_of_another_key_purpose_or_version_is_refused() -> None:
    with pytest.raises(UnknownKey):
        open_copy(issue(COPY, KeyRing.parse(KeyRing.new_line("k2"))), REF, ANNA, RING)
    with pytest.raises(NotGenuine):
        open_copy(issue(COPY, KeyRing.parse(KeyRing.new_line("k1"))), REF, ANNA, RING)
    with pytest.raises(NotGenuine):
        open_copy(RING.seal(Purpose.INTAKE, b"words", ""), REF, ANNA, RING)
    later = RING.seal(Purpose.TICKET, b"\x81\xa1f\x02", "")
    with pytest.raises(NotGenuine, match="another version"):
        open_copy(later, REF, ANNA, RING)


def test_a_rotated_ring_opens_older_copies() -> None:
    line = KeyRing.new_line("k1")
    signed = issue(COPY, KeyRing.parse(line))
    assert open_copy(signed, REF, ANNA, KeyRing.parse(line + KeyRing.new_line("k2"))) == COPY


@given(st.integers(0, 400), st.characters())
def test_one_changed_character_makes_it_void(at: int, other: str) -> None:
    signed = issue(COPY, RING)
    at %= len(signed) - 1  # the last one may hold bits that count for nothing
    if signed[at] == other:
        return
    with pytest.raises(SealError):
        open_copy(signed[:at] + other + signed[at + 1 :], REF, ANNA, RING)


@pytest.mark.parametrize(("ours", "theirs"), ["-+", "_/"])
def test_the_other_alphabet_of_base64_is_not_ours(ours: str, theirs: str) -> None:
    signed = next(copy for copy in (issue(COPY, RING) for _ in range(1_000)) if ours in copy)
    with pytest.raises(SealError):
        open_copy(signed.replace(ours, theirs, 1), REF, ANNA, RING)


def test_a_flood_of_text_is_not_even_decoded() -> None:
    with pytest.raises(NotGenuine, match="too long"):
        open_copy("A" * (COPY_LENGTH + 1), REF, ANNA, RING)
