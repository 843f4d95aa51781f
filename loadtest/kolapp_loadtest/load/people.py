"""Worker: the lives of some of a day's people, lived in one process."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Any

from ..bench.worker import Verb, run_worker
from ..network import Network
from .clinician_life import ClinicianLived
from .freshness import Freshness
from .legs import Legs
from .lives import ClinicianLife, PatientLife
from .measures import Measures
from .patient_life import PatientLived
from .tokens import Tokens

LOOKS_EVERY_S = 0.1  # at each connection
# New objects before the collector looks at the newest; how often it does before it looks at what
# lives a little longer, and at all: never.
COLLECTOR = (10_000, 20, 1_000_000)


class People:
    def __init__(self, network: Network) -> None:
        self._network = network
        self._measures = Measures()
        self._front = Freshness(self._measures)
        self._patients: list[PatientLived] = []
        self._clinicians: list[ClinicianLived] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: list[str] = []
        self._legs: Legs | None = None
        self._url = ""
        self._key_file = ""

    async def settle(
        self,
        url: str,
        key_file: str,
        patients: list[dict[str, Any]],
        clinicians: list[dict[str, Any]],
        media_at_once: int,
    ) -> None:
        """Be told who lives here."""
        self._url, self._key_file = url, key_file
        if any(one["media"] for one in (*patients, *clinicians)):
            self._legs = Legs(url, self._measures, media_at_once)
            await self._legs.open()
            await self._legs.prepare()
        shared, legs = (self._network, self._measures), self._legs
        for one in patients:
            self._patients.append(PatientLived(PatientLife(**one), url, *shared, self._front, legs))
        for one in clinicians:
            self._clinicians.append(ClinicianLived(_clinician(one), url, *shared, legs))

    async def begin(self, start_ns: int, end_ns: int) -> None:
        """The day begins at `start_ns` (perf_counter_ns, which all processes share)."""
        gc.collect()
        gc.set_threshold(*COLLECTOR)
        self._put_aside()
        tokens = Tokens(self._url, self._network, self._key_file)
        lives = [one.live(start_ns, tokens, end_ns) for one in self._clinicians]
        lives += [one.live(start_ns, tokens, end_ns) for one in self._patients]
        for life in lives:
            task = asyncio.create_task(life)
            self._tasks.add(task)
            task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._measures.error("life", type(error).__name__)
            if len(self._failed) < 10:
                self._failed.append(f"{type(error).__name__}: {error}")

    async def drain(self) -> dict[str, Any]:
        """What was measured since the last time, and how things stand."""
        self._put_aside()
        clients = [one.client for one in self._patients if one.client is not None]
        open_ones = [client for client in clients if client.closed is None]
        return self._measures.drain() | {
            "alive": len(self._tasks) + (self._legs.going_on if self._legs else 0),
            "legs_pid": self._legs.pid if self._legs else 0,
            "connected": sum(client.connected for client in open_ones),
            "waiting": sum(client.state == "waiting" for client in open_ones),
            "in_visit": sum(client.state == "in_visit" for client in open_ones),
            "failed": self._failed,
            "cpu_s": time.process_time(),
        }

    @staticmethod
    def _put_aside() -> None:
        """What has lived for a while is left alone by the collector: to look at five thousand
        connections takes half a second, in which nobody here would be in time. Rings that those
        who left leave behind stay until the run is over."""
        gc.freeze()

    async def drop(self, share: float, offline_s: float, seed: int) -> int:
        """The network of a share of those who are connected is gone; returns how many lost it."""
        random = Random(seed)
        there = [one for one in self._patients if one.client is not None and one.client.connected]
        hit = [one for one in there if random.random() < share]
        for one in hit:
            self._network.spawn(one.go_offline(offline_s))
        return len(hit)

    async def disturb(self) -> None:
        """A fault comes: the order of those who are here now may suffer with reason."""
        for one in self._patients:
            if one.client is not None and one.client.closed is None:
                one.disturbed = True

    async def look(self) -> None:
        while True:
            await asyncio.sleep(LOOKS_EVERY_S)
            now_ns = time.perf_counter_ns()
            connections = [one.connection for one in self._patients]
            connections += [one.connection for one in self._clinicians]
            for connection in connections:
                if connection is not None:
                    connection.look(now_ns)

    async def close(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._legs is not None:
            await self._legs.close()


def _clinician(one: dict[str, Any]) -> ClinicianLife:
    """JSON knows lists only."""
    tupled = {name: _tupled(value) for name, value in one.items()}
    return ClinicianLife(**tupled)


def _tupled(value: Any) -> Any:
    return tuple(_tupled(part) for part in value) if isinstance(value, list) else value


@asynccontextmanager
async def job() -> AsyncIterator[Mapping[str, Verb]]:
    async with AsyncExitStack() as stack:
        network = await stack.enter_async_context(Network())
        people = People(network)
        stack.push_async_callback(people.close)
        network.spawn(people.look())
        verbs = (people.settle, people.begin, people.drain, people.drop, people.disturb)
        yield {verb.__name__: verb for verb in verbs}


if __name__ == "__main__":
    run_worker(job())
