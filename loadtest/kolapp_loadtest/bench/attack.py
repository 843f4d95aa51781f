"""Worker: one attacker from this machine, who keeps at it until told to stop.

Everything is bounded, and the process gives way to the others: what is measured is what the server
makes of it, not who gets the processor.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from ..demo import demo_token
from ..network import Network
from .worker import Verb, run_worker

NICE = 10
SLOW = 500  # connections that drip at the same time
DRIP_S = 1.0
SOCKETS = 10_000
AT_A_TIME = 50  # of them are being opened
FLOODERS = 5
FLOOD_PER_S = 2_000  # messages of each, a tenth of them at a time
AGAIN_S = 0.05  # before another try after a refusal
HEAD = "GET /ws HTTP/1.1\r\nHost: {host}\r\n"
UPGRADE = (
    HEAD + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Protocol: kolapp.v1.json\r\n\r\n"
)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def frame(first: int, payload: bytes) -> bytes:
    """`first` is the first byte: 0x81 a whole text, 0x01 its beginning, 0x00 more of it. The mask
    is zeros, which RFC 6455 allows and spares the work."""
    size = len(payload)
    length = bytes((0x80 | size,)) if size < 126 else bytes((0xFE,)) + size.to_bytes(2, "big")
    return bytes((first,)) + length + bytes(4) + payload


class Attacker:
    def __init__(self, network: Network) -> None:
        self._network = network
        self._url = ""
        self._tasks: list[asyncio.Task[None]] = []
        self._held: list[asyncio.StreamWriter] = []
        self._counts: Counter[str] = Counter()

    async def begin(self, url: str, kind: str) -> None:
        self._url, self._counts = url, Counter()
        count, attack = {
            "slow_heads": (SLOW, self._slow_head),
            "slow_frames": (SLOW, self._slow_frame),
            "flood": (FLOODERS, self._flood),
            "sockets": (AT_A_TIME, self._hoard),
        }[kind]
        self._tasks = [asyncio.create_task(self._again_and_again(attack)) for _ in range(count)]

    async def end(self) -> dict[str, int]:
        """How often what was done."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for writer in self._held:
            writer.transport.abort()
        self._tasks, self._held = [], []
        return dict(self._counts)

    async def _again_and_again(self, attack: Verb) -> None:
        while True:
            try:
                await attack()
            except (OSError, asyncio.IncompleteReadError):
                self._counts["cut off"] += 1
            await asyncio.sleep(AGAIN_S)

    # The attacks

    async def _slow_head(self) -> None:
        await self._drip(HEAD, b"X-Slow: 1\r\n")

    async def _slow_frame(self) -> None:
        await self._drip(UPGRADE, frame(0x00, b" "), frame(0x01, b"{"))

    async def _drip(self, head: str, drop: bytes, first: bytes = b"") -> None:
        async with self._opened(head) as (reader, writer):
            writer.write(first)
            while not reader.at_eof():
                writer.write(drop)
                await writer.drain()
                self._counts["sent"] += 1
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(DRIP_S):
                        await _until_eof(reader)

    async def _flood(self) -> None:
        token = await demo_token(self._network.session, self._url, "patient")
        hello = json.dumps({"type": "hello", "id": 1, "token": token}).encode()
        many = frame(0x81, b'{"type":"queues","id":2}') * (FLOOD_PER_S // 10)
        async with self._opened(UPGRADE) as (reader, writer):
            writer.write(frame(0x81, hello))
            reading = asyncio.create_task(_until_eof(reader))
            try:
                while not reading.done():
                    writer.write(many)
                    await writer.drain()
                    self._counts["sent"] += FLOOD_PER_S // 10
                    await asyncio.wait([reading], timeout=0.1)
            finally:
                reading.cancel()

    async def _hoard(self) -> None:
        """Sockets that say nothing; one that is closed is replaced, as long as there are few."""
        self._held = [writer for writer in self._held if not writer.is_closing()]
        if len(self._held) < SOCKETS:
            where = urlsplit(self._url)
            _, writer = await asyncio.open_connection(where.hostname, where.port)
            self._held.append(writer)
            self._counts["opened"] += 1
            writer.write(UPGRADE.format(host=where.netloc).encode())

    @asynccontextmanager
    async def _opened(self, head: str) -> AsyncIterator[Streams]:
        where = urlsplit(self._url)
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        self._counts["opened"] += 1
        try:
            writer.write(head.format(host=where.netloc).encode())
            yield reader, writer
        finally:
            writer.transport.abort()


async def _until_eof(reader: asyncio.StreamReader) -> None:
    while await reader.read(65_536):
        pass


@asynccontextmanager
async def job() -> AsyncIterator[Mapping[str, Verb]]:
    os.nice(NICE)
    async with Network() as network:
        attacker = Attacker(network)
        yield {"begin": attacker.begin, "end": attacker.end}
        await attacker.end()


if __name__ == "__main__":
    run_worker(job())
