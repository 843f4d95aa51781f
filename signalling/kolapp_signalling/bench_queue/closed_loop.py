"""Batches of calls with so many in flight, timed. What each Python driver does with its system."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

BATCH = 256  # joined, then pulled, then ended: the line is never longer than it was by more


class System(Protocol):
    """One of the measured systems; `queue` names one of its queues."""

    async def join(self, queue: str) -> None: ...
    async def pull(self, queue: str, hand: int) -> Any:
        """`hand`: which of `BATCH` clinicians or workers asks. Answers with what `end` needs."""

    async def end(self, queue: str, pulled: Any) -> None: ...


class Timed:
    """How long calls took, how long it took to do them all, and whose CPU time."""

    def __init__(self, store_pid: int) -> None:
        self.took_ns: list[int] = []
        self.busy_ns = 0
        self._store_pid = store_pid
        self._store_ns = 0
        self._driver_ns = 0

    async def run(self, calls: Sequence[Callable[[], Awaitable[Any]]], in_flight: int) -> list[Any]:
        answers: list[Any] = [None] * len(calls)
        left = iter(enumerate(calls))

        async def one_after_the_other() -> None:
            for index, call in left:
                began = time.perf_counter_ns()
                answers[index] = await call()
                self.took_ns.append(time.perf_counter_ns() - began)

        store_ns, driver_ns = cpu_ns(self._store_pid), time.process_time_ns()
        began = time.perf_counter_ns()
        await asyncio.gather(*(one_after_the_other() for _ in range(in_flight)))
        self.busy_ns += time.perf_counter_ns() - began
        self._driver_ns += time.process_time_ns() - driver_ns
        self._store_ns += cpu_ns(self._store_pid) - store_ns
        return answers

    def figures(self) -> dict[str, float]:
        took = sorted(self.took_ns)

        def at(share: float) -> float:
            return round(took[min(len(took) - 1, int(share * len(took)))] / 1e6, 3)

        count = len(took)
        return {
            "n": count,
            "per_s": round(count / (self.busy_ns / 1e9), 1),
            "p50_ms": at(0.5),
            "p99_ms": at(0.99),
            "store_us": round(self._store_ns / count / 1e3, 1),
            "driver_us": round(self._driver_ns / count / 1e3, 1),
        }


def cpu_ns(pid: int) -> int:
    """CPU time of a process so far, all its threads' (proc(5): schedstat)."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


async def measure(
    system: System, queue: str, in_flight: int, seconds: float, store_pid: int
) -> dict[str, dict[str, float]]:
    """Figures of join, pull and end; `seconds` is for the three together."""
    join, pull, end = Timed(store_pid), Timed(store_pid), Timed(store_pid)
    until = time.monotonic() + seconds
    while not join.took_ns or time.monotonic() < until:
        await join.run([partial(system.join, queue)] * BATCH, in_flight)
        hands = [partial(system.pull, queue, hand) for hand in range(BATCH)]
        pulled = await pull.run(hands, in_flight)
        if None in pulled:
            raise RuntimeError("a pull found nobody, so there is nothing to compare")
        ends = [partial(system.end, queue, what) for what in pulled]
        await end.run(ends, in_flight)
    return {"join": join.figures(), "pull": pull.figures(), "end": end.figures()}


async def fill(system: System, queue: str, count: int) -> None:
    """So many wait before anything is measured."""
    for at in range(0, count, 10_000):
        await Timed(os.getpid()).run([partial(system.join, queue)] * min(10_000, count - at), 64)


async def obey(verbs: Mapping[str, Callable[..., Awaitable[Any]]]) -> None:
    """One JSON line in, `{"do": verb, ...}`, one out; until the input ends."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        order = json.loads(line)
        done = await verbs[order.pop("do")](**order)
        sys.stdout.write(json.dumps(done or {}) + "\n")
        sys.stdout.flush()
