"""Packets from one leg to the other: which numbers they get, and what is not passed on."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

import pytest
from aiortc.rtp import RtcpRrPacket
from kolapp_media.rtc import forward
from kolapp_media.rtc.srtp import unprotect_rtp
from media_call import join, other_numbers, ours, received
from media_peers import until


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

    join(alices, bobs)
    await alice.send("video", 2)
    await bob.until(lambda: bob.rtp)

    assert [each.sequence_number for each in bob.rtp] == [2]


async def test_payload_types_and_extensions_are_the_receivers(call) -> None:
    alice, alices = await call.participant()
    bob = call.make()
    leg, answer = await call.legs.answer(other_numbers(await bob.offer()))
    assert "SAVPF 120 121" in answer
    assert "a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid" in answer
    await bob.accept(answer)
    await bob.connected()
    await call.legs.reaches(leg, "connected")
    join(alices, leg)

    await alice.send("video", 1, mid="1")
    await bob.until(lambda: bob.rtp)

    assert bob.rtp[0].payload_type == 120
    assert bob.rtp[0].extensions.mid == "1"


async def test_an_extension_that_fits_no_one_byte_header_is_not_used(call) -> None:
    alice, alices = await call.participant()
    bob, bobs = await call.participant(lambda offer: offer.replace("extmap:1 ", "extmap:20 "))
    join(alices, bobs)

    await alice.send("audio", 1, b"voice", mid="0")
    async with asyncio.timeout(5):
        await bob.until(lambda: bob.rtp)

    assert received(bob) == [(ours(bobs, "audio"), 1, b"voice")]
    assert bob.rtp[0].extensions.mid is None


async def test_h264_is_passed_on_between_two_who_have_it(call) -> None:
    alice, alices = await call.participant()
    bob, bobs = await call.participant(
        lambda offer: offer.replace(":101 ", ":120 ").replace(
            "97 98 99 100 101", "97 98 99 100 120"
        )
    )
    join(alices, bobs)
    video = next(each for each in alice.sections if each.kind == "video")
    codecs = [(each.name, each.parameters.get("profile-level-id")) for each in video._codecs]
    assert codecs[:2] == [("VP8", None), ("rtx", None)]  # what a browser sends by itself
    number = next(
        each.payloadType
        for each in video._codecs
        if "42e0" in str(each.parameters.get("profile-level-id"))
    )

    await alice.transport._send_rtp(
        struct.pack("!BBHII", 0x80, number, 1, 0, alice.ssrc("video")) + b"picture"
    )
    await bob.until(lambda: bob.rtp)

    assert (number, bob.rtp[0].payload_type, bob.rtp[0].payload) == (101, 120, b"picture")


async def test_a_browser_that_changes_its_ssrc_keeps_its_track(call) -> None:
    alice, _, bob, bobs = await call.joined()
    for ssrc, sequence in ((None, 5), (None, 6), (77, 900), (77, 901), (None, 7), (None, 8)):
        await alice.send("audio", sequence, ssrc=ssrc)
    await bob.until(lambda: len(bob.rtp) == 6)

    assert {each.ssrc for each in bob.rtp} == {ours(bobs, "audio")}
    assert [each.sequence_number for each in bob.rtp] == [5, 6, 7, 8, 9, 10]


async def test_what_is_sent_again_takes_the_place_of_what_was_lost(call) -> None:
    alice, alices, bob, bobs = await call.joined()
    await alice.send("video", 500)
    await bob.until(lambda: bob.rtp)
    await alices.close()
    carol, carols = await call.participant()
    join(carols, bobs)

    await carol.send("video", 7, b"a")
    await carol.send("video", 9, b"c", timestamp=30)
    await carol.send("video", 40, (8).to_bytes(2, "big") + b"b", repair=True)
    await carol.send("video", 41, (8).to_bytes(2, "big") + b"b", repair=True)  # once too often
    await carol.send("video", 42, (7).to_bytes(2, "big") + b"a", repair=True)  # was there
    await carol.send("video", 43, b"", repair=True)  # only tries the line
    await until(lambda: carols.counters.repeated == 3)
    await bob.until(lambda: len(bob.rtp) == 4)

    # 7 became 501, and what was lost as 8 arrives as 502
    assert received(bob)[1:] == [
        (ours(bobs, "video"), 501, b"a"),
        (ours(bobs, "video"), 503, b"c"),
        (ours(bobs, "video"), 502, b"b"),
    ]
    assert {each.payload_type for each in bob.rtp} == {bob.payload_type("video")}
    assert (carols.counters.repaired, carols.counters.dropped) == (1, 0)


async def test_a_new_publisher_goes_on_where_the_old_one_stopped(call) -> None:
    alice, alices, bob, bobs = await call.joined()
    await alice.send("video", 65_535, timestamp=2**32 - 1_000)
    await bob.until(lambda: len(bob.rtp) == 1)
    await alices.close()
    again, leg = await call.participant()
    join(leg, bobs)
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
    join(alices, bobs)
    await alice.send("video", 5, b"a", mid="1", ssrc=4_000_000_000)
    await alice.send("audio", 6, b"b", ssrc=4_000_000_001)
    await alice.send("video", 7, b"c", ssrc=4_000_000_000)
    await alice.send("video", 70, (6).to_bytes(2, "big") + b"d", repair=True, ssrc=4_000_000_002)
    await bob.until(lambda: len(bob.rtp) == 4)

    video, audio = ours(bobs, "video"), ours(bobs, "audio")
    assert received(bob) == [(video, 5, b"a"), (audio, 6, b"b"), (video, 7, b"c"), (video, 6, b"d")]


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

    await until(lambda: alices.counters.held == 1)
    assert alices.counters.forwarded == 0


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
    join(alices, bobs)
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


async def test_packets_that_only_bear_the_browsers_address_use_up_nothing_of_it(
    call, settings
) -> None:
    """What somebody sends who writes that address on his own: here it comes from its socket."""
    alice, alices, bob, _ = await call.joined()
    forged = [
        struct.pack("!BBHII", 0x80, kind, 1, 0, 6_000 + kind) + bytes(40) for kind in (96, 201)
    ]
    for number in range(settings.packets_per_second + 1_000):
        await alice.transport.transport._send(forged[number % 2])
        if number % 50 == 0:  # as fast as they are taken, or the kernel loses them
            await until(lambda sent=number: alices.counters.dropped > sent)
    await alice.send("audio", 1)
    await alice.report(RtcpRrPacket(ssrc=1))
    await bob.until(lambda: bob.rtp)

    assert alices.counters.over_rate == 0
    assert 0 < alices.counters.forged <= forward._LOOKS
