"""A network between browsers and a media node that does what it is told: loses, delays, doubles,
swaps, cuts off and narrows. In user space, since the kernel's own (netem) is not everywhere.

Each leg gets a port of its own towards the browser, and a socket of its own towards the node.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

Address = tuple[str, int]
_CANDIDATE = re.compile(r"^(a=candidate:\S+ \d+ udp \d+) (\S+) (\d+) ", re.MULTILINE)


@dataclass
class Faults:
    """Of all legs, both ways. May be changed at any time."""

    loss: float = 0.0  # of 1
    twice: float = 0.0
    swapped: float = 0.0  # held back until so many others have passed:
    swapped_by: int = 2
    dark: bool = False
    bits_per_second: int = 0  # of each direction of each leg; 0 is no limit
    queue_seconds: float = 0.3  # what waits longer than this for its turn is dropped
    delay: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    carried: int = 0
    dropped: int = 0


class Direction:
    """One way of one leg."""

    def __init__(self, faults: Faults, send: Callable[[bytes], None]) -> None:
        self._faults = faults
        self._send = send
        self._held: deque[list[object]] = deque()
        self._free_at = 0.0

    def take(self, data: bytes) -> None:
        faults = self._faults
        if faults.dark or faults.chance.random() < faults.loss:
            faults.dropped += 1
            return
        if faults.chance.random() < faults.swapped:
            self._held.append([faults.swapped_by, data])
            return
        self._pass(data)
        if faults.chance.random() < faults.twice:
            self._pass(data)
        for held in self._held:
            held[0] -= 1  # type: ignore[operator]
        while self._held and self._held[0][0] <= 0:  # type: ignore[operator]
            self._pass(self._held.popleft()[1])  # type: ignore[arg-type]

    def _pass(self, data: bytes) -> None:
        faults = self._faults
        wait = faults.delay
        if faults.bits_per_second:
            now = asyncio.get_running_loop().time()
            start = max(now, self._free_at)
            if start - now > faults.queue_seconds:
                faults.dropped += 1
                return
            self._free_at = start + len(data) * 8 / faults.bits_per_second
            wait += self._free_at - now
        faults.carried += 1
        if wait:
            asyncio.get_running_loop().call_later(wait, self._send, data)
        else:
            self._send(data)


class Crossing(asyncio.DatagramProtocol):
    """One end of a leg's way through: what comes in is handed to `take`."""

    def __init__(self) -> None:
        self.take: Callable[[bytes], None] = lambda _: None
        self.last: Address | None = None
        self.transport: asyncio.DatagramTransport

    def datagram_received(self, data: bytes, addr: tuple[object, ...]) -> None:
        self.last = addr[0], addr[1]  # type: ignore[assignment]
        self.take(data)

    def error_received(self, exc: Exception) -> None:
        """A port that is closed already: a loss like any other."""


@dataclass
class _Way:
    """What the node sees of a leg, and the way back."""

    inner: Crossing
    node: Address
    back: Direction


class FaultyNetwork:
    """`async with FaultyNetwork() as network: sdp = await network.lay(answer)`"""

    def __init__(self) -> None:
        self.faults = Faults()
        self._transports: list[asyncio.DatagramTransport] = []
        self._ways: list[_Way] = []

    async def __aenter__(self) -> FaultyNetwork:
        return self

    async def __aexit__(self, *_: object) -> None:
        for transport in self._transports:
            transport.close()
        await asyncio.sleep(0)

    async def lay(self, answer: str) -> str:
        """The node's answer with our port in place of its own."""
        found = _CANDIDATE.search(answer)
        assert found is not None
        host, port = found[2], int(found[3])
        ours = await self._way((host, 0), (host, port))
        return _CANDIDATE.sub(rf"\1 \2 {ours} ", answer)

    async def stand_before(self, node: Address, outside: Address) -> None:
        """Like the NAT of a cloud: what comes to the address outside goes to the node's."""
        await self._way(outside, node)

    async def _way(self, local: Address, node: Address) -> int:
        outer, inner = await self._open(local, None), await self._open(None, node)

        def to_browser(data: bytes) -> None:
            if outer.last is not None and not outer.transport.is_closing():
                outer.transport.sendto(data, outer.last)

        def to_node(data: bytes) -> None:
            if not way.inner.transport.is_closing():
                way.inner.transport.sendto(data)

        way = _Way(inner, node, Direction(self.faults, to_browser))
        self._ways.append(way)
        outer.take = Direction(self.faults, to_node).take
        inner.take = way.back.take
        port: int = outer.transport.get_extra_info("sockname")[1]
        return port

    async def move(self) -> None:
        """Every leg there is has another address from now on; what comes to the old one is lost."""
        for way in self._ways:
            way.inner.transport.close()
            way.inner = await self._open(None, way.node)
            way.inner.take = way.back.take

    async def _open(self, local: Address | None, remote: Address | None) -> Crossing:
        transport, crossing = await asyncio.get_running_loop().create_datagram_endpoint(
            Crossing, local_addr=local, remote_addr=remote
        )
        crossing.transport = transport
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024 * 1024)
        self._transports.append(transport)
        return crossing
