"""`kolapp bench all`: every benchmark in one run, their budgets, and what follows for capacity.

Each runs as the command that it is, in a process of its own, and what it writes is kept as it is.
One that cannot run says so in its place and does not end the others.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import signal
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .bench import capacity
from .bench.budgets import MISSED, judged
from .bench.machine import about_this_machine, busy_s, versions
from .bench.markdown import markdown
from .bench.suite import SUITE, Bench

STOP_S = 30.0
NAMES = tuple(bench.name for bench in SUITE)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0 when everything was measured and no budget missed, else 1; 130 interrupted."""
    options = _options(argv)
    try:
        report = asyncio.run(_measured(options))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write("kolapp bench all: interrupted\n")
        return 130
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if options.markdown is not None:
        options.markdown.write_text(markdown(report), encoding="utf-8")
    sys.stdout.write(summary(report))
    failed = any("failed" in found for found in report["results"].values())
    missed = any(row["verdict"] == MISSED for row in report["budgets"])
    return 1 if failed or missed else 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="kolapp bench all",
        description="Run all benchmarks, judge their budgets, and work out what a country needs.",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write BENCHMARKS.md here")
    parser.add_argument("--quick", action="store_true", help="smaller loads, three minutes")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME",
                        help=f"some of {', '.join(NAMES)}")  # fmt: skip
    return parser.parse_args(argv)


async def _measured(options: argparse.Namespace) -> dict[str, Any]:
    """SIGTERM as SIGINT: cancel, so that what was started is stopped on the way out."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    started_s, load = time.monotonic(), os.getloadavg()
    results: dict[str, Any] = {}
    texts: dict[str, str] = {}
    took_s: dict[str, float] = {}
    others: dict[str, float] = {}
    chosen = [bench for bench in SUITE if bench.name in options.only]
    with tempfile.TemporaryDirectory(prefix="kolapp-bench-") as directory:
        for bench in chosen:
            begun_s, busy, ours = time.monotonic(), busy_s(), _children_s()
            _tell(f"{bench.name} ({_shown(bench, options.quick)})")
            file = Path(directory) / f"{bench.name}.json"
            results[bench.name], texts[bench.name] = await _one(bench, options.quick, file)
            took_s[bench.name] = round(time.monotonic() - begun_s, 1)
            used = busy_s() - busy - (_children_s() - ours)
            others[bench.name] = round(max(0.0, used) / max(0.1, took_s[bench.name]), 2)
    return {
        "bench": "all",
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "quick": options.quick,
        "took_s": round(time.monotonic() - started_s, 1),
        "load_before": load,
        "machine": about_this_machine(),
        "versions": _all_versions(results),
        "commands": {bench.name: _shown(bench, options.quick) for bench in chosen},
        "each_took_s": took_s,
        "others_cores": others,
        "budgets": judged(results),
        "capacity": _capacity(results),
        "results": results,
        "texts": texts,
    }


def _all_versions(results: dict[str, Any]) -> dict[str, str]:
    found = versions()
    for report in results.values():
        found |= report.get("versions", {})
    return found


def _capacity(results: dict[str, Any]) -> dict[str, Any]:
    core, country = capacity.one_core(results), capacity.Country()
    return {
        "measured": asdict(core),
        "note": core.note,
        "country": asdict(country),
        "one_core": [asdict(step) for step in capacity.carried(core, country)],
        "needed": [asdict(step) for step in capacity.needed(core, country)],
    }


def _children_s() -> float:
    """CPU time of all that were started from here and have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tell(progress: str) -> None:
    sys.stderr.write(f"kolapp bench all: {progress}\n")
    sys.stderr.flush()


def _shown(bench: Bench, quick: bool) -> str:
    return " ".join(["kolapp", "bench", bench.command, *bench.arguments(quick)])


async def _one(bench: Bench, quick: bool, file: Path) -> tuple[dict[str, Any], str]:
    """Its figures and what it says to people; figures are `failed` with the reason if there are
    none. A session of its own, for one that asks the system to go before other programs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "kolapp_signalling", "bench", bench.command,
        *bench.arguments(quick), "--json", str(file),
        stdout=PIPE, stderr=PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert process.stdout is not None
    said = asyncio.create_task(process.stdout.read())
    lines: list[str] = []
    try:
        async with asyncio.timeout(bench.most_s):
            while line := await process.stderr.readline():
                sys.stderr.write(line.decode(errors="replace"))
                lines = [*lines[-4:], line.decode(errors="replace").strip()]
            await process.wait()
    except TimeoutError:
        lines.append(f"it was not done in {bench.most_s:g} s")
    finally:
        await _stopped(process)
    # Something that it left behind may hold the pipe open.
    await asyncio.wait([said], timeout=STOP_S)
    text = said.result().decode(errors="replace") if said.done() else ""
    said.cancel()
    reason = lines[-1] if lines else f"it ended with {process.returncode}"
    return _read(file) or {"failed": reason}, text


def _read(file: Path) -> dict[str, Any]:
    """Empty when it was not written."""
    figures: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return figures


async def _stopped(process: Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def summary(report: dict[str, Any]) -> str:
    """What a person reads at the end of a run."""
    lines = []
    for row in report["budgets"]:
        note = f"  ({row['note']})" if row["note"] else ""
        lines.append(
            f"  {row['verdict']:<12} {row['bench']:<8} {row['what']:<46} {row['found']:>14}  "
            f"asked: {row['asked']}{note}"
        )
    for step in report["capacity"]["one_core"] + report["capacity"]["needed"]:
        result = "not known" if step["result"] is None else f"{step['result']:,.4g} {step['unit']}"
        lines.append(f"  {step['what']:<50} {result:>22}   {step['arithmetic']}")
    return "\n".join([*lines, f"  {report['took_s'] / 60:.1f} minutes"]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
