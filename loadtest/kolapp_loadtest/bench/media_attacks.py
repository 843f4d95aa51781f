"""What attackers cost a media node that carries calls: each kind by itself, beside a quiet moment.

The numbers in the names are those of the attack cases in tests/media/test_attacks.py, where each
is first shown to hurt aiortc as it comes. Strangers throw datagrams at the port of one leg;
somebody in a call asks for too much; a patient offers what no browser offers.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ..errors import RequestRefused
from .machine import CpuMeter
from .media_load import Pion
from .media_systems import Kolapp

SECONDS = 2.0  # of each attack
REST_S = 1.5  # before it: who went beyond the budget of a second has a new one then
DATAGRAMS_PER_S = 50_000
REQUESTS_PER_S = 5_000
OFFERS = 100
STUN_COOKIE = b"\x21\x12\xa4\x42"
DATAGRAMS = {  # RFC 7983: the first byte says what it would be
    "24_empty": b"",
    "24_junk": b"\xff" * 200,
    "24_handshake": bytes([22, 254, 253]) + bytes(50),
    "24_media": b"\x80\x60" + bytes(1_000),
    "24_check_cut_off": b"\x00\x01\x00\x08" + STUN_COOKIE + bytes(12) + b"\x00\x24\x00\x02\x00\x00",
    "24_check_unsigned": b"\x00\x01\x00\x00" + STUN_COOKIE + bytes(12),
}
REQUESTS = {"26_key_frames": "key_frames", "26_losses": "losses"}


async def measure(system: Kolapp, pion: Pion) -> dict[str, Any]:
    """By case: how many a second came, what each cost the node in microseconds, what the calls
    lost meanwhile (of 1), and how late their pictures were (milliseconds)."""
    port = pion.ports["0a"]
    attacks: dict[str, Callable[[], Awaitable[int]]] = {
        name: lambda junk=junk: asyncio.to_thread(_throw, port, junk)  # type: ignore[misc]  # bound
        for name, junk in DATAGRAMS.items()
    }
    for name, kind in REQUESTS.items():
        attacks[name] = lambda kind=kind: pion.storm("0a", kind, REQUESTS_PER_S, SECONDS)  # type: ignore[misc]  # bound
    attacks["20_21_offers"] = lambda: _offer(system)
    calm = await _measured(system, pion, _nothing)
    found = {"none": {"cpu": calm["cpu"], "loss": calm["loss"], "late_ms": calm["late_ms"]}}
    for name, attack in attacks.items():
        one = await _measured(system, pion, attack)
        extra_s = max(0.0, one["cpu"] - calm["cpu"]) * one["seconds"]
        found[name] = {
            "per_s": round(one["count"] / one["seconds"]),
            "cpu": one["cpu"],
            "us_each": round(extra_s / max(1, one["count"]) * 1e6, 2),
            "loss": one["loss"],
            "late_ms": one["late_ms"],
        }
    return found


async def _measured(
    system: Kolapp, pion: Pion, attack: Callable[[], Awaitable[int]]
) -> dict[str, Any]:
    await asyncio.sleep(REST_S)
    await pion.figures()
    meter, start = CpuMeter(system.pids), time.monotonic()
    count = await attack()
    seconds = time.monotonic() - start
    used_s = sum(meter.used_s().values())
    figures = await pion.figures()
    return {
        "count": count,
        "seconds": seconds,
        "cpu": round(used_s / seconds, 3),
        "loss": round(max(0.0, 1 - figures["received"] / max(1, figures["expected"])), 5),
        "late_ms": round(max(figures["late_ms"], default=0.0), 1),
    }


async def _nothing() -> int:
    await asyncio.sleep(SECONDS)
    return 0


def _throw(port: int, junk: bytes) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        start, sent = time.monotonic(), 0
        while (passed := time.monotonic() - start) < SECONDS:
            while sent < passed * DATAGRAMS_PER_S:
                stranger.sendto(junk, ("127.0.0.1", port))
                sent += 1
            time.sleep(0.001)  # a sender that never sleeps is what a busy machine takes away
    return sent


async def _offer(system: Kolapp) -> int:
    """One after the other, as large as may be; most come too often to be read."""
    hostile = "v=0\r\n" + "a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n" * 900
    for number in range(OFFERS):
        with contextlib.suppress(RequestRefused):
            await system.first_patient.offer(hostile, generation=2 + number)
    return OFFERS
