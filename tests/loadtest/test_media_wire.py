"""What is seen of a server's packets on the wire."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator

import pytest
from kolapp_loadtest.bench.media_wire import Wire

HELD_S = 0.005
WITHIN_S = 5.0


def udp() -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.bind(("127.0.0.1", 0))
    found.settimeout(WITHIN_S)
    return found


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    """A server's two, and somebody outside."""
    made = [udp(), udp(), udp()]
    yield made
    for each in made:
        each.close()


def packet(number: int, kind: int = 96) -> bytes:
    return struct.pack("!BBHII", 0x80, kind, number, number * 3_000, 1) + bytes(900)


def watching(here: socket.socket, there: socket.socket) -> Wire:
    a, b = here.getsockname()[1], there.getsockname()[1]
    return Wire({a: b, b: a})


def needs_the_right_to_look() -> None:
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM).close()
    except PermissionError:
        pytest.skip("only root may look at packets")


def test_packets_are_timed_from_coming_to_leaving(sockets: list[socket.socket]) -> None:
    needs_the_right_to_look()
    here, there, outside = sockets
    with watching(here, there) as wire:
        for number in range(20):
            outside.sendto(packet(number), here.getsockname())
            data = here.recv(2_000)
            time.sleep(HELD_S)
            there.sendto(data, outside.getsockname())
        end = time.monotonic() + WITHIN_S
        while wire.figures().get("packets", 0) < 20 and time.monotonic() < end:
            time.sleep(0.01)

    found = wire.figures()
    assert found["packets"] == 20
    assert HELD_S * 1e3 <= found["p50"] <= found["p99"]


def test_what_does_not_pass_through_is_not_timed(sockets: list[socket.socket]) -> None:
    needs_the_right_to_look()
    here, there, outside = sockets
    with watching(here, there) as wire:
        outside.sendto(packet(1), here.getsockname())  # never leaves
        there.sendto(packet(2), outside.getsockname())  # never came
        for each in (200, 201):  # RTCP
            outside.sendto(packet(each, kind=each), here.getsockname())
            there.sendto(packet(each, kind=each), outside.getsockname())
        outside.sendto(packet(3), here.getsockname())
        there.sendto(packet(3), outside.getsockname())
        end = time.monotonic() + WITHIN_S
        while not wire.figures() and time.monotonic() < end:
            time.sleep(0.01)

    assert wire.figures()["packets"] == 1
