"""`kolapp bench turn`: from a clinician's pull to the "your turn" frame in the patient's client.

Open loop: the plan of all pulls is fixed before the first, and latency counts from the planned
moment, so a server (or this program) that falls behind pays for every pull it delays. Waiting
crowd, measured patients and clinicians are processes of their own; the floor of the same run,
sampled between the pulls from the clinicians' process, says what the machine could do at best.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .bench import socketio
from .bench.ending import ended
from .bench.machine import CpuMeter, about_this_machine, rss_mb, versions
from .bench.plan import Plan, make_plan
from .bench.report import freshness, joining, latencies, shares, summary
from .bench.server import OwnServer
from .bench.worker import Worker
from .errors import BenchFailed

WARM_UP_S = 2.0  # pulls at the same rate that are not counted; less in a shorter run
SETTLE_S = 5.0  # after the warm-up; what is told of it later would count as the measurement's
CYCLE_S = 4.0  # a clinician pulls again after this; the visits of the probes end much sooner
CROWD_PER_PROCESS = 2_500
LAST_TURN_S = 5.0  # a turn that has not come by then is missing
SETUP_S = 60.0  # for anything before the measurement, and 50 ms more for each client


@dataclass(frozen=True, slots=True)
class Options:
    clients: int
    pulls_per_s: float
    duration_s: float
    url: str
    store_url: str
    queue: str
    json: Path | None
    peer: bool

    @property
    def probes(self) -> int:
        """As many as there will be pulls, and some more: the crowd behind is never reached."""
        return round(self.pulls_per_s * (self.duration_s + self.warm_up_s)) + 5

    @property
    def warm_up_s(self) -> float:
        return min(WARM_UP_S, self.duration_s)

    @property
    def processes(self) -> int:
        """That the crowd lives in."""
        return max(1, -(-self.clients // CROWD_PER_PROCESS))

    @property
    def settle_s(self) -> float:
        """Until the last place before the measurement is on every screen."""
        return min(SETTLE_S, self.duration_s)

    @property
    def clinicians(self) -> int:
        return max(4, round(self.pulls_per_s * CYCLE_S))

    @property
    def setup_s(self) -> float:
        return SETUP_S + 0.05 * (self.clients + self.probes)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, 1 if the run failed or lost a turn, 130 when interrupted."""
    options = _options(argv)
    return ended("turn", _interruptible(options), options.json, summary, _all_came)


def _all_came(report: dict[str, Any]) -> bool:
    return bool(report["turn_ms"]["n"] == report["pulls"])


def _options(argv: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(
        prog="kolapp bench turn",
        description='Measure from a pull to the "your turn" frame, against the floor of the run.',
    )
    parser.add_argument("--clients", type=int, default=500, help="waiting clients (500)")
    parser.add_argument("--pulls-per-s", type=float, default=5.0, help="open loop (5)")
    parser.add_argument("--duration", type=float, default=30.0, help="seconds measured (30)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    parser.add_argument("--url", default="", help="measure this server, not an own one")
    parser.add_argument("--store-url", default="", help="its store, for the floor; with --url")
    parser.add_argument("--queue", default="drop-in", help="an empty queue of it (drop-in)")
    parser.add_argument("--alone", action="store_true", help="without Socket.IO beside it")
    given = parser.parse_args(argv)
    if given.clients < 0 or given.pulls_per_s <= 0 or given.duration <= 0:
        parser.error("--clients, --pulls-per-s and --duration must be positive")
    if bool(given.url) != bool(given.store_url):
        parser.error("--url and --store-url go together: the floor is measured on the same store")
    return Options(
        given.clients, given.pulls_per_s, given.duration,
        given.url, given.store_url, given.queue, given.json, not given.alone,
    )  # fmt: skip


async def _interruptible(options: Options) -> dict[str, Any]:
    """SIGTERM as SIGINT: cancel, so that everything started is stopped on the way out."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with AsyncExitStack() as server, AsyncExitStack() as clients:
        run = _Run(options, server, clients)
        report = await run.report()
        await clients.aclose()  # ours are gone before the peer's come
        return report | ({"socketio": await run.peer()} if options.peer else {})


def tell(progress: str) -> None:
    """A run takes a while: say what it does."""
    sys.stderr.write(f"kolapp bench turn: {progress}\n")
    sys.stderr.flush()


class _Run:
    def __init__(self, options: Options, server: AsyncExitStack, clients: AsyncExitStack) -> None:
        self._options = options
        self._server = server
        self._clients = clients
        self._server_pids: dict[str, int] = {}
        self._joined_s: dict[str, float] = {}
        self._url = options.url
        self._store_url = options.store_url

    async def report(self) -> dict[str, Any]:
        tell("starting")
        await self._start()
        options = self._options
        tell(f"{options.clients} clients and {options.probes} probes join")
        memory = await self._fill()
        await self._warm_up()
        tell(f"measuring for {options.duration_s:g} s")
        await asyncio.sleep(options.settle_s)
        cpu = CpuMeter(self._server_pids | self._generator_pids())
        before = await self._crowd_figures()
        watching = (self._probes, *self._crowds)
        for one in watching:
            await one.call("begin", 10.0)
        plan = make_plan(self._options.pulls_per_s, self._options.duration_s)
        pulls, floors, turns = await self._measure(plan)
        used = cpu.used_s()
        after = await self._crowd_figures()
        seen = [each for one in watching for each in await one.call("seen", 30.0)]
        failures = await self._probes.call("failures", 5.0)
        if after["waiting"] != self._options.clients:
            raise BenchFailed(
                f"only {after['waiting']} of {self._options.clients} clients waited to the end"
            )
        if failures:
            raise BenchFailed(f"{len(failures)} visits were cut short, the first: {failures[0]}")
        crowd = {"frames": after["frames"] - before["frames"]}
        return (
            self._about()
            | latencies(pulls, floors, turns)
            | freshness(pulls, seen)
            | shares(used, memory, self._options.duration_s)
            | joining(self._joined_s, options.clients + options.probes)
            | {"cpu_s": used, "memory": memory, "crowd": crowd}
        )

    async def peer(self) -> dict[str, Any]:
        """The same scenario on Socket.IO, on the same store; or why it is missing."""
        options = self._options
        tell("the same on Socket.IO")
        scenario = socketio.Scenario(
            options.clients,
            options.probes,
            options.clinicians,
            make_plan(options.pulls_per_s, options.warm_up_s, seed=2),
            make_plan(options.pulls_per_s, options.duration_s),
            options.duration_s,
            options.setup_s,
            LAST_TURN_S,
            options.settle_s,
            self._store_url,
        )
        try:
            return await socketio.measured(scenario, options.processes)
        except socketio.PeerMissing as missing:
            return {"missing": str(missing)}

    async def _start(self) -> None:
        start = self._clients.enter_async_context
        if not self._url:
            server = await self._server.enter_async_context(OwnServer())
            self._url, self._store_url = server.url, server.store_url
            self._server_pids = server.pids()
        module = f"{__package__}.bench."
        self._crowds = [
            await start(Worker(f"{module}crowd")) for _ in range(self._options.processes)
        ]
        self._probes = await start(Worker(f"{module}probes"))
        self._desk = await start(Worker(f"{module}desk"))
        self._echo = await start(Worker(f"{module}echo"))

    async def _fill(self) -> dict[str, float]:
        """Probes first, the crowd behind them, then the clinicians. Returns what they weigh."""
        options, where = self._options, {"url": self._url, "queue": self._options.queue}
        before_mb = self._signalling_mb()
        cpu = CpuMeter(self._server_pids)
        await self._probes.call("join", options.setup_s, count=options.probes, **where)
        for number, crowd in enumerate(self._crowds):
            share = (options.clients + number) // len(self._crowds)
            await crowd.call("join", options.setup_s, count=share, **where)
        grown_mb = self._signalling_mb() - before_mb
        self._joined_s = cpu.used_s()
        await self._desk.call("ready", options.setup_s, count=options.clinicians, **where)
        clients = options.clients + options.probes
        return {"server_kb_per_client": round(grown_mb * 1000 / clients, 1)}

    async def _warm_up(self) -> None:
        """Pulls that are not counted; they also show how large a turn's frame is."""
        plan = make_plan(self._options.pulls_per_s, self._options.warm_up_s, seed=2)
        pulls = await self._pull(Plan(plan.pulls_ns, ()))
        turns = await self._turns([pull["visit"] for pull in pulls["pulls"] if "visit" in pull])
        if not turns:
            failed = next((pull["failed"] for pull in pulls["pulls"] if "failed" in pull), "")
            raise BenchFailed(f"no turn came while warming up; {failed or 'the pulls succeeded'}")
        self._frame_bytes = next(iter(turns.values()))[1]
        await self._desk.call(
            "prepare_floor", 30.0,
            store_url=self._store_url,
            echo_url=await self._echo.call("url", 5.0),
            frame_bytes=self._frame_bytes,
            waiting=self._options.clients + self._options.probes,
        )  # fmt: skip
        await self._probes.call("settle", 10.0)

    async def _measure(
        self, plan: Plan
    ) -> tuple[list[dict[str, Any]], list[dict[str, int]], dict[str, list[int]]]:
        done = await self._pull(plan)
        turns = await self._turns([pull["visit"] for pull in done["pulls"] if "visit" in pull])
        return done["pulls"], done["floors"], turns

    async def _pull(self, plan: Plan) -> dict[str, list[dict[str, Any]]]:
        done: dict[str, list[dict[str, Any]]] = await self._desk.call(
            "run",
            self._options.duration_s + 30.0,
            pulls_ns=plan.pulls_ns,
            floors_ns=plan.floors_ns,
        )
        return done

    async def _turns(self, visits: list[str]) -> dict[str, list[int]]:
        turns: dict[str, list[int]] = await self._probes.call(
            "turns", LAST_TURN_S + 5.0, visits=visits, within_s=LAST_TURN_S
        )
        return turns

    async def _crowd_figures(self) -> dict[str, int]:
        each = [await crowd.call("figures", 30.0) for crowd in self._crowds]
        return {name: sum(figures[name] for figures in each) for name in each[0]}

    def _generator_pids(self) -> dict[str, int]:
        crowds = {f"crowd {number}": one.pid for number, one in enumerate(self._crowds, 1)}
        rest = {"probes": self._probes.pid, "desk": self._desk.pid, "echo": self._echo.pid}
        return crowds | rest

    def _signalling_mb(self) -> float:
        return rss_mb(self._server_pids["signalling"]) if self._server_pids else 0.0

    def _about(self) -> dict[str, Any]:
        options = self._options
        return {
            "bench": "turn",
            "clients": options.clients,
            "probes": options.probes,
            "clinicians": options.clinicians,
            "pulls_per_s": options.pulls_per_s,
            "duration_s": options.duration_s,
            "own_server": not options.url,
            "frame_bytes": self._frame_bytes,
            "machine": about_this_machine(),
            "versions": versions(),
        }


if __name__ == "__main__":
    sys.exit(main())
