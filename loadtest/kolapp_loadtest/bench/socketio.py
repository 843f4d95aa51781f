"""The peer of the turn benchmark: its scenario on Socket.IO with the Redis adapter, on the same
store, in the same run."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ..errors import BenchFailed
from .figures import summary_ms, turns_ns
from .freshness import fresh_ns
from .machine import CpuMeter, rss_mb
from .plan import Plan
from .worker import Worker

PACKAGES = (
    "socket.io@4.8.4",
    "socket.io-client@4.8.4",
    "@socket.io/redis-adapter@8.3.0",
    "ioredis@5.9.2",
)
INSTALL_S = 300.0
SCRIPT = "socketio.mjs"


class PeerMissing(Exception):
    """Why it cannot be measured here, in one sentence."""


@dataclass(frozen=True, slots=True)
class Scenario:
    clients: int
    probes: int
    clinicians: int
    warm_up: Plan
    plan: Plan
    duration_s: float
    setup_s: float
    last_turn_s: float
    settle_s: float
    store_url: str


def installed() -> tuple[str, Path]:
    """Node.js and the folder of the packages, which the user's cache keeps. Raises PeerMissing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise PeerMissing("Socket.IO needs Node.js and npm, which are not on the path")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    here = base / "kolapp" / "bench" / PACKAGES[0]
    if not (here / "done").exists():
        here.mkdir(parents=True, exist_ok=True)
        (here / "package.json").write_text("{}")
        _install([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES], here)
    # A copy beside the packages: the one of a zipped wheel would not be a file.
    with as_file(files(__package__) / SCRIPT) as script:
        shutil.copyfile(script, here / SCRIPT)
    return node, here


def _install(command: list[str], here: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=here, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerMissing(f"Socket.IO could not be installed: {error}") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise PeerMissing(f"Socket.IO could not be installed: {last}")
    (here / "done").touch()


async def measured(scenario: Scenario, crowds: int) -> dict[str, Any]:
    """The figures under the names that ours have. Raises PeerMissing, BenchFailed."""
    socket = unquote(urlsplit(scenario.store_url).path)
    if not scenario.store_url.startswith("unix:"):
        raise PeerMissing("Socket.IO is measured on a store with a Unix socket only")
    node, here = installed()
    async with AsyncExitStack() as stack:

        async def worker(role: str) -> Worker:
            command = (node, str(here / SCRIPT), str(here), role)
            return await stack.enter_async_context(Worker(f"socketio.{role}", command=command))

        server = await worker("server")
        people = [await worker("crowd") for _ in range(crowds)]
        probes, desk = await worker("probes"), await worker("desk")
        url = await server.call("start", 30.0, path=socket)
        before_mb = rss_mb(server.pid)
        await probes.call("join", scenario.setup_s, url=url, count=scenario.probes)
        for number, crowd in enumerate(people):
            share = (scenario.clients + number) // crowds
            await crowd.call("join", scenario.setup_s, url=url, count=share)
        grown_mb = rss_mb(server.pid) - before_mb
        await desk.call("ready", 60.0, url=url, count=scenario.clinicians)
        pids = {"server": server.pid, "probes": probes.pid, "desk": desk.pid}
        meter = pids | {f"crowd {n}": one.pid for n, one in enumerate(people, 1)}
        return await _run(scenario, probes, desk, people, meter) | {
            "bytes_per_client": round(grown_mb * 1e6 / (scenario.clients + scenario.probes)),
            "versions": list(PACKAGES),
        }


async def _run(
    scenario: Scenario, probes: Worker, desk: Worker, people: list[Worker], pids: dict[str, int]
) -> dict[str, Any]:
    most_s = scenario.duration_s + 30.0
    await desk.call("run", most_s, pulls_ns=scenario.warm_up.pulls_ns)
    await asyncio.sleep(scenario.settle_s)
    for one in (probes, *people):
        await one.call("begin", 10.0)
    cpu = CpuMeter(pids)
    pulls = await desk.call("run", most_s, pulls_ns=scenario.plan.pulls_ns)
    used = cpu.used_s()
    seen = [each for one in (probes, *people) for each in await one.call("seen", 30.0)]
    due = {pull["visit"]: pull["due_ns"] for pull in pulls if "visit" in pull}
    turns = await probes.call("turns", scenario.last_turn_s, visits=list(due))
    if not due:
        raise BenchFailed("Socket.IO: no pull succeeded")
    fresh = fresh_ns([pull["sent_ns"] for pull in pulls if "visit" in pull], seen)
    front, tail = summary_ms(fresh["front"]), summary_ms(fresh["tail"])
    return {
        "turn_ms": summary_ms(turns_ns(due, turns)),
        "turns_missing": len(pulls) - len(turns),
        "front_fresh_ms_p99": front.get("p99"),
        "tail_fresh_ms_p99": tail.get("p99"),
        "fanout_core_share": round(used["server"] / scenario.duration_s, 3),
        "cpu_s": used,
    }
