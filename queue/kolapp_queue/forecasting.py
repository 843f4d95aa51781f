"""A queue's waiting times, computed by one node at a time and read by all.

Whoever holds the lease follows the queue's events, computes the curve and the promises once after
each burst of changes, and publishes both. When it stops or dies, another node takes the lease and
goes on from what was published and remembered: nobody's promise is lost, and nothing is learned
twice. Work is done in slices, because "your turn" does not wait for a forecast.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .audit_stream import BATCH
from .bulletin import Bulletin
from .errors import StoreUnavailable
from .forecast_facts import Elsewhere, Reading, ask, reading_of
from .forecast_lease import ForecastLease
from .keys import queue_key
from .link import Link
from .model import QueueRef

if TYPE_CHECKING:
    from .eta.live import LiveForecast

SLICE_S = 0.004  # of computing, before others get the loop for as long
REST = 10.0  # computations rest so many times as long as the last one took


@dataclass(frozen=True, slots=True)
class ForecastTimes:
    lease_ms: int = 3_000  # a node that died is succeeded after this
    gather_ms: int = 30  # lets "your turn" and the rest of a burst pass first
    least_ms: int = 200  # between two computations
    refresh_ms: int = 5_000  # waits change with the time, though nothing happens
    remember_ms: int = 300_000  # between two writings of what was learned
    compare_ms: int = 60_000  # between two looks at whether the events told the whole line


@dataclass(frozen=True, slots=True)
class Forecasted:
    """What is configured of a queue, as of now."""

    prior_ms: int  # mean visit as long as nothing is known
    zone_s: Callable[[int], float]  # by how much its clocks are ahead of UTC at a moment (ms)
    # When the last number is drawn, as of a moment; None: no end in sight.
    joins_until_ms: Callable[[Bulletin, int], int | None]
    speed: int = 1  # of a rehearsed day


class Forecasting:
    """One queue's, on one node: it computes whenever no other node does."""

    def __init__(
        self,
        link: Link,
        ref: QueueRef,
        configured: Callable[[], Forecasted],
        times: ForecastTimes = ForecastTimes(),
    ) -> None:
        self._link = link
        self._ref = ref
        self._configured = configured
        self._times = times
        self._changed = asyncio.Event()

    def touched(self) -> None:
        """Something happened in the queue."""
        self._changed.set()

    async def run(self) -> None:
        """For as long as the node runs."""
        while True:
            with suppress(StoreUnavailable):
                await self._while_held()
            await asyncio.sleep(self._times.lease_ms / 1000 * random.uniform(0.2, 0.4))

    async def _while_held(self) -> None:
        lease = ForecastLease(self._link, self._ref, secrets.token_hex(8), self._times.lease_ms)
        if not await lease.hold():
            return
        computing = Computing(self._link, self._ref, lease, self._configured, self._times)
        try:
            await computing.begin()
            while await computing.step():
                await self._pause(computing.rest_s)
        finally:
            with suppress(StoreUnavailable):
                await computing.end()

    async def _pause(self, rest_s: float) -> None:
        """Until something happens, or the lease must be renewed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._times.lease_ms / 3000):
                await self._changed.wait()
                self._changed.clear()
                await asyncio.sleep(max(self._times.gather_ms / 1000, rest_s))


class Computing:
    """From the lease on until it is lost."""

    def __init__(
        self,
        link: Link,
        ref: QueueRef,
        lease: ForecastLease,
        configured: Callable[[], Forecasted],
        times: ForecastTimes,
    ) -> None:
        self._link = link
        self._ref = ref
        self._lease = lease
        self._configured = configured
        self._times = times
        self._live: LiveForecast | None = None
        self._elsewhere = Elsewhere(link, ref)
        self.rest_s = 0.0  # before the next computation
        self._version = -1  # of the queue, at the last one
        # The loop's time at which each is due.
        self._refresh_at = self._compare_at = self._renew_at = self._remember_at = 0.0
        self._remembered = 0

    async def begin(self) -> None:
        # Here, because a node that never computes need not load numpy for it.
        from .eta.live import LiveForecast

        published, memory = await self._lease.left()
        configured = self._configured()
        unit_s = configured.prior_ms / 1000
        self._live = LiveForecast(unit_s, memory, published, configured.zone_s, configured.speed)
        self._remembered = self._live.learned
        self._remember_at = _now() + self._times.remember_ms / 1000

    async def step(self) -> bool:
        """Compute if there is anything new; False if the lease was lost."""
        assert self._live is not None
        if _now() < self._refresh_at and not await self._is_new():
            return await self._lease.hold()
        reading = await self._catch_up(self._live)
        if reading is None:
            return False
        started = _now()
        if reading.line is not None:
            self._live.in_line(*reading.line)
        facts = reading.facts
        until_ms = self._configured().joins_until_ms(reading.bulletin, facts.now_ms)
        facts = replace(facts, joins_until_ms=until_ms)
        if self._live.state.waiting:
            facts = await self._elsewhere.look(facts, self._live.state.servers)
        published = self._live.publish(facts)
        self._version = facts.version
        took_s = _now() - started
        self.rest_s = max(self._times.least_ms / 1000, REST * took_s)
        self._refresh_at = _now() + self._times.refresh_ms / 1000
        return await self._lease.publish(published) and await self._remember(self._live)

    async def end(self) -> None:
        if self._live is not None and self._live.learned > self._remembered:
            await self._lease.remember(self._live.memory())
        await self._lease.release()

    async def _is_new(self) -> bool:
        """Hints may be lost."""
        key = queue_key(self._ref, "meta")
        version = await self._link.do(lambda redis: redis.hget(key, "version"))
        return int(version or 0) != self._version

    async def _catch_up(self, live: LiveForecast) -> Reading | None:
        """Apply what happened up to this moment; None if the lease was lost on the way."""
        since = _now()
        while True:
            compare = _now() >= self._compare_at
            reading = await self._read(live, compare)
            if reading.version < self._version:
                return None  # the store lost its last writes: begin anew with what it has
            for entry, told in reading.events:
                live.happened(entry, told, reading.facts.now_ms)
                if _now() - since > SLICE_S:
                    await asyncio.sleep(SLICE_S)
                    since = _now()
            if len(reading.events) < BATCH:
                if compare:
                    self._compare_at = _now() + self._times.compare_ms / 1000
                return reading
            if not await self._lease.hold():
                return None

    async def _read(self, live: LiveForecast, compare: bool) -> Reading:
        after = live.cursor
        return reading_of(
            await self._link.together(lambda pipeline: ask(self._ref, pipeline, after, compare))
        )

    async def _remember(self, live: LiveForecast) -> bool:
        if _now() < self._remember_at or live.learned == self._remembered:
            return True
        self._remember_at = _now() + self._times.remember_ms / 1000
        self._remembered = live.learned
        return await self._lease.remember(live.memory())


def _now() -> float:
    return asyncio.get_running_loop().time()
