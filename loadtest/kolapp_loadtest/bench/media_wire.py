"""How long packets are inside a media server, by the kernel's own clock on the wire.

What the load measures includes the load: at 80 calls it is the busier of the two. Here some calls'
packets are looked at as they come to the server's port and as they leave it (RFC 3711 leaves the
RTP header in the clear). Needs the right to look at packets, as root has it.
"""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct
import threading
from collections.abc import Mapping
from typing import Any

from .figures import percentile

SO_ATTACH_FILTER, SO_TIMESTAMPNS = 26, 35  # <asm-generic/socket.h>
ETH_P_ALL, PACKET_HOST, PACKET_OUTGOING, UDP = 3, 0, 4, 17  # packet(7)
ROOM = 4 * 1024 * 1024  # bytes of packets not looked at yet
SNAP = 64  # of each: IP, UDP and RTP headers
LOOK_S = 0.2
_HEADER = struct.Struct("!BBHI")
_PORTS = struct.Struct("!HH")
_TIME = struct.Struct("@ll")
_STEP = struct.Struct("@HBBI")


class Wire:
    """`partners` are ports of the server: what comes to one leaves from the other."""

    def __init__(self, partners: Mapping[int, int]) -> None:
        self._partners = dict(partners)
        self._came: dict[tuple[int, int, int, int], float] = {}
        self._inside: list[float] = []  # milliseconds
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._look, name="wire", daemon=True)
        self._over = False

    def __enter__(self) -> Wire:
        with contextlib.suppress(PermissionError):
            self._socket = _listening(self._partners)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        if self._socket is not None:
            self._thread.join()
            self._socket.close()

    def figures(self) -> dict[str, float]:
        """Milliseconds; empty where nothing may be looked at."""
        ordered = sorted(self._inside)
        if not ordered:
            return {}
        return {
            "p50": round(percentile(ordered, 0.50), 3),
            "p99": round(percentile(ordered, 0.99), 3),
            "packets": len(ordered),
        }

    def _look(self) -> None:
        assert self._socket is not None
        while not self._over:
            try:
                data, notes, _, address = self._socket.recvmsg(SNAP, 64)
            except TimeoutError:
                continue
            if notes and address[2] in (PACKET_HOST, PACKET_OUTGOING):
                seconds, nanoseconds = _TIME.unpack(notes[0][2])
                self._take(data, address[2] == PACKET_HOST, seconds * 1e3 + nanoseconds / 1e6)

    def _take(self, data: bytes, arriving: bool, at: float) -> None:
        if data[0] >> 4 != 4:
            return
        start = 4 * (data[0] & 0x0F)
        source, target = _PORTS.unpack_from(data, start)
        flags, kind, sequence, timestamp = _HEADER.unpack_from(data, start + 8)
        if flags >> 6 != 2 or 192 <= kind <= 223:
            return  # no RTP
        if arriving and target in self._partners:
            self._came[self._partners[target], kind, sequence, timestamp] = at
        elif not arriving and source in self._partners:
            came = self._came.pop((source, kind, sequence, timestamp), None)
            if came is not None:
                self._inside.append(at - came)


def _listening(ports: Mapping[int, int]) -> socket.socket:
    found = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
    found.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    program = _program(list(ports))
    steps = ctypes.create_string_buffer(b"".join(_STEP.pack(*step) for step in program))
    filter_ = struct.pack("HL", len(program), ctypes.addressof(steps))
    found.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filter_)
    found.settimeout(LOOK_S)
    return found


def _program(ports: list[int]) -> list[tuple[Any, ...]]:
    """The kernel's filter (bpf(4)): UDP from or to one of these ports."""
    count = len(ports)
    # A jump says how many steps to leave out if it holds, and if not.
    jumps = [(0x15, 2 * count + 1 - at, 0, port) for at, port in enumerate(ports)]
    back = [(0x15, count - at, 0, port) for at, port in enumerate(ports)]
    return [
        (0x30, 0, 0, 9),  # the protocol,
        (0x15, 0, 2 * count + 3, UDP),
        (0xB1, 0, 0, 0),  # the length of the IP header,
        (0x48, 0, 0, 0),  # the port it is from,
        *jumps,
        (0x48, 0, 0, 2),  # and the one it is to
        *back,
        (0x06, 0, 0, 0),
        (0x06, 0, 0, SNAP),
    ]
