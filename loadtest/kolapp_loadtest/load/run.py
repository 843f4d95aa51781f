"""A run: workers settled, the day begun, faults done on time, everything measured collected."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Any

from ..bench.machine import Others, cpu_s, rss_mb
from ..bench.worker import Worker
from .lives import Plan
from .measures import Total
from .own_server import ScenarioServer
from .run_record import LEGS, FaultDone, Result, Tick
from .scenario import KILL, Fault, Scenario

TICK_S = 1.0
SETTLE_S = 60.0
BEGIN_AHEAD_NS = 1_500_000_000  # long enough for the first patient's app to be opened before
BACK_S = 20.0  # a killed process has a successor within this
LOOKS_S = 0.1
LAST_WORDS_S = 15.0  # after the end, and after the longest visit, everybody says goodbye
PEOPLE = "kolapp_loadtest.load.people"


Watch = Callable[[Tick, Total], None]


class Run:
    def __init__(
        self,
        scenario: Scenario,
        plan: Plan,
        *,
        url: str,
        key_file: str,
        server: ScenarioServer | None,
        workers: int,
        watch: Watch,
        media_at_once: int = 0,
    ) -> None:
        self._scenario, self._plan = scenario, plan
        self._url, self._key_file, self._server = url, key_file, server
        self._count, self._watch = workers, watch
        self._media_at_once = media_at_once
        self._leg_pids: dict[str, int] = {}
        self._workers: dict[str, Worker] = {}
        self._cpu: dict[str, tuple[int, float]] = {}  # pid and seconds, at the last tick
        self._ticked_s = 0.0
        self._others = Others()
        self.result = Result()

    async def whole(self) -> Result:
        async with AsyncExitStack() as stack:
            await self._settle(stack)
            start_ns = time.perf_counter_ns() + BEGIN_AHEAD_NS
            end_ns = start_ns + int(self._scenario.wire_s * 1e9)
            self.result.start_ns = start_ns
            await self._all("begin", start_ns=start_ns, end_ns=end_ns)
            faults = asyncio.create_task(self._faults(start_ns))
            try:
                await self._until_over(end_ns)
            finally:
                faults.cancel()
                await asyncio.wait([faults])
            self.result.lasted_s = (time.perf_counter_ns() - start_ns) / 1e9
            if not faults.cancelled() and (error := faults.exception()):
                raise error
        return self.result

    async def _settle(self, stack: AsyncExitStack) -> None:
        """Clinicians have a process of their own: what they measure shall not wait for patients."""
        patients = [asdict(one) for one in self._plan.patients]
        # Those with media are together: their legs have one process beside that of the people.
        rest = [one for one in patients if not one["media"]]
        for number in range(self._count):
            worker = await stack.enter_async_context(Worker(PEOPLE))
            self._workers[f"patients {number + 1}"] = worker
            share = rest[number :: self._count]
            if not number:
                share += [one for one in patients if one["media"]]
            await self._settled(worker, share, [])
        worker = await stack.enter_async_context(Worker(PEOPLE))
        self._workers["clinicians"] = worker
        await self._settled(worker, [], [asdict(one) for one in self._plan.clinicians])

    async def _settled(self, worker: Worker, patients: list[Any], clinicians: list[Any]) -> None:
        people = {"patients": patients, "clinicians": clinicians}
        where = {"url": self._url, "key_file": self._key_file, "media_at_once": self._media_at_once}
        await worker.call("settle", SETTLE_S, **where, **people)

    async def _all(self, verb: str, **arguments: Any) -> list[Any]:
        calls = [worker.call(verb, SETTLE_S, **arguments) for worker in self._workers.values()]
        return await asyncio.gather(*calls)

    async def _until_over(self, end_ns: int) -> None:
        """Until all lives are over, which the plan's end, patience and visits bound."""
        last_ns = end_ns + int((self._scenario.longest_wire_s + LAST_WORDS_S) * 1e9)
        while True:
            await asyncio.sleep(TICK_S)
            alive = await self._tick()
            if not alive or time.perf_counter_ns() > last_ns:
                if alive:
                    self.result.failures.append(f"{alive} lives were not over in time")
                return

    async def _tick(self) -> int:
        handed = await self._all("drain")
        for name, one in zip(self._workers, handed, strict=True):
            self.result.total.take(name, one)
            if one["legs_pid"]:
                self._leg_pids[f"{LEGS}{name.split()[0]}"] = one["legs_pid"]
            self.result.failures = [*one["failed"]] or self.result.failures
        now = self._now(handed)
        self.result.ticks.append(now)
        self._watch(now, self.result.total)
        return sum(one["alive"] for one in handed)

    def _now(self, handed: Sequence[dict[str, Any]]) -> Tick:
        counts = self.result.total.counts()
        pids = self._pids()
        return Tick(
            at_s=(time.perf_counter_ns() - self.result.start_ns) / 1e9,
            connected=sum(one["connected"] for one in handed),
            waiting=sum(one["waiting"] for one in handed),
            in_visit=sum(one["in_visit"] for one in handed),
            visits=counts["visits"],
            errors=sum(n for name, n in counts.items() if name.startswith("error:")),
            cpu=self._cores(pids),
            rss_mb={name: round(rss_mb(pid), 1) for name, pid in pids.items()},
            others=self._others.cores(pids.values()),
        )

    def _pids(self) -> dict[str, int]:
        own = {name: worker.pid for name, worker in self._workers.items()} | self._leg_pids
        return (self._server.serving() if self._server is not None else {}) | own

    def _cores(self, pids: dict[str, int]) -> dict[str, float]:
        now_s = time.perf_counter()
        passed_s, self._ticked_s = now_s - self._ticked_s, now_s
        before, self._cpu = self._cpu, {name: (pid, cpu_s(pid)) for name, pid in pids.items()}
        return {
            name: round((used - before[name][1]) / passed_s, 3)
            for name, (pid, used) in self._cpu.items()
            if name in before and before[name][0] == pid
        }

    async def _faults(self, start_ns: int) -> None:
        for fault in sorted(self._scenario.faults, key=lambda one: one.at_s):
            at_ns = start_ns + int(self._scenario.wire(fault.at_s) * 1e9)
            await asyncio.sleep(max(0.0, (at_ns - time.perf_counter_ns()) / 1e9))
            await self._all("disturb")
            done = FaultDone(fault, time.perf_counter_ns(), 0)
            self.result.faults.append(done)
            if fault.what == KILL:
                await self._kill(done)
            else:
                done.hit = await self._drop(fault)

    async def _kill(self, done: FaultDone) -> None:
        server, target = self._server, done.fault.target
        pid = server.serving().get(target) if server is not None else None
        if server is None or pid is None:
            self.result.failures.append(f"no {target} process of ours to kill")
            return
        done.at_ns = time.perf_counter_ns()
        os.kill(pid, signal.SIGKILL)
        done.hit = 1
        for _ in range(int(BACK_S / LOOKS_S)):
            await asyncio.sleep(LOOKS_S)
            if server.serving().get(target, pid) != pid:
                done.back_s = (time.perf_counter_ns() - done.at_ns) / 1e9
                return
        self.result.failures.append(f"no {target} process came in place of the one killed")

    async def _drop(self, fault: Fault) -> int:
        offline_s = fault.offline_wire_s
        hit = await self._all("drop", share=fault.share, offline_s=offline_s, seed=int(fault.at_s))
        return sum(hit)
