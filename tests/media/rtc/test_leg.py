"""One leg: answers, connects without candidates, ends once and leaves nothing."""

from __future__ import annotations

import asyncio
import gc
import re
import socket
import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import aioice.ice
import pytest
from aiortc.rtcdtlstransport import RTCCertificate
from kolapp_media.errors import BadOffer, MediaError, TooManyLegs
from kolapp_media.rtc.leg import Leg
from kolapp_media.rtc.ports import Ports
from kolapp_media.rtc.sockets import Engine
from kolapp_media.sdp import clean_offer
from kolapp_media.settings import MediaSettings
from media_peers import QuietPeer, until
from udp_faults import FaultyNetwork

CHROMIUM = (Path(__file__).parents[1] / "data" / "chromium.sdp").read_text()
SLOTS = (Path(__file__).parents[1] / "data" / "chromium_slots.sdp").read_text()


async def test_a_browsers_offer_is_answered(legs) -> None:
    _, answer = await legs.answer(CHROMIUM)

    assert "a=setup:passive" in answer  # the node is the DTLS server and so picks the cipher
    assert "127.0.0.1" in answer
    lines = answer.splitlines()
    audio, video = (each for each in lines if each.startswith("m="))
    assert audio.endswith(" 111")
    assert video.endswith(" 96 97 102 103 108 109")  # VP8, then H.264, each with its repair
    assert "a=fmtp:111 minptime=10;useinbandfec=1" in lines
    for feedback in ("nack", "nack pli", "goog-remb"):
        assert f"a=rtcp-fb:96 {feedback}" in lines
    assert "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time" in lines


async def test_each_section_that_only_receives_is_answered_with_a_source_of_its_own(legs) -> None:
    leg, answer = await legs.answer(SLOTS)

    sections = answer.split("m=")[1:]
    assert ["a=sendrecv" in each for each in sections] == [True] * 2 + [False] * 4
    assert ["a=sendonly" in each for each in sections] == [False] * 2 + [True] * 4
    named = [int(re.findall(r"^a=ssrc:([0-9]+)", each, re.MULTILINE)[0]) for each in sections]
    assert len(set(named)) == 6
    assert named == [each.track.ssrc for each in leg._sections]
    assert [each.receives for each in leg._sections] == [True] * 6
    streams = [re.findall(r"^a=msid:(\S+)", each, re.MULTILINE)[0] for each in sections]
    assert streams == [each for each in dict.fromkeys(streams) for _ in range(2)]


async def test_it_connects_without_candidates_and_prefers_the_fast_cipher(
    legs, make_quiet_peer
) -> None:
    peer = make_quiet_peer()
    leg, answer = await legs.answer(await peer.offer())
    await peer.accept(answer)
    await peer.connected()
    await legs.reaches(leg, "connected")

    assert leg.profile == "SRTP_AEAD_AES_128_GCM"
    assert leg.counters.dropped == 0  # not even the first flight of the handshake was refused
    assert legs.states[leg] == ["connected"]


async def test_a_client_that_wants_to_wait_is_called(legs, make_quiet_peer) -> None:
    peer = make_quiet_peer()
    offer = (await peer.offer()).replace("a=setup:actpass", "a=setup:passive")
    leg, answer = await legs.answer(offer)
    assert "a=setup:active" in answer

    await peer.accept(answer)
    await legs.reaches(leg, "connected")


async def test_no_packet_leaves_to_a_candidate(legs, make_quiet_peer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as canary:
        canary.bind(("127.0.0.1", 0))
        canary.setblocking(False)
        port = canary.getsockname()[1]
        peer = make_quiet_peer()
        planted = f"a=candidate:9 1 udp 2130706431 127.0.0.1 {port} typ host\r\na=mid:"
        leg, answer = await legs.answer((await peer.offer()).replace("a=mid:", planted))
        await peer.accept(answer)
        await peer.connected()
        await legs.reaches(leg, "connected")

        with pytest.raises(BlockingIOError):
            canary.recv(2_000)


async def test_a_leg_nobody_connects_to_fails_by_its_own_timer(settings) -> None:
    states = []
    impatient = replace(settings, connect_timeout=0.05)
    leg = Leg(impatient, settings.hosts, Engine(), lambda _, state: states.append(state))
    await leg.answer(clean_offer(CHROMIUM, settings))

    await until(lambda: states)
    assert states == ["failed"]
    await leg.close()


async def test_a_browser_that_vanishes_is_noticed(settings, make_quiet_peer) -> None:
    states = []
    quick = replace(settings, consent_interval=0.02, consent_failures=2)
    leg = Leg(quick, settings.hosts, Engine(), lambda _, state: states.append(state))
    peer = make_quiet_peer()
    await peer.accept(await leg.answer(clean_offer(await peer.offer(), quick)))
    await peer.connected()
    await until(lambda: states == ["connected"])

    for protocol in peer.transport.transport._connection._protocols:
        protocol.transport.abort()  # as if the network were gone: no goodbye

    await until(lambda: states == ["connected", "failed"])
    await leg.close()


async def test_a_browser_whose_packets_still_come_is_asked_longer(legs, make_quiet_peer) -> None:
    peer = make_quiet_peer()
    leg, answer = await legs.answer(await peer.offer())
    await peer.accept(answer)
    await peer.connected()
    await legs.reaches(leg, "connected")
    await peer.send("video", 1)
    await until(lambda: leg.counters.held == 1)

    assert leg._connection._patience() == legs.settings.consent_failures_heard
    assert leg._connection._patience() == legs.settings.consent_failures  # nothing since then


async def test_a_browser_that_says_goodbye_ends_the_leg_at_once(legs, make_quiet_peer) -> None:
    peer = make_quiet_peer()
    leg, answer = await legs.answer(await peer.offer())
    await peer.accept(answer)
    await peer.connected()
    await legs.reaches(leg, "connected")

    await peer.close()

    await legs.reaches(leg, "closed")


async def test_a_closed_leg_tells_its_browser(legs, make_quiet_peer) -> None:
    peer = make_quiet_peer()
    leg, answer = await legs.answer(await peer.offer())
    await peer.accept(answer)
    await peer.connected()

    await leg.close()
    await leg.close()

    await peer.until(lambda: peer.connection.connectionState == "closed")
    assert legs.states[leg][-1] == "closed"
    assert legs.states[leg].count("closed") == 1


async def test_somebody_with_another_certificate_gets_no_leg(legs, make_quiet_peer) -> None:
    peer = make_quiet_peer()
    leg, answer = await legs.answer(await peer.offer())
    other = RTCCertificate.generateCertificate()
    peer.transport._RTCDtlsTransport__local_certificate = other
    await peer.accept(answer)

    await legs.reaches(leg, "failed")
    assert leg.incoming is None


NO_COMMON_CODEC = {
    "no VP8": CHROMIUM.replace("VP8/90000", "VP7/90000"),
    "no Opus": CHROMIUM.replace("opus/48000", "celt/48000"),
    "a format without a name": CHROMIUM.replace("a=rtpmap:96 VP8/90000\n", ""),
    "a clock rate that is none": CHROMIUM.replace("VP8/90000", "VP8/fast"),
    "an extension that is none": CHROMIUM.replace("extmap:4 ", "extmap:4 x "),
}


@pytest.mark.parametrize("offer", NO_COMMON_CODEC.values(), ids=NO_COMMON_CODEC.keys())
async def test_what_the_library_cannot_use_is_a_bad_offer(legs, offer: str) -> None:
    before = len(asyncio.all_tasks())
    with pytest.raises(BadOffer):
        await legs.answer(offer)

    (leg,) = legs.states
    assert leg.state == "closed"
    await until(lambda: len(asyncio.all_tasks()) == before)


async def test_an_address_that_is_not_ours_cannot_be_bound(settings) -> None:
    leg = Leg(settings, ["203.0.113.1"], Engine(), lambda *_: None)

    with pytest.raises(MediaError, match="bound"):
        await leg.answer(clean_offer(CHROMIUM, settings))


async def test_every_address_gets_a_candidate(settings) -> None:
    leg = Leg(settings, ["127.0.0.1", "::1", "127.0.0.2"], Engine(), lambda *_: None)
    answer = await leg.answer(clean_offer(CHROMIUM, settings))
    await leg.close()

    candidates = [each.split() for each in answer.splitlines() if each.startswith("a=candidate")]
    first = candidates[:3]  # the others repeat them for the second section
    assert [each[4] for each in first] == ["127.0.0.1", "::1", "127.0.0.2"]
    assert len({each[3] for each in first}) == 3  # priorities differ (RFC 8445, 5.1.2.1)


async def test_a_call_goes_over_ipv6(call, settings, monkeypatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["::1"])
    call.legs.settings = replace(settings, hosts=("::1",))
    alice, _, bob, _ = await call.joined()

    await alice.send("video", 1, b"a picture")
    await bob.until(lambda: [each for each in bob.rtp if each.payload == b"a picture"])


async def test_behind_a_nat_the_address_outside_is_told(settings, make_quiet_peer) -> None:
    behind = replace(settings, advertised=(("", "127.0.0.9"),))
    states: list[str] = []
    leg = Leg(behind, behind.hosts, Engine(), lambda _, state: states.append(state))
    peer = make_quiet_peer()
    answer = await leg.answer(clean_offer(await peer.offer(), behind))
    assert "127.0.0.1" not in answer

    port = int(re.findall(r"^a=candidate:.* 127\.0\.0\.9 (\d+) typ host", answer, re.MULTILINE)[0])
    async with FaultyNetwork() as nat:
        await nat.stand_before(("127.0.0.1", port), outside=("127.0.0.9", port))
        await peer.accept(answer)
        await peer.connected()
        await until(lambda: states == ["connected"])
        assert nat.faults.carried
        await leg.close()


async def test_a_leg_without_a_free_port_is_refused_as_a_node_that_is_full(settings) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        leg = Leg(settings, settings.hosts, Engine(Ports(port, port)), lambda *_: None)
        with pytest.raises(TooManyLegs):
            await leg.answer(clean_offer(CHROMIUM, settings))
    assert leg.state == "closed"


@pytest.fixture
def _no_collections() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collections")
async def test_legs_cost_no_threads_and_leave_nothing(settings: MediaSettings) -> None:
    """Nothing of a leg may even wait for a collection: see `kolapp_media.collector`."""

    async def connect(count: int) -> None:
        """So many connected legs."""
        peers = [QuietPeer() for _ in range(count)]
        offers = [await each.offer() for each in peers]
        made = [Leg(settings, settings.hosts, Engine(), lambda *_: None) for _ in peers]
        for leg, peer, offer in zip(made, peers, offers, strict=True):
            await peer.accept(await leg.answer(clean_offer(offer, settings)))
        await asyncio.gather(*(each.connected() for each in peers))
        await until(lambda: all(leg.state == "connected" for leg in made))
        # Ours and the peer's: ICE's monitor, consent and DTLS. None for a track.
        await until(lambda: len(asyncio.all_tasks()) == start + 6 * count)
        threads.add(threading.active_count())
        gone.extend(weakref.ref(leg) for leg in made)
        gone.extend(weakref.ref(leg._peer) for leg in made)
        gone.extend(weakref.ref(leg._transport) for leg in made)
        gone.extend(weakref.ref(leg.incoming) for leg in made)
        await asyncio.gather(*(leg.close() for leg in made))
        await asyncio.gather(*(peer.close() for peer in peers))

    threads = {threading.active_count()}
    gone: list[weakref.ref[object]] = []
    start = len(asyncio.all_tasks())
    await connect(1)
    await connect(20)

    assert len(threads) == 1
    await until(lambda: len(asyncio.all_tasks()) == start)
    await until(lambda: [each() for each in gone] == [None] * len(gone))


async def test_closing_at_any_moment_leaves_nothing(settings, make_quiet_peer) -> None:
    """Whatever the handshake is doing: no task stays, nothing dies unseen (see the fixture)."""
    for turns in range(0, 60, 4):
        peer = make_quiet_peer()
        leg = Leg(settings, settings.hosts, Engine(), lambda *_: None)
        await peer.accept(await leg.answer(clean_offer(await peer.offer(), settings)))
        for _ in range(turns):
            await asyncio.sleep(0)
        await leg.close()
        await peer.close()
        await until(lambda: len(asyncio.all_tasks()) == 1)
