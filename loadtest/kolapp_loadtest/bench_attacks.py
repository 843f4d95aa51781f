"""`kolapp bench attacks`: how fast "your turn" stays for honest people while somebody attacks.

The same people as in `kolapp bench turn`, first in quiet, then under each attack: heads of requests
and frames that never end, a flood of messages, ten thousand sockets that say nothing. Attacker and
people are on one machine, so what is lost to the attacker's own work is in the figures too.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .bench.ending import ended
from .bench.figures import summary_ms, turns_ns
from .bench.machine import CpuMeter, about_this_machine, rss_mb, versions
from .bench.plan import make_plan
from .bench.server import OwnServer
from .bench.worker import Worker

KINDS = ("slow_heads", "slow_frames", "flood", "sockets")
QUEUE = "drop-in"
RISE_S = 3.0  # an attack goes on for so long before it is measured
LAST_TURN_S = 10.0
SETUP_S = 120.0
CLINICIANS = 20
BUDGET = 2.0  # times the quiet p99


@dataclass(frozen=True, slots=True)
class Options:
    clients: int
    pulls_per_s: float
    duration_s: float
    kinds: Sequence[str]
    json: Path | None

    @property
    def probes(self) -> int:
        """As many as are called in all measurements, and some more: who was called goes behind
        the crowd, which is never reached."""
        return round(self.pulls_per_s * self.duration_s) * (1 + len(self.kinds)) + 5


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if the run failed, a turn was lost or a p99 went beyond the budget."""
    options = _options(argv)
    return ended(
        "attacks", _report(options), options.json, summary, lambda report: bool(report["within"])
    )


def _options(argv: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(
        prog="kolapp bench attacks",
        description='Measure "your turn" of honest people in quiet and under each attack.',
    )
    parser.add_argument("--clients", type=int, default=500, help="waiting clients (500)")
    parser.add_argument("--pulls-per-s", type=float, default=5.0, help="open loop (5)")
    parser.add_argument("--duration", type=float, default=20.0, help="seconds of each (20)")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS, metavar="KIND")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    given = parser.parse_args(argv)
    if given.clients < 1 or given.pulls_per_s <= 0 or given.duration <= 0:
        parser.error("--clients, --pulls-per-s and --duration must be positive")
    return Options(given.clients, given.pulls_per_s, given.duration, given.only, given.json)


async def _report(options: Options) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        run = _Run(options, stack)
        await run.start()
        found = {"quiet": await run.measured()}
        for kind in options.kinds:
            found[kind] = await run.attacked(kind)
    return judged(found) | {
        "bench": "attacks",
        "clients": options.clients,
        "pulls_per_s": options.pulls_per_s,
        "duration_s": options.duration_s,
        "machine": about_this_machine(),
        "versions": versions(),
    }


def judged(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """With each attack's p99 beside the quiet one. Pure."""
    quiet_ms = found["quiet"]["turn_ms"].get("p99")
    for figures in found.values():
        p99 = figures["turn_ms"].get("p99")
        figures["ratio_p99"] = round(p99 / quiet_ms, 2) if p99 and quiet_ms else None
    good = [
        figures["turns_missing"] == 0 and (figures["ratio_p99"] or BUDGET + 1) <= BUDGET
        for figures in found.values()
    ]
    return {"runs": found, "within": all(good)}


def summary(report: dict[str, Any]) -> str:
    """What a person reads at the end of a run."""
    lines = [f"{report['clients']} waiting clients, {report['pulls_per_s']:g} pulls/s (ms)\n"]
    for kind, run in report["runs"].items():
        turn = run["turn_ms"]
        shown = "   ".join(
            f"{key} {turn[key]:8.2f}" for key in ("p50", "p99", "max") if key in turn
        )
        did = ", ".join(f"{what} {count}" for what, count in run["attack"].items())
        lines.append(
            f"  {kind:<12} {shown}   n {turn['n']}   p99 x {run['ratio_p99']}   "
            f"node {run['core_share']} of a core, {run['rss_mb']} MB   {did}\n"
        )
    return "".join(lines)


class _Run:
    def __init__(self, options: Options, stack: AsyncExitStack) -> None:
        self._options = options
        self._stack = stack

    async def start(self) -> None:
        start, package = self._stack.enter_async_context, f"{__package__}.bench."
        self._server = await start(OwnServer())
        self._node = self._server.pids()["signalling"]  # before there is a spare of that name
        self._probes = await start(Worker(f"{package}probes"))
        self._crowd = await start(Worker(f"{package}crowd"))
        self._desk = await start(Worker(f"{package}desk"))
        self._attacker = await start(Worker(f"{package}attack"))
        options, where = self._options, {"url": self._server.url, "queue": QUEUE}
        await self._probes.call("join", SETUP_S, count=options.probes, **where)
        await self._crowd.call("join", SETUP_S, count=options.clients, **where)
        await self._desk.call("ready", SETUP_S, count=CLINICIANS, **where)
        await self._probes.call("settle", 10.0)

    async def attacked(self, kind: str) -> dict[str, Any]:
        await self._attacker.call("begin", 10.0, url=self._server.url, kind=kind)
        await asyncio.sleep(RISE_S)
        figures = await self.measured()
        return figures | {"attack": await self._attacker.call("end", 30.0)}

    async def measured(self) -> dict[str, Any]:
        plan = make_plan(self._options.pulls_per_s, self._options.duration_s)
        cpu = CpuMeter({"node": self._node})
        most_s = self._options.duration_s + 60.0
        done = await self._desk.call("run", most_s, pulls_ns=plan.pulls_ns, floors_ns=())
        used_s = cpu.used_s()["node"]
        due = {pull["visit"]: pull["due_ns"] for pull in done["pulls"] if "visit" in pull}
        turns = await self._probes.call(
            "turns", LAST_TURN_S + 5.0, visits=list(due), within_s=LAST_TURN_S
        )
        arrived = {visit: turn[0] for visit, turn in turns.items()}
        return {
            "turn_ms": summary_ms(turns_ns(due, arrived)),
            "turns_missing": len(plan.pulls_ns) - len(arrived),
            "core_share": round(used_s / self._options.duration_s, 3),
            "rss_mb": round(rss_mb(self._node), 1),
            "attack": {},
        }


if __name__ == "__main__":
    sys.exit(main())
