"""The floor of the media benchmark: what a packet costs with no server around it.

Received, decrypted, encrypted and sent again, by the same library and the same calls of the
system, in the tightest loop there is in Python: no choice of where to, no rewriting, no repair,
no waiting for sockets. CPU time of one thread; on loopback a send does the receiver's part too.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib  # type: ignore[import-not-found]  # compiled

from ..errors import BenchFailed

PACKETS = 20_000
SIZE = 1_130  # of a video packet
ROOM = 200  # for what the cipher adds
KEY = bytes(range(28))


class Cipher:
    def __init__(self, *, inbound: bool) -> None:
        kind = Policy.SSRC_ANY_INBOUND if inbound else Policy.SSRC_ANY_OUTBOUND
        policy = Policy(KEY, kind, srtp_profile=SRTP_AEAD_AES_128_GCM.libsrtp_profile)
        self._session = Session(policy)  # the context dies with it
        self.context: Any = self._session._srtp[0]


class Bench:
    """Encrypted packets, and the one buffer that each of them goes through."""

    def __init__(self) -> None:
        self._memory = ffi.new("unsigned char[]", SIZE + ROOM)
        self._view, self._length = memoryview(ffi.buffer(self._memory)), ffi.new("int *")
        self._incoming, self._outgoing = Cipher(inbound=True), Cipher(inbound=False)
        self._packets = _packets(self._memory, self._view, self._length)

    def copy(self) -> None:
        view, length = self._view, self._length
        for packet in self._packets:
            view[: len(packet)] = packet
            length[0] = len(packet)

    def crypto(self) -> None:
        view, length, memory = self._view, self._length, self._memory
        incoming, outgoing = self._incoming.context, self._outgoing.context
        for packet in self._packets:
            view[: len(packet)] = packet
            length[0] = len(packet)
            failed = lib.srtp_unprotect(incoming, memory, length)
            if failed or lib.srtp_protect(outgoing, memory, length):
                raise BenchFailed("the floor's own ciphers do not understand each other")

    def system_calls(self) -> None:
        with _socket() as here, _socket() as there:
            here.connect(there.getsockname())
            there.connect(here.getsockname())
            for packet in self._packets:
                here.send(packet)
                there.recv_into(self._view)


def measure() -> dict[str, float]:
    """Microseconds a packet, and how many a core could do."""
    bench = Bench()
    crypto_us = _microseconds(bench.crypto) - _microseconds(bench.copy)
    system_us = _microseconds(bench.system_calls)
    return {
        "crypto_us": round(crypto_us, 2),
        "system_calls_us": round(system_us, 2),
        "packets_per_cpu_s": round(1e6 / (crypto_us + system_us)),
    }


def _socket() -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.bind(("127.0.0.1", 0))
    return found


def _packets(memory: Any, view: memoryview, length: Any) -> list[bytes]:
    sender, found = Cipher(inbound=False), []
    for number in range(PACKETS):
        header = struct.pack("!BBHII", 0x80, 96, number & 0xFFFF, number, 1)
        view[:SIZE] = header + bytes(SIZE - len(header))
        length[0] = SIZE
        lib.srtp_protect(sender.context, memory, length)
        found.append(view[: length[0]].tobytes())
    return found


def _microseconds(work: Callable[[], None]) -> float:
    start = time.thread_time()
    work()
    return (time.thread_time() - start) / PACKETS * 1e6
