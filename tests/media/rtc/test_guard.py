"""One datagram from a stranger: what it does to the library alone, and that it does nothing here.

Each attack is first shown to work against two ends of aiortc, so that a test of ours can fail.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from aiortc import RTCSessionDescription
from kolapp_media.rtc import guard
from kolapp_media.rtc.faults import Faults
from kolapp_media.rtc.leg import Leg
from kolapp_media.rtc.sockets import Engine
from kolapp_media.sdp import clean_offer
from kolapp_media.settings import MediaSettings
from media_peers import QuietPeer, until

EMPTY = b""
DTLS_JUNK = bytes([22, 254, 253]) + bytes(8) + (4).to_bytes(2, "big") + b"\xff\xff\xff\xff"
COOKIE = 0x2112A442
SHORT_PRIORITY = struct.pack("!HHI12sHH", 1, 8, COOKIE, b"t" * 12, 0x0024, 1) + b"\x01\0\0\0"
RTP = struct.pack("!BBHII", 0x80, 96, 1, 2, 3) + b"payload of a stranger"
UNSIGNED_CHECK = struct.pack("!HHI12s", 1, 0, COOKIE, b"t" * 12)


@pytest.fixture
def stranger() -> Callable[[int, bytes], None]:
    """Sends one datagram to a port of loopback from a socket nobody knows."""

    def throw(port: int, data: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attacker:
            attacker.sendto(data, ("127.0.0.1", port))

    return throw


class StockPair:
    """Two ends of aiortc as they come; the second one answers and is attacked."""

    def __init__(self) -> None:
        self.offerer = QuietPeer()
        self.target = QuietPeer()
        self.answer = ""

    async def negotiate(self) -> None:
        offer = await self.offerer.offer()
        await self.target.connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self.target.connection.setLocalDescription()
        self.answer = str(self.target.connection.localDescription.sdp)

    async def connect(self) -> None:
        await self.offerer.accept(self.answer)

    async def close(self) -> None:
        await asyncio.gather(self.offerer.close(), self.target.close())


@pytest.fixture
async def stock() -> AsyncIterator[StockPair]:
    pair = StockPair()
    await pair.negotiate()
    yield pair
    await pair.close()


def unseen_failures() -> list[BaseException]:
    """From now on, what tasks and callbacks of the running loop die of."""
    found: list[BaseException] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: found.append(context["exception"]))
    return found


# The library alone


async def test_stock_hangs_for_ever_after_an_empty_datagram(stock, stranger, port_of) -> None:
    failures = unseen_failures()
    stranger(port_of(stock.answer), EMPTY)
    await stock.connect()

    await until(lambda: (gc.collect(), failures)[1])  # a dead task is told of when collected

    assert isinstance(failures[0], IndexError)  # its task to connect died
    assert stock.target.connection.connectionState == "connecting"


async def test_stock_loses_its_call_to_an_empty_datagram(
    stock, stranger, port_of, caplog: pytest.LogCaptureFixture
) -> None:
    unseen_failures()
    await stock.connect()
    await stock.target.connected()

    stranger(port_of(stock.answer), EMPTY)

    await stock.target.until(lambda: stock.target.connection.connectionState == "closed")
    assert "IndexError" in caplog.text


async def test_stock_fails_on_a_malformed_handshake(stock, stranger, port_of) -> None:
    stranger(port_of(stock.answer), DTLS_JUNK)
    await stock.connect()

    await stock.target.until(lambda: stock.target.connection.connectionState == "failed")


async def test_stock_logs_every_short_attribute(stock, stranger, port_of) -> None:
    failures = unseen_failures()
    for _ in range(3):
        stranger(port_of(stock.answer), SHORT_PRIORITY)

    await until(lambda: len(failures) == 3)

    assert all(isinstance(each, struct.error) for each in failures)


# A leg of ours


async def talk(peer: QuietPeer, leg: Leg, count: int = 3) -> None:
    """Packets of the leg's own browser still arrive and authenticate."""
    before = leg.counters.held
    for sequence in range(count):
        await peer.send("video", 1_000 + before + sequence)
    await until(lambda: leg.counters.held == before + count)


ATTACKS = {
    "empty": (EMPTY, "empty"),
    "malformed DTLS": (DTLS_JUNK, "foreign"),
    "short PRIORITY": (SHORT_PRIORITY, "stun"),
    "unsigned check": (UNSIGNED_CHECK, "stun"),
    "RTP": (RTP, "foreign"),
    "DTLS handshake": (bytes([22, 254, 253]) + bytes(40), "foreign"),
    "TURN channel data": (b"\x40\x00\x00\x04abcd", "foreign"),
    "garbage": (b"\xff" * 1_200, "foreign"),
    "cut-off STUN": (b"\x00\x01\x00", "stun"),
}


@pytest.mark.parametrize(("data", "counter"), ATTACKS.values(), ids=ATTACKS.keys())
async def test_a_stranger_changes_nothing(
    data: bytes,
    counter: str,
    legs,
    stranger,
    port_of,
    make_quiet_peer: Callable[[], QuietPeer],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    peer = make_quiet_peer()
    leg, answer = await legs.answer(await peer.offer())

    for _ in range(5):  # before anything is known of the browser
        stranger(port_of(answer), data)
    await until(lambda: getattr(leg.counters, counter) == 5)
    await peer.accept(answer)
    await peer.connected()
    await legs.reaches(leg, "connected")
    caplog.clear()
    for _ in range(5):  # and in the middle of a call
        stranger(port_of(answer), data)
    await until(lambda: getattr(leg.counters, counter) == 10)

    await talk(peer, leg)
    assert leg.state == "connected"
    assert leg.counters.dropped == 10
    assert not [each for each in caplog.records if each.name != "asyncio"]


async def test_what_a_stranger_says_is_not_answered(legs, port_of, make_quiet_peer) -> None:
    _, answer = await legs.answer(await make_quiet_peer().offer())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attacker:
        attacker.setblocking(False)
        attacker.connect(("127.0.0.1", port_of(answer)))
        for data, _ in ATTACKS.values():
            attacker.send(data)
        (leg,) = legs.states
        await until(lambda: leg.counters.dropped == len(ATTACKS))
        with pytest.raises(BlockingIOError):
            attacker.recv(2_000)


async def test_a_flood_from_the_browser_itself_is_bounded(
    settings: MediaSettings, make_quiet_peer, port_of
) -> None:
    few = replace(settings, packets_per_second=10)
    leg = Leg(few, few.hosts, Engine(), lambda *_: None)
    peer = make_quiet_peer()
    await peer.accept(await leg.answer(clean_offer(await peer.offer(), few)))
    await peer.connected()
    await until(lambda: leg.state == "connected")

    for sequence in range(30):
        await peer.send("video", sequence)
    await until(lambda: leg.counters.over_rate == 20)
    assert leg.counters.held == 10

    assert leg.incoming is not None
    leg.incoming.tick(0.0)
    await peer.send("video", 100)
    await until(lambda: leg.counters.held == 11)
    await leg.close()


async def test_handshake_datagrams_are_bounded(legs, make_quiet_peer) -> None:
    peer = make_quiet_peer()
    leg, answer = await legs.answer(await peer.offer())
    await peer.accept(answer)
    await peer.connected()
    await legs.reaches(leg, "connected")

    for _ in range(500):  # all before the loop hands on the first
        leg._connection.data_received(bytes([23, 254, 253]) + bytes(20), 1)

    assert leg._connection._queue.qsize() == legs.settings.dtls_queue
    assert leg.counters.crowded == 500 - legs.settings.dtls_queue
    await talk(peer, leg)


async def test_a_mistake_of_ours_costs_its_datagram_and_one_line(
    legs, make_quiet_peer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: int) -> None:
        raise ValueError("what the sender wrote")

    failures = unseen_failures()
    monkeypatch.setattr(guard, "FAULTS", Faults())
    peer = make_quiet_peer()
    leg, answer = await legs.answer(await peer.offer())
    await peer.accept(answer)
    await peer.connected()
    await legs.reaches(leg, "connected")
    leg._connection.set_media_handler(broken)

    for number in range(5):
        await peer.send("audio", number)
    await until(lambda: leg.counters.failed == 5)

    assert leg.counters.dropped == 5
    assert [each.message for each in caplog.records if "datagram" in each.message] == [
        "a datagram failed and was dropped: ValueError in broken, "
        f"line {broken.__code__.co_firstlineno + 1}; 0 more since the last such line"
    ]
    assert not failures
    assert leg.state == "connected"
