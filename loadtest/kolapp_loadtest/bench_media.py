"""`kolapp bench media`: how many calls a core carries, next to decode-and-encode and Janus.

The load is pion, an implementation of its own, in a process of its own: 640x480, 30 pictures a
second, 1 Mbit/s VP8 and Opus, both ways, encoded once and replayed. Calls are added step by step
until something breaks. CPU time is read from the operating system, per process; what a packet
takes longer than between two pion peers directly is what the server adds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .bench.ending import ended
from .bench.machine import about_this_machine, versions
from .bench.media_floor import measure as measure_floor
from .bench.media_load import build, record
from .bench.media_run import SYSTEMS, Run
from .bench.media_systems import Janus, may_have_own_network, own_network
from .errors import BenchFailed

PRIORITY = -10  # nice value


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, 1 if the run failed, 130 when interrupted."""
    options = _options(argv)
    _go_first()
    return ended("media", _report(options), options.json, summary)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="kolapp bench media",
        description="Measure calls per core next to aiortc's MediaRelay and Debian's Janus.",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    parser.add_argument("--seconds", type=float, default=5.0, help="measured at each step (5)")
    parser.add_argument("--most", type=int, default=120, help="calls at most (120)")
    parser.add_argument(
        "--only", choices=sorted(SYSTEMS), action="append", help="only this one; may be repeated"
    )
    given = parser.parse_args(argv)
    if given.seconds <= 0 or given.most < 1:
        parser.error("--seconds and --most must be positive")
    return given


def _go_first() -> None:
    """Before other programs, where that is allowed: what else runs here is not what is measured.
    Linux weighs sessions first (sched_autogroup), so ours is one of its own."""
    with contextlib.suppress(PermissionError):  # it leads a group already
        os.setsid()
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(PRIORITY))


async def _report(options: argparse.Namespace) -> dict[str, Any]:
    wanted = options.only or list(SYSTEMS)
    program = await build()
    report: dict[str, Any] = {
        "bench": "media",
        "seconds": options.seconds,
        "machine": about_this_machine(),
        "versions": versions(("kolapp", "aiortc", "aioice", "pylibsrtp", "av", "uvloop")),
        "floor": measure_floor(),
    }
    with tempfile.TemporaryDirectory() as name:
        record(Path(name))
        for system in wanted:
            if system == "janus":
                report[system] = await _janus(options)
            else:
                report[system] = await Run(system, options, program, Path(name)).measure()
    return report


async def _janus(options: argparse.Namespace) -> dict[str, Any]:
    """In a network of its own, by this same program; there it runs like the others."""
    if os.environ.get("KOLAPP_BENCH_NETWORK"):
        with tempfile.TemporaryDirectory() as name:
            record(Path(name))
            return await Run("janus", options, await build(), Path(name)).measure()
    if not Janus.is_installed() or not may_have_own_network():
        return {"left_out": "janus is not installed, or this is not root"}
    with tempfile.NamedTemporaryFile() as file:
        command = own_network([
            sys.executable, "-P", "-m", "kolapp_loadtest.bench_media", "--only", "janus",
            "--seconds", str(options.seconds), "--most", str(options.most), "--json", file.name,
        ])  # fmt: skip
        environment = os.environ | {"KOLAPP_BENCH_NETWORK": "1"}
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdout=asyncio.subprocess.DEVNULL
        )
        if await process.wait():
            raise BenchFailed("the run with janus failed")
        found: dict[str, Any] = json.load(file)["janus"]
        return found


def summary(report: dict[str, Any]) -> str:
    """What a person reads at the end of a run."""
    lines = []
    for name in SYSTEMS:
        found = report.get(name)
        if found is None:
            continue
        if "left_out" in found:
            lines.append(f"{name:<11} left out: {found['left_out']}")
            continue
        lines.append(
            f"{name:<11} {found['calls_per_core']:>6g} calls a core, "
            f"{found['packets_per_cpu_s']:>6} packets a CPU second, loss {found['loss']:.3%}, "
            f"added p50 {found['added_ms']['p50']:.2f} ms, p99 {found['added_ms']['p99']:.2f} ms "
            f"(held {found['calls_held']} calls; the load took {found['load_cpu']:.2f} cores)"
        )
        if inside := found.get("inside_ms"):
            lines.append(
                f"{'':<11} inside the server, as seen on the wire: "
                f"p50 {inside['p50']:.2f} ms, p99 {inside['p99']:.2f} ms"
            )
        if at_load := found.get("added_at_load_ms"):
            lines.append(
                f"{'':<11} beside as many pairs without a server: "
                f"p50 {at_load['p50']:.2f} ms, p99 {at_load['p99']:.2f} ms"
            )
    if floor := report.get("floor"):
        lines.append(
            f"floor       {floor['packets_per_cpu_s']} packets a CPU second: ciphers "
            f"{floor['crypto_us']} us, system calls {floor['system_calls_us']} us a packet"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
