"""RTP in place: extensions renumbered, repetitions made and undone, nothing else touched."""

from __future__ import annotations

from aiortc.rtp import RtpPacket, pack_header_extensions, unpack_header_extensions, wrap_rtx
from hypothesis import given
from hypothesis import strategies as st
from kolapp_media import rtp


def packet(
    extensions: list[tuple[int, bytes]], payload: bytes = b"payload", sources: int = 0
) -> bytearray:
    profile, value = pack_header_extensions(extensions)
    first = 0x80 | sources | (0x10 if value else 0)
    data = rtp.HEADER.pack(first, 96, 1, 2, 3) + bytes(4 * sources)
    if value:
        data += profile.to_bytes(2, "big") + (len(value) // 4).to_bytes(2, "big") + value
    return bytearray(data + payload)


def extensions_of(data: bytearray) -> list[tuple[int, bytes]]:
    profile, start, end = rtp.extension_area(data, len(data))
    return unpack_header_extensions(profile, bytes(data[start:end]))


def test_extensions_get_the_other_legs_numbers() -> None:
    data = packet([(1, b"0"), (2, b"\x7f"), (3, b"abc")])
    size = len(data)

    rtp.rewrite_extensions(data, size, {1: 4, 2: 1, 3: 2}, {1: b"7"})

    assert extensions_of(data) == [(4, b"7"), (1, b"\x7f"), (2, b"abc")]
    assert (len(data), data[-7:]) == (size, b"payload")


def test_an_extension_the_other_leg_lacks_becomes_padding() -> None:
    data = packet([(1, b"0"), (9, b"secret"), (3, b"abc")])

    rtp.rewrite_extensions(data, len(data), {1: 1, 3: 3}, {})

    assert extensions_of(data) == [(1, b"0"), (3, b"abc")]
    assert b"secret" not in data


def test_a_mid_of_another_length_becomes_padding() -> None:
    data = packet([(1, b"audio"), (2, b"x")])

    rtp.rewrite_extensions(data, len(data), {1: 1, 2: 2}, {1: b"0"})

    assert extensions_of(data) == [(2, b"x")]


def test_two_byte_headers_are_renumbered_too() -> None:
    data = packet([(20, b"0"), (21, b""), (22, b"x" * 40)])

    rtp.rewrite_extensions(data, len(data), {20: 30, 22: 5}, {})

    assert extensions_of(data) == [(30, b"0"), (5, b"x" * 40)]


def test_finding_one_extension() -> None:
    data = packet([(1, b"0"), (3, b"abc")], sources=2)

    assert rtp.find_extension(data, len(data), 3) == b"abc"
    assert rtp.find_extension(data, len(data), 4) is None
    assert rtp.find_extension(packet([]), 19, 1) is None


def test_a_repetition_is_what_aiortc_makes_and_comes_back() -> None:
    original = packet([(1, b"0"), (3, b"abc")], b"picture", sources=1)
    again = rtp.repetition(bytes(original), 9, 97, 40)
    theirs = wrap_rtx(RtpPacket.parse(bytes(original)), 97, 40, 9)

    found = RtpPacket.parse(bytes(again))
    assert (found.ssrc, found.payload_type, found.sequence_number) == (9, 97, 40)
    assert (found.timestamp, found.payload) == (theirs.timestamp, theirs.payload)

    assert rtp.unwrap_repetition(again, len(again)) == (1, len(original))
    assert again[12 : len(original)] == original[12:]


def test_padding_alone_repeats_nothing() -> None:
    data = packet([], bytes(9) + b"\x0a")
    data[0] |= 0x20

    assert rtp.unwrap_repetition(data, len(data)) is None
    assert rtp.unwrap_repetition(data[:13], 13) is None


def test_a_time_of_sending_goes_round() -> None:
    data = packet([(1, b"0"), (3, (2**24 - 1).to_bytes(3, "big"))])
    rtp.shift_send_time(data, len(data), 3, 0.5)
    rtp.shift_send_time(data, len(data), 1, 0.5)  # not three bytes: not a time

    assert extensions_of(data) == [(1, b"0"), (3, (2**17 - 1).to_bytes(3, "big"))]


_IDS = st.dictionaries(st.integers(0, 255), st.integers(0, 14))


@given(st.binary(min_size=0, max_size=80), _IDS, st.integers(0, 0xFFFF))
def test_any_bytes_are_rewritten_or_refused_by_name(
    data: bytes, ids: dict[int, int], number: int
) -> None:
    buffer = bytearray(data)
    try:
        rtp.rewrite_extensions(buffer, len(buffer), ids, {1: b"0"})
        rtp.find_extension(buffer, len(buffer), 1)
        rtp.shift_send_time(buffer, len(buffer), number, 0.1)
        rtp.unwrap_repetition(buffer, len(buffer))
        rtp.repetition(data, 1, 97, number)
    except rtp.MalformedPacket:
        pass
    assert len(buffer) == len(data)
    assert buffer[:12] == data[:12]


@given(
    st.lists(
        st.tuples(st.integers(1, 14), st.binary(min_size=1, max_size=16)), min_size=1, max_size=5
    )
)
def test_renumbering_back_and_forth_changes_nothing(extensions: list[tuple[int, bytes]]) -> None:
    data = packet(extensions)
    before = bytes(data)
    forth = {number: 15 - number for number in range(1, 15)}

    rtp.rewrite_extensions(data, len(data), forth, {})
    rtp.rewrite_extensions(data, len(data), forth, {})

    assert data == before
