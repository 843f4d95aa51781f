"""Repair and reports end at each leg; only a key frame is asked of the publisher."""

from __future__ import annotations

import time

import pytest
from aiortc.rtp import (
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
)
from kolapp_media.rtc.streams import SEND_TIME
from kolapp_media.settings import MediaSettings
from media_call import join, ours
from media_peers import QuietPeer, until


def of_kind(peer: QuietPeer, kind: type) -> list[object]:
    return [each for each in peer.rtcp if isinstance(each, kind)]


def without_repair_stream(offer: str) -> str:
    """As of a browser that has no RTX."""
    lines = [
        line
        for line in offer.splitlines(keepends=True)
        if "rtx/" not in line and "apt=" not in line and "FID" not in line
    ]
    return "".join(lines)


def lost(leg, sequences: list[int]) -> RtcpRtpfbPacket:
    return RtcpRtpfbPacket(
        fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=ours(leg, "video"), lost=sequences
    )


async def test_what_did_not_come_is_asked_for_until_it_comes(call) -> None:
    alice, alices, bob, _ = await call.joined()
    for sequence in (1, 2, 5):
        await alice.send("video", sequence)
    await alice.until(lambda: len(of_kind(alice, RtcpRtpfbPacket)) == 2)
    for asked in of_kind(alice, RtcpRtpfbPacket):
        assert (asked.media_ssrc, asked.lost) == (alice.ssrc("video"), [3, 4])

    for number, original in enumerate((4, 3)):
        await alice.send("video", number, original.to_bytes(2, "big") + b"x", repair=True)
    await bob.until(lambda: len(bob.rtp) == 5)

    assert [each.sequence_number for each in bob.rtp] == [1, 2, 5, 4, 3]
    await until(lambda: not alices._engine.pulse._beating)  # nothing left to wake up for


async def test_what_was_overtaken_is_not_asked_for(call) -> None:
    alice, alices, bob, _ = await call.joined()
    for sequence in (1, 3, 2, 4):
        await alice.send("video", sequence)
    await bob.until(lambda: len(bob.rtp) == 4)
    await until(lambda: not alices._engine.pulse._beating)

    assert alices.counters.asked == 0


async def test_a_gap_too_large_to_fill_asks_for_a_key_frame(call) -> None:
    alice, alices, _, _ = await call.joined()
    await alice.send("video", 1)
    await alice.send("video", 1_000)

    await alice.until(lambda: of_kind(alice, RtcpPsfbPacket))
    assert of_kind(alice, RtcpPsfbPacket)[0].media_ssrc == alice.ssrc("video")
    assert alices.counters.asked == 0


async def test_what_a_receiver_lost_is_sent_again_from_here(call) -> None:
    alice, _, bob, bobs = await call.joined()
    for sequence in range(300):
        await alice.send("video", sequence, sequence.to_bytes(2, "big"), timestamp=sequence * 9)
    await bob.until(lambda: len(bob.rtp) == 300)

    await bob.report(RtcpRrPacket(ssrc=1), lost(bobs, [3, 250, 252]))  # 3 is long gone
    await bob.until(lambda: len(bob.rtp) == 302)

    again = bob.rtp[300:]
    assert {each.ssrc for each in again} == {ours(bobs, "video", repair=True)}
    assert {each.payload_type for each in again} == {bob.payload_type("video", repair=True)}
    assert [each.sequence_number for each in again] == [0, 1]
    assert [each.timestamp for each in again] == [250 * 9, 252 * 9]
    assert [each.payload for each in again] == [
        number.to_bytes(2, "big") * 2 for number in (250, 252)
    ]  # the original sequence number, then what it carried
    assert (bobs.counters.resent, bobs.counters.unknown) == (2, 1)
    assert not of_kind(alice, RtcpRtpfbPacket)  # the publisher does not hear of it


async def test_a_receiver_without_a_repair_stream_gets_the_very_same_packet(call) -> None:
    alice, alices = await call.participant()
    bob, bobs = await call.participant(without_repair_stream)
    join(alices, bobs)
    arrived: list[bytes] = []
    receive = bob.transport.transport._connection.data_received
    bob.transport.transport._connection.data_received = lambda data, component: (
        arrived.append(data),
        receive(data, component),
    )
    await alice.send("video", 7)
    await bob.until(lambda: bob.rtp)

    await bob.report(RtcpRrPacket(ssrc=1), lost(bobs, [7]))
    await until(lambda: bobs.counters.resent == 1)
    await until(lambda: arrived.count(arrived[0]) == 2)


async def test_a_packet_sent_again_says_when(call) -> None:
    alice, _, bob, bobs = await call.joined()
    section = next(each for each in bobs._sections if each.kind == "video")
    number = section.extensions[SEND_TIME]
    await alice.send("video", 7, send_time=1_000)
    await bob.until(lambda: bob.rtp)
    section.track.history.at[7] -= 0.5  # as if it had been sent half a second ago

    await bob.report(RtcpRrPacket(ssrc=1), lost(bobs, [7]))
    await bob.until(lambda: len(bob.rtp) == 2)

    assert number
    assert bob.rtp[0].extensions.abs_send_time == 1_000
    late = bob.rtp[1].extensions.abs_send_time - 1_000
    assert 0.5 * 2**18 <= late < 5.5 * 2**18


async def test_who_asks_for_too_much_gets_a_key_frame(call, settings) -> None:
    alice, _, bob, bobs = await call.joined()
    for sequence in range(256):
        await alice.send("video", sequence)
    await bob.until(lambda: len(bob.rtp) == 256)
    await bob.report(RtcpRrPacket(ssrc=1), lost(bobs, list(range(201))))

    await alice.until(lambda: of_kind(alice, RtcpPsfbPacket))
    assert bobs.counters.resent == 0


async def test_a_publisher_is_asked_for_key_frames_with_measure(call) -> None:
    alice, _, bob, bobs = await call.joined()
    await alice.send("video", 1)
    await bob.until(lambda: bob.rtp)
    for _ in range(50):
        await bob.report(
            RtcpRrPacket(ssrc=1),
            RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=ours(bobs, "video")),
        )
    await bob.send("audio", 1)
    await alice.until(lambda: alice.rtp)

    asked = of_kind(alice, RtcpPsfbPacket)
    assert [(each.fmt, each.media_ssrc) for each in asked] == [(RTCP_PSFB_PLI, alice.ssrc("video"))]


async def test_feedback_beyond_the_budget_is_dropped(call, settings) -> None:
    _, _, bob, bobs = await call.joined()
    for _ in range(settings.feedback_per_second + 5):
        await bob.report(RtcpRrPacket(ssrc=1))

    await until(lambda: bobs.counters.over_rate == 5)


async def test_a_leg_reports_how_its_browser_arrives(call) -> None:
    alice, alices, _, _ = await call.joined()
    for sequence in (1, 2, 4):
        await alice.send("video", sequence)
    await until(lambda: alices.counters.forwarded == 3)
    alices.incoming.tick(time.monotonic())
    await alice.until(lambda: any(each.reports for each in of_kind(alice, RtcpRrPacket)))

    (block,) = next(each.reports for each in of_kind(alice, RtcpRrPacket) if each.reports)
    assert (block.ssrc, block.packets_lost, block.highest_sequence) == (alice.ssrc("video"), 1, 4)


async def test_lips_and_voice_stay_together(call) -> None:
    """What a publisher says of its two clocks holds for what its listener gets."""
    alice, alices, bob, bobs = await call.joined()
    bobs.incoming._sections[1].track.last_at = time.monotonic()  # an earlier source: new numbers
    await alice.send("audio", 1, timestamp=48_000)
    await alice.send("video", 1, timestamp=90_000)
    await bob.until(lambda: len(bob.rtp) == 2)
    for kind, timestamp in (("audio", 96_000), ("video", 180_000)):
        sent = RtcpSenderInfo(
            ntp_timestamp=5 << 32, rtp_timestamp=timestamp, packet_count=1, octet_count=1
        )
        await alice.report(RtcpSrPacket(ssrc=alice.ssrc(kind), sender_info=sent))
    await alice.report(RtcpByePacket(sources=[alice.ssrc("audio")]))
    await until(lambda: all(s.clock for s in alices.incoming._streams.values() if not s.repairs))

    bobs.incoming.tick(time.monotonic())
    await bob.until(lambda: len(of_kind(bob, RtcpSrPacket)) == 2)

    audio, video = of_kind(bob, RtcpSrPacket)
    assert (audio.ssrc, video.ssrc) == (ours(bobs, "audio"), ours(bobs, "video"))
    passed = (audio.sender_info.ntp_timestamp - (5 << 32)) / 2**32
    assert 0 <= passed < 5
    assert audio.sender_info.ntp_timestamp == video.sender_info.ntp_timestamp or passed > 0
    heard, seen = (packet.timestamp for packet in bob.rtp)
    # one second after those packets by the publisher's clock, and what has passed since
    assert audio.sender_info.rtp_timestamp - heard == pytest.approx((1 + passed) * 48_000, abs=500)
    assert video.sender_info.rtp_timestamp - seen == pytest.approx((1 + passed) * 90_000, abs=900)
    assert not of_kind(bob, RtcpByePacket)
    assert audio.sender_info.packet_count == 1


async def test_the_round_trip_is_measured_on_each_leg_alone(call) -> None:
    alice, alices, bob, bobs = await call.joined()
    await alice.send("video", 1)
    await bob.until(lambda: bob.rtp)
    sent = RtcpSenderInfo(ntp_timestamp=9 << 32, rtp_timestamp=0, packet_count=1, octet_count=1)
    await alice.report(RtcpSrPacket(ssrc=alice.ssrc("video"), sender_info=sent))
    await until(lambda: alices.incoming._streams[alice.ssrc("video")].clock)
    bobs.incoming.tick(time.monotonic() - 0.5)  # our report left half a second ago
    await bob.until(lambda: of_kind(bob, RtcpSrPacket))
    short = of_kind(bob, RtcpSrPacket)[0].sender_info.ntp_timestamp >> 16 & 0xFFFFFFFF

    answer = RtcpReceiverInfo(
        ssrc=ours(bobs, "video"),
        fraction_lost=0,
        packets_lost=0,
        highest_sequence=1,
        jitter=0,
        lsr=short,
        dlsr=65_536 // 4,
    )
    await bob.report(RtcpRrPacket(ssrc=1, reports=[answer]))
    await until(lambda: bobs.incoming.feedback.round_trip != 0.1)

    assert 0.25 <= bobs.incoming.feedback.round_trip < 5.25
    assert alices.incoming.feedback.round_trip == 0.1


async def test_each_receiver_gets_again_what_it_lost_itself(call) -> None:
    (alice, bob, carol), (_, bobs, carols) = await call.company(3)
    for sequence in range(10):
        await alice.send("video", sequence, b"%d" % sequence)
        await bob.send("video", 50 + sequence, b"bob's %d" % sequence)
    await bob.until(lambda: len(bob.rtp) == 10)
    await carol.until(lambda: len(carol.rtp) == 20)

    of_bob = RtcpRtpfbPacket(
        fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=ours(carols, "video", slot=1), lost=[53]
    )
    await bob.report(RtcpRrPacket(ssrc=1), lost(bobs, [3]))
    await carol.report(RtcpRrPacket(ssrc=1), lost(carols, [7]), of_bob)
    await bob.until(lambda: len(bob.rtp) == 11)
    await carol.until(lambda: len(carol.rtp) == 22)

    def again(peer: QuietPeer) -> list[tuple[int, int, bytes]]:
        return [(each.ssrc, each.sequence_number, each.payload[2:]) for each in peer.rtp]

    assert again(bob)[10:] == [(ours(bobs, "video", repair=True), 0, b"3")]
    assert again(carol)[20:] == [
        (ours(carols, "video", repair=True), 0, b"7"),
        (ours(carols, "video", repair=True, slot=1), 0, b"bob's 3"),
    ]
    assert (bobs.counters.resent, carols.counters.resent) == (1, 2)


@pytest.mark.parametrize("settings", [MediaSettings(key_frame_interval=3_600.0)])
async def test_a_receiver_reaches_the_publisher_whose_picture_it_is_and_no_other(call) -> None:
    (alice, bob, carol), (alices, bobs, carols) = await call.company(3)
    of_bob = ours(carols, "video", slot=1)
    await carol.report(
        RtcpRrPacket(ssrc=1), RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=of_bob)
    )
    await bob.until(lambda: of_kind(bob, RtcpPsfbPacket))
    assert not of_kind(alice, RtcpPsfbPacket)

    # two who ask at once are one question
    at = bobs.incoming._streams[bob.ssrc("video")].key_frame_at
    for peer, leg in ((alice, alices), (carol, carols)):
        slot = 0 if peer is alice else 1
        asks = RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=ours(leg, "video", slot=slot))
        heard = len(leg.incoming._reporters)
        await peer.report(RtcpRrPacket(ssrc=2), asks)
        await until(lambda leg=leg, heard=heard: len(leg.incoming._reporters) > heard)
    assert bobs.incoming._streams[bob.ssrc("video")].key_frame_at == at


async def test_lips_and_voice_of_each_are_reported_with_their_own_clock(call) -> None:
    (alice, bob, carol), (_, _, carols) = await call.company(3)
    for hours, peer in ((1, alice), (2, bob)):
        await peer.send("video", 1, timestamp=1_000 * hours)
        clock = RtcpSenderInfo(
            ntp_timestamp=hours * 3_600 << 32,
            rtp_timestamp=1_000 * hours,
            packet_count=1,
            octet_count=1,
        )
        await peer.report(RtcpSrPacket(ssrc=peer.ssrc("video"), sender_info=clock))
    await carol.until(lambda: len(carol.rtp) == 2)
    await until(lambda: len(carols.incoming.feedback._sender_infos(time.monotonic())) == 2)
    carols.incoming.tick(time.monotonic())
    await carol.until(lambda: len(of_kind(carol, RtcpSrPacket)) >= 2)

    hours = {
        each.ssrc: each.sender_info.ntp_timestamp >> 32 for each in of_kind(carol, RtcpSrPacket)
    }
    assert 3_600 <= hours[ours(carols, "video")] < 3_700
    assert 7_200 <= hours[ours(carols, "video", slot=1)] < 7_300
    named = {
        chunk.ssrc: chunk.items for each in of_kind(carol, RtcpSdesPacket) for chunk in each.chunks
    }
    assert named[ours(carols, "video")] != named[ours(carols, "video", slot=1)]
