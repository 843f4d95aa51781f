"""Reports and feedback: read what aiortc writes, and write what aiortc reads."""

from __future__ import annotations

import contextlib

import pytest
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpByePacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
    pack_remb_fci,
    unpack_remb_fci,
)
from hypothesis import given
from hypothesis import strategies as st
from kolapp_media import rtcp

OWN = 7
SENT = RtcpSenderInfo(ntp_timestamp=2**63, rtp_timestamp=2**32 - 20, packet_count=3, octet_count=4)
BLOCK = rtcp.Block(200, fraction=13, lost=-2, highest=65_546, jitter=3, last_report=4, delay=5)


def report(ssrc: int) -> RtcpReceiverInfo:
    return RtcpReceiverInfo(
        ssrc=ssrc,
        fraction_lost=13,
        packets_lost=-2,
        highest_sequence=65_546,
        jitter=3,
        lsr=4,
        dlsr=5,
    )


def heard(*packets: object) -> rtcp.Heard:
    return rtcp.read(b"".join(map(bytes, packets)))


def test_reports_are_read() -> None:
    found = heard(
        RtcpSrPacket(ssrc=100, sender_info=SENT, reports=[report(200)]),
        RtcpRrPacket(ssrc=101, reports=[report(200), report(200)]),
    )

    assert found.senders == [rtcp.SenderInfo(100, 2**63, 2**32 - 20, 3, 4)]
    assert found.blocks == [BLOCK] * 3


def test_reports_are_written() -> None:
    info = rtcp.SenderInfo(100, 2**63, 2**32 + 7, 3, 4)
    sender, receiver = RtcpPacket.parse(
        rtcp.sender_report(info, [BLOCK]) + rtcp.receiver_report(OWN, [BLOCK])
    )

    assert (sender.ssrc, sender.sender_info.ntp_timestamp) == (100, 2**63)
    assert sender.sender_info.rtp_timestamp == 7  # counted round 32 bits
    assert (receiver.ssrc, sender.reports, receiver.reports) == (OWN, [report(200)], [report(200)])


@given(st.integers(-(2**40), 2**40), st.integers(0, 255))
def test_losses_are_held_to_their_bits(lost: int, fraction: int) -> None:
    block = rtcp.Block(1, fraction, lost, 2, 3, 4, 5)
    (found,) = rtcp.read(rtcp.receiver_report(OWN, [block])).blocks

    assert (found.fraction, found.lost) == (fraction, max(-(2**23), min(2**23 - 1, lost)))


@given(st.lists(st.integers(0, 65_535), min_size=1, max_size=40, unique=True))
def test_lost_packets_are_named_and_read(lost: list[int]) -> None:
    compound = rtcp.loss_report(OWN, 200, lost)

    empty, found = RtcpPacket.parse(compound)
    assert isinstance(empty, RtcpRrPacket)  # a compound begins with a report
    assert (found.fmt, found.ssrc, found.media_ssrc) == (RTCP_RTPFB_NACK, OWN, 200)
    assert {each & 0xFFFF for each in found.lost} == {*lost}
    assert {*rtcp.read(compound).lost[200]} == {*lost}


def test_losses_close_together_share_an_entry() -> None:
    lost = [65_530, 65_535, 0, 10, 11]

    assert len(rtcp.loss_report(OWN, 200, lost)) == 8 + 12 + 2 * 4
    assert rtcp.read(rtcp.loss_report(OWN, 200, lost)).lost == {200: lost}


def test_losses_that_aiortc_names_are_read() -> None:
    nack = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=200, lost=[5, 7, 500])

    assert heard(nack).lost == {200: [5, 7, 500]}


@pytest.mark.parametrize("bits", [0, 1, 30_000, 500_000, 2**40])
def test_bandwidth_is_written_and_read(bits: int) -> None:
    compound = rtcp.bandwidth(OWN, bits, [2_000, 2_001])
    _, found = RtcpPacket.parse(compound)
    read, ssrcs = unpack_remb_fci(found.fci)

    assert (ssrcs, found.media_ssrc, found.fmt) == ([2_000, 2_001], 0, RTCP_PSFB_APP)
    assert read == rtcp.read(compound).bandwidth
    assert bits * 0.9999 <= read <= bits


def test_bandwidth_of_aiortc_is_read() -> None:
    fci = pack_remb_fci(500_000, [200, 999, 201])
    remb = RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=100, media_ssrc=0, fci=fci)

    assert 499_000 < heard(remb).bandwidth <= 500_000


@pytest.mark.parametrize(
    "asked",
    [
        RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=200),
        RtcpPsfbPacket(
            fmt=RTCP_PSFB_FIR, ssrc=1, media_ssrc=0, fci=(200).to_bytes(4, "big") + bytes(4)
        ),
    ],
    ids=["PLI", "FIR"],
)
def test_requests_for_a_key_frame_are_read(asked: RtcpPsfbPacket) -> None:
    assert heard(asked).key_frames == {200}


def test_a_key_frame_request_is_a_whole_compound() -> None:
    empty, found = RtcpPacket.parse(rtcp.key_frame_request(OWN, 2_000))

    assert isinstance(empty, RtcpRrPacket)
    assert (found.fmt, found.ssrc, found.media_ssrc) == (RTCP_PSFB_PLI, OWN, 2_000)


@pytest.mark.parametrize("name", ["a", "abc", "abcd", "x" * 36])
def test_streams_of_one_name_belong_together(name: str) -> None:
    # aiortc reads one chunk alone: it pads the whole packet, not each chunk (RFC 3550, 6.5)
    (found,) = RtcpPacket.parse(rtcp.description({100: name}))

    assert found.chunks == [RtcpSourceInfo(ssrc=100, items=[(1, name.encode())])]
    assert (
        len(rtcp.description({100: name, 101: name})) == 2 * len(rtcp.description({100: name})) - 4
    )


def test_a_goodbye_is_read_over() -> None:
    assert heard(RtcpByePacket(sources=[100])) == rtcp.Heard()


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    with contextlib.suppress(rtcp.MalformedRtcp):
        rtcp.read(data)


@given(
    st.lists(
        st.tuples(
            st.integers(0x80, 0xBF),
            st.sampled_from([200, 201, 202, 203, 205, 206, 207]),
            st.binary(max_size=48),
        ),
        max_size=6,
    )
)
def test_any_parts_are_read_or_refused_by_name(parts: list[tuple[int, int, bytes]]) -> None:
    data = b""
    for flags, kind, body in parts:
        body += bytes(-len(body) % 4)
        data += bytes([flags, kind]) + (len(body) // 4).to_bytes(2, "big") + body
    with contextlib.suppress(rtcp.MalformedRtcp):
        found = rtcp.read(data)
        assert all(0 <= each < 65_536 for lost in found.lost.values() for each in lost)
