"""One media server under a rising load: what it costs, loses and delays, until it breaks."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from ..errors import BenchFailed
from .figures import percentile
from .machine import CpuMeter, rss_mb
from .media_attacks import measure as measure_attacks
from .media_load import Pion
from .media_systems import Janus, Kolapp, Relay, System
from .media_wire import Wire

SYSTEMS: dict[str, type[Kolapp | Relay | Janus]] = {
    "kolapp": Kolapp,
    "mediarelay": Relay,
    "janus": Janus,
}
STEPS = {
    "kolapp": (1, 10, 20, 40, 60, 80, 100, 120),
    "janus": (1, 10, 20, 30, 40, 50, 60),
    "mediarelay": (1, 2, 3),
}
SETTLE_S = 2.0
MOST_LOSS = 0.001  # and most of a core: beyond it a step has not held
MOST_CPU = 0.95
MOST_LATE_MS = 100.0  # half of the packets; who talks with somebody notices more
WATCHED = 3  # calls whose packets are looked at on the wire
ATTACKED = 20  # calls beside which attacks are measured: there is room to see their cost


def tell(progress: str) -> None:
    sys.stderr.write(f"kolapp bench media: {progress}\n")
    sys.stderr.flush()


class Run:
    """One system, from one call to as many as it holds."""

    def __init__(
        self, name: str, options: argparse.Namespace, program: Path, recording: Path
    ) -> None:
        self._system: System = SYSTEMS[name]()
        self._steps = [each for each in STEPS[name] if each <= options.most]
        self._seconds = options.seconds
        self._pion = Pion(program)
        self._recording = recording
        self._calls = 0
        self._before = (0, 0.0)  # calls and memory (MB) that a step is compared with

    async def measure(self) -> dict[str, Any]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._pion)
            await self._pion.record(self._recording)
            direct = await self._direct()
            await self._system.open(stack, self._pion)
            _apart(self._system, self._pion.pid)
            self._before = 0, self._memory_mb()
            rows: list[dict[str, Any]] = []
            attacks: dict[str, Any] = {}
            for calls in self._steps:
                tell(f"{self._system.name}: {calls} calls")
                await self._grow(calls)
                rows.append(await self._step(direct))
                if not rows[-1]["held"]:
                    break
                if calls >= ATTACKED and not attacks and isinstance(self._system, Kolapp):
                    tell(f"{self._system.name}: attacks beside {calls} calls")
                    attacks = await measure_attacks(self._system, self._pion)
            report = _headline(rows) | {"direct_ms": direct, "steps": rows}
            if attacks:
                report["attacks"] = attacks
            if self._system.name != "mediarelay":  # its own delay is measured inside
                await self._compare_at_load(report)
            return report

    async def _compare_at_load(self, report: dict[str, Any]) -> None:
        """The load is busy too, and late by itself: so many legs once more, without a server."""
        best = _best(report["steps"])
        for number in range(self._calls):
            for leg in (f"{number}a", f"{number}b"):
                await self._pion.close_leg(leg)
        tell(f"{self._system.name}: {best['calls']} pairs without a server")
        direct = await self._direct(best["calls"])
        report["direct_at_load_ms"] = direct
        report["added_at_load_ms"] = {
            key: round(best["late_ms"][key] - direct[key], 3) for key in direct
        }

    async def _grow(self, calls: int) -> None:
        while self._calls < calls:
            number = self._calls
            await self._system.call(number)
            for leg in (f"{number}a", f"{number}b"):
                await self._pion.send(leg)
            self._calls += 1

    async def _direct(self, pairs: int = 1) -> dict[str, float]:
        """Pion peers without a server between: the floor of what is measured."""
        for number in range(pairs):
            await self._pair(f"{number}x", f"{number}y")
        await asyncio.sleep(SETTLE_S)
        await self._pion.figures()
        await asyncio.sleep(self._seconds)
        figures = await self._pion.figures()
        legs = [f"{number}{side}" for number in range(pairs) for side in "xy"]
        await asyncio.gather(*map(self._pion.close_leg, legs))
        return _percentiles(figures["late_ms"])

    async def _pair(self, here: str, there: str, attempts: int = 3) -> None:
        """Two peers that send to each other. pion's answerer gives up after seven checks, a
        second and a half, even if the offerer has no answer yet: on a busy machine, try again."""
        answer = await self._pion.answer(there, await self._pion.offer(here))
        try:
            await self._pion.accept(here, answer)
        except BenchFailed:
            if attempts == 1:
                raise
            await asyncio.gather(self._pion.close_leg(here), self._pion.close_leg(there))
            await self._pair(here, there, attempts - 1)
            return
        await asyncio.gather(self._pion.send(here), self._pion.send(there))

    async def _step(self, direct: dict[str, float]) -> dict[str, Any]:
        await asyncio.sleep(SETTLE_S)
        await self._pion.figures()
        await self._system.late()
        meter = CpuMeter(self._system.pids | {"load": self._pion.pid})
        start = time.monotonic()
        with Wire(self._watched()) as wire:
            await asyncio.sleep(self._seconds)
        figures = await self._pion.figures()
        passed = time.monotonic() - start
        used = meter.used_s()
        load_s = used.pop("load")
        server_s = sum(used.values())
        inside = await self._system.late()
        late = _percentiles(figures["late_ms"] if inside is None else inside)
        floor = direct if inside is None else {"p50": 0.0, "p99": 0.0}
        loss = max(0.0, 1 - figures["received"] / max(1, figures["expected"]))
        cpu = server_s / passed
        return {
            "calls": self._calls,
            "packets_per_s": round(figures["received"] / passed),
            "packets_per_cpu_s": round(figures["received"] / server_s) if server_s else 0,
            "cpu": round(cpu, 3),
            "load_cpu": round(load_s / passed, 3),
            "loss": round(loss, 5),
            "silent_legs": figures["silent"],
            "late_ms": late,
            "added_ms": {key: round(late[key] - floor[key], 3) for key in ("p50", "p99")},
            "inside_ms": wire.figures(),
            "mb_per_call": self._mb_per_call(),
            "held": (
                loss <= MOST_LOSS
                and cpu <= MOST_CPU
                and late["p50"] <= MOST_LATE_MS
                and not figures["silent"]
            ),
        }

    def _watched(self) -> dict[int, int]:
        """The server's ports of some calls, each with that of who is at the other end."""
        ports = self._pion.ports
        pairs = [(ports[f"{n}a"], ports[f"{n}b"]) for n in range(min(WATCHED, self._calls))]
        return {here: there for a, b in pairs for here, there in ((a, b), (b, a))}

    def _mb_per_call(self) -> float:
        calls_before, mb_before = self._before
        mb = self._memory_mb()
        if not calls_before:  # the first call also fills what all share
            self._before = self._calls, mb
        return round((mb - mb_before) / (self._calls - calls_before), 2)

    def _memory_mb(self) -> float:
        return sum(rss_mb(pid) for pid in self._system.pids.values())


def _apart(system: System, load: int) -> None:
    """Server and load on cores of their own, where there are two, and before other programs, where
    that is allowed: a process that waits for its core while others use it is late for nothing
    that is measured here."""
    cores = sorted(os.sched_getaffinity(0))
    servers = set(system.pids.values())
    for pid in (*servers, load):
        for task in os.listdir(f"/proc/{pid}/task"):
            if len(cores) > 1:
                os.sched_setaffinity(int(task), {cores[0]} if pid in servers else set(cores[1:]))
            with contextlib.suppress(PermissionError):
                os.sched_setscheduler(int(task), os.SCHED_RR, os.sched_param(1))


def _percentiles(samples: list[float]) -> dict[str, float]:
    ordered = sorted(samples)
    if not ordered:
        return {"p50": 0.0, "p99": 0.0}
    return {
        "p50": round(percentile(ordered, 0.50), 3),
        "p99": round(percentile(ordered, 0.99), 3),
    }


def _best(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The largest step that held."""
    return max((row for row in rows if row["held"]), key=lambda row: row["calls"], default=rows[0])


def _headline(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Of the largest step that held; calls a core by the CPU time that a call took there. Memory
    of the largest step: what a call takes beside what all share."""
    best = _best(rows)
    return {
        "calls_held": best["calls"] if best["held"] else 0,
        "calls_per_core": round(best["calls"] / best["cpu"], 1) if best["cpu"] else 0.0,
        "packets_per_cpu_s": best["packets_per_cpu_s"],
        "load_cpu": best["load_cpu"],
        "loss": best["loss"],
        "added_ms": best["added_ms"],
        "inside_ms": best["inside_ms"],
        "mb_per_call": rows[-1]["mb_per_call"],
    }
