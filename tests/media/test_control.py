"""Addresses, frames and proofs of the control socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kolapp_media import control
from kolapp_media.errors import BadRequest, NodeGone

HANDSHAKE = control.Handshake(b"secret", b"n" * control.NONCE, b"d" * control.NONCE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:80", control.Address(host="127.0.0.1", port=80)),
        ("[::1]:80", control.Address(host="::1", port=80)),
        ("unix:/run/x", control.Address(path="/run/x")),
    ],
)
def test_addresses(text: str, expected: control.Address) -> None:
    assert control.Address.parse(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize("text", ["", "host", "host:", "host:x", "host:70000", "unix:relative"])
def test_what_is_not_an_address(text: str) -> None:
    with pytest.raises(ValueError, match="address"):
        control.Address.parse(text)


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(1, 7))
def test_frames_come_out_as_they_went_in(contents: list[bytes], step: int) -> None:
    stream = b"".join(map(control.frame, contents))
    reader = control.FrameReader(40)
    found = []
    for at in range(0, len(stream), step):
        found += reader.feed(stream[at : at + step])

    assert found == contents


def test_a_frame_over_the_limit_is_refused_before_it_is_stored() -> None:
    with pytest.raises(BadRequest):
        control.FrameReader(10).feed((11).to_bytes(4, "big"))


def test_both_sides_prove_themselves_differently() -> None:
    assert HANDSHAKE.check(control.NODE, HANDSHAKE.proof(control.NODE))
    assert not HANDSHAKE.check(control.NODE, HANDSHAKE.proof(control.DIALLER))
    other = control.Handshake(b"other", HANDSHAKE.node_nonce, HANDSHAKE.dialler_nonce)
    assert not other.check(control.NODE, HANDSHAKE.proof(control.NODE))


def sealed(content: bytes, seal: control.Seal) -> bytes:
    (found,) = control.FrameReader(1_000).feed(seal.close(content))
    return found


def test_a_sealed_frame_opens_once() -> None:
    writing, reading = HANDSHAKE.seal(control.NODE), HANDSHAKE.seal(control.NODE)
    first, second = sealed(b"one", writing), sealed(b"two", writing)

    assert reading.open(first) == b"one"
    with pytest.raises(BadRequest):
        reading.open(first)  # repeated
    with pytest.raises(BadRequest):
        reading.open(second)  # after a bad frame nothing is believed any more


def test_sealed_frames_open_in_order() -> None:
    writing, reading = HANDSHAKE.seal(control.NODE), HANDSHAKE.seal(control.NODE)

    assert [reading.open(sealed(each, writing)) for each in (b"one", b"two")] == [b"one", b"two"]


@pytest.mark.parametrize("change", ["content", "tag", "swapped", "direction", "short"])
def test_a_frame_that_was_tampered_with_does_not_open(change: str) -> None:
    writing, reading = HANDSHAKE.seal(control.NODE), HANDSHAKE.seal(control.NODE)
    first, second = bytearray(sealed(b"one", writing)), sealed(b"two", writing)
    if change == "content":
        first[-1] ^= 1
    elif change == "tag":
        first[0] ^= 1
    elif change == "swapped":
        first = bytearray(second)
    elif change == "direction":
        first = bytearray(sealed(b"one", HANDSHAKE.seal(control.DIALLER)))
    else:
        del first[8:]

    with pytest.raises(BadRequest):
        reading.open(bytes(first))


def test_greetings_and_replies_of_the_wrong_shape() -> None:
    nonce = b"n" * control.NONCE
    assert control.read_greeting(control.GREETING + nonce) == nonce
    for wrong in (b"", b"HTTP/1.1 400", control.GREETING + b"short"):
        with pytest.raises(NodeGone):
            control.read_greeting(wrong)
    with pytest.raises(BadRequest):
        control.read_reply(b"short")
