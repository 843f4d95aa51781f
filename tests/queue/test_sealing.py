from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kolapp_queue.sealing import BadKeys, KeyRing, NotGenuine, Purpose, SealError, UnknownKey

A, B = f"a:{'11' * 32}\n", f"b:{'22' * 32}\n"
RING = KeyRing.parse(A)


@given(st.text(max_size=300), st.text(max_size=40))
def test_what_is_sealed_opens_with_its_context(text: str, context: str) -> None:
    sealed = RING.seal(Purpose.INTAKE, text.encode(), context)
    assert RING.open(Purpose.INTAKE, sealed, context) == text.encode()
    assert set(sealed) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def test_the_same_text_is_never_sealed_alike() -> None:
    assert len({RING.seal(Purpose.INTAKE, b"the same", "t") for _ in range(100)}) == 100


def test_the_newest_key_seals_and_older_ones_open() -> None:
    old = RING.seal(Purpose.INTAKE, b"before", "t")
    rotated = KeyRing.parse(A + B)
    new = rotated.seal(Purpose.INTAKE, b"after", "t")
    assert rotated.open(Purpose.INTAKE, old, "t") == b"before"
    assert rotated.open(Purpose.INTAKE, new, "t") == b"after"
    with pytest.raises(UnknownKey, match="'b'"):
        RING.open(Purpose.INTAKE, new, "t")
    with pytest.raises(UnknownKey, match="'a'"):
        KeyRing.parse(B).open(Purpose.INTAKE, old, "t")


def test_another_context_purpose_or_key_does_not_open() -> None:
    sealed = RING.seal(Purpose.INTAKE, b"mine", "t1")
    same_id = KeyRing.parse(f"a:{'33' * 32}")
    for ring, purpose, context in (
        (RING, Purpose.INTAKE, "t2"),
        (RING, Purpose.TICKET, "t1"),
        (same_id, Purpose.INTAKE, "t1"),
    ):
        with pytest.raises(NotGenuine):
            ring.open(purpose, sealed, context)


def test_every_changed_bit_is_noticed() -> None:
    sealed = RING.seal(Purpose.INTAKE, b"untouched", "t")
    raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    for bit in range(8 * len(raw)):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        text = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
        with pytest.raises((NotGenuine, UnknownKey)):
            RING.open(Purpose.INTAKE, text, "t")


@given(st.text(max_size=120))
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(SealError):
        RING.open(Purpose.INTAKE, text, "t")


def test_a_key_file_may_have_comments_and_empty_lines() -> None:
    ring = KeyRing.parse(f"# made in spring\n\n{A}  \n{B}# the end")
    assert list(ring.keys) == ["a", "b"]
    assert ring.newest == "b"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("# nothing", "empty"),
        ("a:1234", "line 1"),
        (f"{A}b {'22' * 32}", "line 2"),
        (f"{A}{A}", "earlier line"),
        (f"{'x' * 17}:{'11' * 32}", "line 1"),
    ],
)
def test_a_bad_key_file_is_refused_without_quoting_it(text: str, why: str) -> None:
    with pytest.raises(BadKeys, match=why) as refused:
        KeyRing.parse(text)
    assert "11" * 4 not in str(refused.value)


def test_a_ring_shows_no_key() -> None:
    assert "11" * 4 not in repr(RING)


def test_a_new_line_is_a_key() -> None:
    assert list(KeyRing.parse(KeyRing.new_line("n1") + KeyRing.new_line("n2")).keys) == ["n1", "n2"]
