"""Reports and feedback, carried over between two legs' numbers."""

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
HOW = rtcp.Translation(
    own=OWN,
    published={100: rtcp.Published(1_000, timestamp_offset=50)},
    heard={200: rtcp.Heard(2_000, sequence_offset=10), 201: rtcp.Heard(2_001)},
)
SENT = RtcpSenderInfo(ntp_timestamp=9, rtp_timestamp=2**32 - 20, packet_count=3, octet_count=4)


def report(ssrc: int, highest: int = 65_546) -> RtcpReceiverInfo:
    return RtcpReceiverInfo(
        ssrc=ssrc,
        fraction_lost=1,
        packets_lost=-2,
        highest_sequence=highest,
        jitter=3,
        lsr=4,
        dlsr=5,
    )


def carried(*packets: object) -> list[object]:
    return RtcpPacket.parse(rtcp.translate(b"".join(map(bytes, packets)), HOW).compound)


def test_a_sender_report_keeps_its_clock_and_gets_our_numbers() -> None:
    (found,) = carried(RtcpSrPacket(ssrc=100, sender_info=SENT, reports=[report(200)]))

    assert found.ssrc == 1_000
    assert found.sender_info.ntp_timestamp == 9
    assert found.sender_info.rtp_timestamp == 30  # counted round 32 bits
    (block,) = found.reports
    assert (block.ssrc, block.highest_sequence) == (2_000, 65_536)
    assert (block.fraction_lost, block.packets_lost, block.lsr, block.dlsr) == (1, -2, 4, 5)


def test_a_report_on_nothing_we_forward_is_left_out() -> None:
    assert carried(RtcpRrPacket(ssrc=100, reports=[report(999)])) == []
    (found,) = carried(RtcpRrPacket(ssrc=1, reports=[report(999), report(201)]))
    assert (found.ssrc, [each.ssrc for each in found.reports]) == (OWN, [2_001])


def test_a_sender_we_do_not_forward_still_reports_what_it_hears() -> None:
    (found,) = carried(RtcpSrPacket(ssrc=101, sender_info=SENT, reports=[report(200)]))

    assert isinstance(found, RtcpRrPacket)
    assert found.ssrc == OWN


def test_lost_packets_are_asked_for_by_the_publishers_numbers() -> None:
    nack = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=100, media_ssrc=200, lost=[5, 7, 500])

    empty, found = carried(nack)

    assert isinstance(empty, RtcpRrPacket)  # a compound begins with a report
    assert (found.ssrc, found.media_ssrc) == (1_000, 2_000)
    assert [each & 0xFFFF for each in found.lost] == [65_531, 65_533, 490]


def test_bandwidth_reaches_the_publisher() -> None:
    fci = pack_remb_fci(500_000, [200, 999, 201])
    remb = RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=100, media_ssrc=0, fci=fci)

    _, found = carried(remb)

    bitrate, ssrcs = unpack_remb_fci(found.fci)
    assert 499_000 < bitrate <= 500_000
    assert (ssrcs, found.media_ssrc) == ([2_000, 2_001], 0)


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
def test_key_frames_are_asked_for_apart(asked: RtcpPsfbPacket) -> None:
    result = rtcp.translate(bytes(asked), HOW)

    assert result.key_frames == {2_000}
    assert result.compound == b""


def test_a_name_goes_with_its_source() -> None:
    # Built by hand: aiortc pads the whole packet, not each chunk (RFC 3550, 6.5).
    chunks = b"".join(
        ssrc.to_bytes(4, "big") + bytes([1, 5]) + name + b"\0"
        for ssrc, name in ((100, b"cname"), (999, b"other"))
    )
    data = bytes([0x82, rtcp.SDES]) + (len(chunks) // 4).to_bytes(2, "big") + chunks

    _, found = RtcpPacket.parse(rtcp.translate(data, HOW).compound)

    assert found.chunks == [RtcpSourceInfo(ssrc=1_000, items=[(1, b"cname")])]


def test_nobody_says_goodbye_for_another() -> None:
    assert carried(RtcpByePacket(sources=[100])) == []


def test_a_key_frame_request_is_a_whole_compound() -> None:
    empty, found = RtcpPacket.parse(rtcp.key_frame_request(OWN, 2_000))

    assert isinstance(empty, RtcpRrPacket)
    assert (found.fmt, found.ssrc, found.media_ssrc) == (RTCP_PSFB_PLI, OWN, 2_000)


@given(st.binary(max_size=120))
def test_any_bytes_are_carried_over_or_refused_by_name(data: bytes) -> None:
    with contextlib.suppress(rtcp.MalformedRtcp):
        rtcp.translate(data, HOW)


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
def test_any_parts_are_carried_over_or_refused_by_name(
    parts: list[tuple[int, int, bytes]],
) -> None:
    data = b""
    for flags, kind, body in parts:
        body += bytes(-len(body) % 4)
        data += bytes([flags, kind]) + (len(body) // 4).to_bytes(2, "big") + body
    try:
        result = rtcp.translate(data, HOW)
    except rtcp.MalformedRtcp:
        return
    assert len(result.compound) % 4 == 0
    assert not result.compound or result.compound[1] in (rtcp.SR, rtcp.RR)
