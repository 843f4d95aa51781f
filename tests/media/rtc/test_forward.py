"""Packets from one leg to the other: which numbers they get, and what is not passed on."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

import pytest
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
    pack_remb_fci,
    unpack_remb_fci,
)
from kolapp_media.rtc import forward
from kolapp_media.rtc.leg import Leg
from kolapp_media.rtc.srtp import unprotect_rtp
from media_peers import QuietPeer, until


class Call:
    """Two connected peers and their legs, joined or not."""

    def __init__(self, legs, make_quiet_peer: Callable[..., QuietPeer]) -> None:
        self._legs = legs
        self._make = make_quiet_peer

    async def participant(
        self, change: Callable[[str], str] = lambda offer: offer
    ) -> tuple[QuietPeer, Leg]:
        peer = self._make()
        leg, answer = await self._legs.answer(change(await peer.offer()))
        await peer.accept(answer)
        await peer.connected()
        await self._legs.reaches(leg, "connected")
        return peer, leg

    async def joined(self) -> tuple[QuietPeer, Leg, QuietPeer, Leg]:
        alice, alices = await self.participant()
        bob, bobs = await self.participant()
        alices.incoming.join(bobs.incoming)
        return alice, alices, bob, bobs


@pytest.fixture
def call(legs, make_quiet_peer) -> Call:
    return Call(legs, make_quiet_peer)


def received(peer: QuietPeer) -> list[tuple[int, int, bytes]]:
    return [(each.ssrc, each.sequence_number, each.payload) for each in peer.rtp]


def ours(leg: Leg, kind: str, *, repair: bool = False) -> int:
    section = next(each for each in leg._sections if each.kind == kind)
    return section.repair_track.ssrc if repair else section.track.ssrc


async def test_packets_arrive_as_they_were_under_our_ssrc(call) -> None:
    alice, _, bob, bobs = await call.joined()
    await alice.send("audio", 10, b"voice", timestamp=960)
    await alice.send("video", 65_535, b"picture", timestamp=3_000)
    await alice.send("video", 0, b"more", timestamp=3_000)
    await bob.until(lambda: len(bob.rtp) == 3)

    assert received(bob) == [
        (ours(bobs, "audio"), 10, b"voice"),
        (ours(bobs, "video"), 65_535, b"picture"),
        (ours(bobs, "video"), 0, b"more"),
    ]
    assert [each.timestamp for each in bob.rtp] == [960, 3_000, 3_000]


async def test_nothing_is_passed_on_before_it_is_allowed(call) -> None:
    alice, alices = await call.participant()
    bob, bobs = await call.participant()
    await alice.send("video", 1)
    await until(lambda: alices.counters.held == 1)

    alices.incoming.join(bobs.incoming)
    await alice.send("video", 2)
    await bob.until(lambda: bob.rtp)

    assert [each.sequence_number for each in bob.rtp] == [2]


async def test_payload_types_and_extensions_are_the_receivers(call) -> None:
    def other_numbers(offer: str) -> str:
        for old, new in (
            ("UDP/TLS/RTP/SAVPF 97 98", "UDP/TLS/RTP/SAVPF 120 121"),
            (":97 ", ":120 "),
            (":98 ", ":121 "),
            ("apt=97", "apt=120"),
            ("extmap:1 ", "extmap:9 "),
            ("extmap:3 ", "extmap:1 "),
        ):
            offer = offer.replace(old, new)
        return offer

    alice, alices = await call.participant()
    bob = call._make()
    leg, answer = await call._legs.answer(other_numbers(await bob.offer()))
    assert "SAVPF 120 121" in answer
    assert "a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid" in answer
    await bob.accept(answer)
    await bob.connected()
    await call._legs.reaches(leg, "connected")
    alices.incoming.join(leg.incoming)

    await alice.send("video", 1, mid="1")
    await bob.until(lambda: bob.rtp)

    assert bob.rtp[0].payload_type == 120
    assert bob.rtp[0].extensions.mid == "1"


async def test_an_extension_that_fits_no_one_byte_header_is_not_used(call) -> None:
    alice, alices = await call.participant()
    bob, bobs = await call.participant(lambda offer: offer.replace("extmap:1 ", "extmap:20 "))
    alices.incoming.join(bobs.incoming)

    await alice.send("audio", 1, b"voice", mid="0")
    async with asyncio.timeout(5):
        await bob.until(lambda: bob.rtp)

    assert received(bob) == [(ours(bobs, "audio"), 1, b"voice")]
    assert bob.rtp[0].extensions.mid is None


async def test_retransmissions_name_packets_by_the_receivers_numbers(call) -> None:
    alice, alices, bob, bobs = await call.joined()
    await alice.send("video", 500)
    await bob.until(lambda: bob.rtp)
    await alices.close()
    carol, carols = await call.participant()
    carols.incoming.join(bobs.incoming)

    await carol.send("video", 7)
    await carol.send("video", 40, (9).to_bytes(2, "big") + b"again", repair=True)
    await bob.until(lambda: len(bob.rtp) == 3)

    # 7 became 501, so what was lost as 9 is known to the receiver as 503
    assert received(bob)[1] == (ours(bobs, "video"), 501, b"payload")
    ssrc, _, payload = received(bob)[2]
    assert ssrc == ours(bobs, "video", repair=True)
    assert payload == (503).to_bytes(2, "big") + b"again"


async def test_a_new_publisher_goes_on_where_the_old_one_stopped(call) -> None:
    alice, alices, bob, bobs = await call.joined()
    await alice.send("video", 65_535, timestamp=2**32 - 1_000)
    await bob.until(lambda: len(bob.rtp) == 1)
    await alices.close()
    again, leg = await call.participant()
    leg.incoming.join(bobs.incoming)
    await again.send("video", 30_000, timestamp=77)
    await again.send("video", 30_001, timestamp=3_077)
    await bob.until(lambda: len(bob.rtp) == 3)

    assert len({each.ssrc for each in bob.rtp}) == 1
    assert [each.sequence_number for each in bob.rtp] == [65_535, 0, 1]
    first, second, third = [each.timestamp for each in bob.rtp]
    assert 0 < (second - first) & 0xFFFFFFFF < 90_000 * 10  # the time that really passed
    assert (third - second) & 0xFFFFFFFF == 3_000


async def test_a_repeated_packet_is_passed_on_once(call) -> None:
    alice, alices, bob, _ = await call.joined()
    sent: list[bytes] = []
    send = alice.transport.transport._send

    async def keep(data: bytes) -> None:
        sent.append(data)
        await send(data)

    alice.transport.transport._send = keep
    await alice.send("video", 1)
    await send(sent[0])
    await until(lambda: alices.counters.forged == 1)

    assert alices.counters.forwarded == 1
    await bob.until(lambda: len(bob.rtp) == 1)


async def test_a_source_the_offer_did_not_name_is_found_by_its_mid(call) -> None:
    def nameless(offer: str) -> str:
        return "".join(
            line for line in offer.splitlines(keepends=True) if not line.startswith("a=ssrc")
        )

    alice, alices = await call.participant(nameless)
    bob, bobs = await call.participant()
    alices.incoming.join(bobs.incoming)
    await alice.send("video", 5, b"a", mid="1", ssrc=4_000_000_000)
    await alice.send("audio", 6, b"b", ssrc=4_000_000_001)
    await alice.send("video", 7, (5).to_bytes(2, "big") + b"a", repair=True, ssrc=4_000_000_002)
    await bob.until(lambda: len(bob.rtp) == 3)

    assert [each.ssrc for each in bob.rtp] == [
        ours(bobs, "video"),
        ours(bobs, "audio"),
        ours(bobs, "video", repair=True),
    ]


async def test_sources_are_bounded(call, settings) -> None:
    alice, alices, _, _ = await call.joined()
    for number in range(40):
        await alice.send("audio", 1, ssrc=5_000 + number)
    await until(lambda: alices.counters.forwarded + alices.counters.strange == 40)

    assert len(alices.incoming._streams) == settings.sources_per_leg


@pytest.fixture
def ciphered(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The SSRCs of which the cipher accepted an RTP packet, and keeps memory for."""
    accepted: set[int] = set()

    def unprotect(context, memory, length) -> int:
        failure = unprotect_rtp(context, memory, length)
        if not failure:
            accepted.add(int.from_bytes(bytes(memory[8:12]), "big"))
        return failure

    monkeypatch.setattr(forward, "unprotect_rtp", unprotect)
    return accepted


def of_an_unknown_type(_: int, ssrc: int) -> bytes:
    return struct.pack("!BBHII", 0x80, 77, 1, 0, ssrc) + b"payload"


def with_a_cut_off_extension(kind: int, ssrc: int) -> bytes:
    header = struct.pack("!BBHIIHH", 0x90, kind, 1, 0, ssrc, 0xBEDE, 1)
    return header + b"\x3f\0\0\0payload"  # an element of 16 bytes in an area of 4


@pytest.mark.parametrize("build", [of_an_unknown_type, with_a_cut_off_extension])
async def test_sources_that_become_no_stream_are_bounded_too(
    build: Callable[[int, int], bytes], call, settings, ciphered: set[int]
) -> None:
    alice, alices, bob, _ = await call.joined()
    for number in range(60):
        await alice.transport._send_rtp(build(alice.payload_type("video"), 5_000 + number))
    await until(lambda: alices.counters.dropped == 60)
    assert alices.counters.forged == 0
    assert 0 < len(ciphered) <= settings.sources_per_leg

    await alice.send("audio", 1)  # announced: its room was kept
    await bob.until(lambda: bob.rtp)
    assert len(ciphered) <= settings.sources_per_leg


async def test_announced_sources_are_bounded(call, settings, ciphered: set[int]) -> None:
    many = "".join(f"a=ssrc:{7_000 + number} cname:x\r\n" for number in range(60))
    alice, alices = await call.participant(lambda offer: offer + many)
    for number in range(60):
        await alice.send("video", 1, ssrc=7_000 + number)
    await until(lambda: alices.counters.held + alices.counters.strange == 60)

    assert 0 < len(ciphered) <= settings.sources_per_leg


async def test_a_payload_type_that_was_not_negotiated_is_dropped(call) -> None:
    alice, alices, _, _ = await call.joined()
    alice.sections[1]._codecs[0].payloadType = 100
    await alice.send("video", 1)

    await until(lambda: alices.counters.strange == 1)
    assert alices.counters.forwarded == 0


async def test_reports_reach_the_publisher_in_its_own_numbers(call) -> None:
    alice, _, bob, bobs = await call.joined()
    await alice.send("video", 100)
    await bob.send("video", 5)
    await bob.until(lambda: bob.rtp)
    await alice.until(lambda: alice.rtp)
    heard = RtcpReceiverInfo(
        ssrc=ours(bobs, "video"),
        fraction_lost=0,
        packets_lost=0,
        highest_sequence=100,
        jitter=3,
        lsr=4,
        dlsr=5,
    )
    sent = RtcpSenderInfo(ntp_timestamp=1, rtp_timestamp=2, packet_count=3, octet_count=4)
    remb = pack_remb_fci(600_000, [ours(bobs, "video"), ours(bobs, "audio")])
    await bob.report(
        RtcpSrPacket(ssrc=bob.ssrc("video"), sender_info=sent, reports=[heard]),
        RtcpRtpfbPacket(
            fmt=RTCP_RTPFB_NACK, ssrc=bob.ssrc("video"), media_ssrc=ours(bobs, "video"), lost=[99]
        ),
        RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=bob.ssrc("video"), media_ssrc=0, fci=remb),
        RtcpByePacket(sources=[bob.ssrc("video")]),
    )
    await alice.until(lambda: len(alice.rtcp) == 3)

    report, nack, bandwidth = alice.rtcp
    assert [each.ssrc for each in report.reports] == [alice.ssrc("video")]
    assert (nack.media_ssrc, nack.lost) == (alice.ssrc("video"), [99])
    assert set(unpack_remb_fci(bandwidth.fci)[1]) == {alice.ssrc("video"), alice.ssrc("audio")}


async def test_a_publisher_is_asked_for_key_frames_with_measure(call) -> None:
    alice, _, bob, bobs = await call.joined()
    for _ in range(50):
        await bob.report(
            RtcpRrPacket(ssrc=1),
            RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=ours(bobs, "video")),
        )
    marker = RtcpReceiverInfo(
        ssrc=ours(bobs, "video"),
        fraction_lost=0,
        packets_lost=0,
        highest_sequence=0,
        jitter=0,
        lsr=0,
        dlsr=0,
    )
    await bob.report(RtcpRrPacket(ssrc=1, reports=[marker]))
    await alice.until(
        lambda: any(isinstance(each, RtcpRrPacket) and each.reports for each in alice.rtcp)
    )

    asked = [each for each in alice.rtcp if isinstance(each, RtcpPsfbPacket)]
    assert [(each.fmt, each.media_ssrc) for each in asked] == [(RTCP_PSFB_PLI, alice.ssrc("video"))]


async def test_closing_one_leg_while_the_other_sends(call) -> None:
    alice, alices, bob, bobs = await call.joined()
    await alice.send("video", 0)
    await bob.until(lambda: bob.rtp)

    for sequence in range(1, 200):
        await alice.send("video", sequence)
        if sequence == 50:
            bobs.end()
        if sequence % 10 == 0:
            await asyncio.sleep(0)
    await until(lambda: alices.counters.forwarded + alices.counters.held == 200)

    assert alices.counters.held >= 150
    assert alices.state == "connected"


async def test_a_direction_that_was_not_offered_is_not_used(call) -> None:
    alice, alices = await call.participant()
    bob, bobs = await call.participant(
        lambda offer: offer.replace("a=sendrecv", "a=sendonly", 1)  # hears nothing, sees
    )
    alices.incoming.join(bobs.incoming)
    await alice.send("audio", 1)
    await alice.send("video", 2)
    await bob.until(lambda: bob.rtp)

    assert [each.sequence_number for each in bob.rtp] == [2]
    assert alices.counters.held == 1


async def test_reporters_are_bounded(call, settings) -> None:
    alice, alices, _, _ = await call.joined()
    for number in range(40):
        await alice.report(RtcpRrPacket(ssrc=number))
    await until(lambda: alices.counters.strange == 40 - settings.sources_per_leg)

    assert len(alices.incoming._reporters) == settings.sources_per_leg
