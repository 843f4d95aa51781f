from __future__ import annotations

import pytest
from kolapp_queue.model import GuestId, QueueRef, VisitId
from kolapp_queue.sealing import KeyRing, NotGenuine, Purpose, SealError
from kolapp_signalling.guest_pass import (
    LENGTH,
    PREFIX,
    Code,
    GuestPass,
    digest_of,
    new_secret,
    open_code,
    open_pass,
)

RING = KeyRing.parse(KeyRing.new_line("k1"))
CODE = Code("north", "drop-in", VisitId("v1"), GuestId("g1"), new_secret())
PASS = GuestPass("north", "drop-in", VisitId("v1"), "guest1", GuestId("g1"), "digest", "key", 5)


def test_what_was_sealed_is_opened_and_says_nothing_in_between() -> None:
    for text, opened in ((CODE.seal(RING), open_code), (PASS.seal(RING), open_pass)):
        assert opened(text, RING) in (CODE, PASS)
        assert not any(word in text for word in ("north", "drop-in"))
    assert CODE.ref == PASS.ref == QueueRef("north", "drop-in")
    assert len(CODE.secret) * 8 == 128
    assert CODE.digest == digest_of(CODE.secret) != CODE.secret.hex()


def test_a_link_is_short_enough_to_be_scanned() -> None:
    longest = Code("p" * 64, "q" * 64, VisitId("v" * 22), GuestId("g" * 22), new_secret())
    assert len(CODE.seal(RING)) < 160
    assert len(longest.seal(RING)) < 350


def test_a_code_is_no_pass_and_a_pass_no_code() -> None:
    code, own = CODE.seal(RING), PASS.seal(RING)
    for text in (code, PREFIX + code, own.removeprefix(PREFIX)):
        with pytest.raises(SealError):
            open_pass(text, RING)
    for text in (own, own.removeprefix(PREFIX)):
        with pytest.raises(SealError):
            open_code(text, RING)


def test_whatever_else_comes_is_neither() -> None:
    rotated = KeyRing.parse(KeyRing.new_line("k2"))
    strange = RING.seal(Purpose.INVITATION, b"\x92\xa2c9\x01", "")  # of a version to come
    for text in ("", "x", "å", "A" * (LENGTH + 1), CODE.seal(rotated), CODE.seal(RING)[:-1]):
        with pytest.raises(SealError):
            open_code(text, RING)
    with pytest.raises(NotGenuine, match="another version"):
        open_code(strange, RING)
