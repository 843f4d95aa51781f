"""Batches of calls with so many in flight, timed. What each Python driver does with its system."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

BATCH = 256  # joined, then pulled, then ended: the line is never longer than it was by more


class System(Protocol):
    """One of the measured systems; `queue` names one of its queues."""

    async def join(self, queue: str) -> None: ...
    async def pull(self, queue: str, hand: int) -> Any:
        """`hand`: which of `BATCH` clinicians or workers asks. Answers with what `end` needs."""

    async def end(self, queue: str, pulled: Any) -> None: ...


class Timed:
    """How long calls took, and how long it took to do them all."""

    def __init__(self) -> None:
        self.took_ns: list[int] = []
        self.busy_ns = 0

    async def run(self, calls: Sequence[Callable[[], Awaitable[Any]]], in_flight: int) -> list[Any]:
        answers: list[Any] = [None] * len(calls)
        left = iter(enumerate(calls))

        async def one_after_the_other() -> None:
            for index, call in left:
                began = time.perf_counter_ns()
                answers[index] = await call()
                self.took_ns.append(time.perf_counter_ns() - began)

        began = time.perf_counter_ns()
        await asyncio.gather(*(one_after_the_other() for _ in range(in_flight)))
        self.busy_ns += time.perf_counter_ns() - began
        return answers

    def figures(self) -> dict[str, float]:
        took = sorted(self.took_ns)

        def at(share: float) -> float:
            return round(took[min(len(took) - 1, int(share * len(took)))] / 1e6, 3)

        per_s = round(len(took) / (self.busy_ns / 1e9), 1)
        return {"n": len(took), "per_s": per_s, "p50_ms": at(0.5), "p99_ms": at(0.99)}


async def measure(
    system: System, queue: str, in_flight: int, seconds: float
) -> dict[str, dict[str, float]]:
    """Figures of join, pull and end; `seconds` is for the three together."""
    join, pull, end = Timed(), Timed(), Timed()
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
        await Timed().run([partial(system.join, queue)] * min(10_000, count - at), 64)


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
