"""The media node: a control socket, visits by id, and the figures about both.

node = MediaNode(settings, secret)
await node.start("127.0.0.1:0")        # or "unix:/path"
...                                    # node.address is what diallers need
await node.close()
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .bridge import Bridge
from .collector import Collector
from .control import Address
from .dialler import Dialler
from .errors import BadRequest, TooManyLegs
from .listening import listen_at, remove
from .load import Load
from .memory import resident_bytes
from .model import (
    POST_LIMIT,
    AnyReply,
    AnyRequest,
    Done,
    LegChanged,
    NodeStats,
    Opened,
    OpenLeg,
    Post,
    Posted,
    Stats,
)
from .portions import in_portions
from .rtc import compat
from .rtc.counters import Counters
from .rtc.leg import Leg
from .rtc.ports import Ports
from .rtc.sockets import Engine
from .settings import USUAL_PARTICIPANTS, MediaSettings
from .visits import Visits

_TICK = 0.02  # seconds: each leg's second begins at another tick, so that not all report at once
_SWEEP = 1.0  # seconds between looks for visits to forget


class MediaNode:
    """Not for use from more than one event loop or thread."""

    def __init__(
        self, settings: MediaSettings, secret: bytes, collector: Collector | None = None
    ) -> None:
        """`collector` is for a process of the node's own; without it Python collects as ever."""
        if len(secret) < 16:
            raise ValueError("the control socket's secret needs at least 16 bytes")
        self.settings = settings
        self.address = ""
        self.draining = False
        self._secret = secret
        self._hosts: tuple[str, ...] = settings.hosts
        self._engine = Engine(Ports(*settings.ports))
        self._visits = Visits(settings, self._make_leg, self._leg_changed, lambda: self._load.busy)
        self._legs: set[Leg] = set()
        self._past = Counters()  # of the legs that have gone
        self._posted = 0
        self._diallers: dict[Dialler, asyncio.Task[None] | None] = {}
        self._server: asyncio.Server | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._collector = collector
        self._load = Load(settings.most_cpu, settings.most_late)
        self._unsettled = True  # legs came or went since the last sweep
        self._emptied = asyncio.Event()
        self._emptied.set()

    async def start(self, listen: str = "127.0.0.1:0") -> None:
        """Listen for diallers. Raises `compat.Moved` if a library is not the one we know,
        `OSError` if the address cannot be had, `ValueError` if it is not one."""
        compat.check()
        compat.quieten()
        self._hosts = self.settings.hosts or compat.host_addresses()
        where = Address.parse(listen)
        if where.path:
            listening = listen_at(Path(where.path))
            self._server = await asyncio.start_unix_server(self._serve, sock=listening)
        else:
            self._server = await asyncio.start_server(self._serve, where.host, where.port)
            port = self._server.sockets[0].getsockname()[1]
            where = Address(host=where.host, port=port)
        self.address = str(where)
        self._ticker = asyncio.create_task(self._tick())

    async def drain(self) -> None:
        """Take nothing new; return when the last leg has gone or `drain_timeout` is over."""
        self.draining = self._visits.draining = True
        await self._visits.close_rooms()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.drain_timeout):
                await self._emptied.wait()

    async def close(self) -> None:
        """End every visit and every connection; idempotent."""
        self.draining = self._visits.draining = True
        if self._server is not None:
            self._server.close()
        await self._visits.close()
        await asyncio.gather(*(leg.close() for leg in list(self._legs)))
        serving = [task for task in self._diallers.values() if task is not None]
        for dialler in self._diallers:
            dialler.close()
        await asyncio.gather(*serving, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)
        if self.address.startswith("unix:"):
            remove(Path(self.address[5:]))

    @property
    def is_full(self) -> bool:
        """Whether a new visit would be refused."""
        taken = len(self._legs) + USUAL_PARTICIPANTS
        return self.draining or self._load.busy or taken > self.settings.max_legs

    def counters(self) -> Counters:
        """What became of all datagrams since the start."""
        total = Counters()
        total.add(self._past)
        for leg in self._legs:
            total.add(leg.counters)
        return total

    def stats(self, request_id: int = 0) -> NodeStats:
        total = self.counters()
        return NodeStats(
            id=request_id,
            visits=len(self._visits),
            legs=len(self._legs),
            forwarded=total.forwarded,
            dropped=total.dropped,
            cpu_s=time.process_time(),
            rss_bytes=resident_bytes(),
            threads=threading.active_count(),
            tasks=len(asyncio.all_tasks()),
            resent=total.resent,
            asked=total.asked,
            repaired=total.repaired,
            floods=total.floods,
            posted=self._posted,
        )

    # Diallers

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._diallers) >= self.settings.max_diallers:
            writer.transport.abort()
            return
        dialler = Dialler(self.settings, self._secret, reader, writer)
        task = asyncio.current_task()
        self._diallers[dialler] = task
        try:
            await dialler.serve(self.answer, self._connected())
        finally:
            del self._diallers[dialler]

    def _connected(self) -> Iterator[LegChanged]:
        """Every connected leg, looked at in the moment that it is told."""
        # A generator: what ends before its turn is not told, what comes later is told as it comes.
        for bridge in self._visits:
            yield from bridge.connected()

    async def answer(self, request: AnyRequest) -> AnyReply:
        """One reply to one request, or a `MediaError`."""
        if isinstance(request, Stats):
            return self.stats(request.id)
        if isinstance(request, Post):
            self._pass_on(request)
            return Done(request.id)
        sdp = await self._visits.ask(request)
        return Opened(request.id, sdp) if isinstance(request, OpenLeg) else Done(request.id)

    def _pass_on(self, post: Post) -> None:
        if len(post.payload) > POST_LIMIT:
            raise BadRequest("the word is longer than may be posted")
        self._posted += 1
        posted = Posted(post.visit, post.sender, post.to, post.payload)
        for dialler in list(self._diallers):
            dialler.pass_on(posted)

    # Legs

    def _make_leg(self, on_change: Callable[[Leg, str], None]) -> Leg:
        if len(self._legs) >= self.settings.max_legs:
            raise TooManyLegs("the node is full")
        leg = Leg(self.settings, self._hosts, self._engine, on_change)
        self._legs.add(leg)
        self._unsettled = True
        self._emptied.clear()
        return leg

    def _leg_changed(self, event: LegChanged, leg: Leg) -> None:
        if leg.state in ("failed", "closed") and leg in self._legs:
            self._legs.discard(leg)
            self._unsettled = True
            self._past.add(leg.counters)
            if not self._legs:
                self._emptied.set()
        for dialler in list(self._diallers):
            dialler.tell(event)

    async def _tick(self) -> None:
        sweep_at = quality_at = 0.0
        while True:
            asked = time.monotonic()
            await asyncio.sleep(_TICK)
            now = time.monotonic()
            self._load.late(now - asked - _TICK)
            await in_portions(leg.tick(now) for leg in list(self._legs))
            if now >= sweep_at:
                sweep_at = now + _SWEEP
                self.sweep(now)
                self._settle()
                self._load.look(now, time.process_time())
                await self._tell_quality(only_silence=True)
            if now >= quality_at:
                quality_at = now + self.settings.quality_interval
                await self._tell_quality()

    async def _tell_quality(self, *, only_silence: bool = False) -> None:
        await in_portions(
            self._tell_quality_of(each, only_silence) for each in self._visits if not each.warm
        )

    def _tell_quality_of(self, bridge: Bridge, only_silence: bool) -> bool:
        now = time.monotonic()
        if only_silence and not bridge.silence_changed(now):
            return False
        for event in bridge.qualities(now):
            for dialler in self._diallers:
                dialler.tell(event)
        return True

    def _settle(self) -> None:
        changed, self._unsettled = self._unsettled, False
        if changed and self._collector is not None:
            if self._legs:
                self._collector.settled()
            else:
                self._collector.idle()

    def sweep(self, now: float) -> None:
        """Forget visits whose legs have all been gone for a while; `now` is monotonic."""
        self._visits.sweep(now)
