"""`kolapp bench connect`: from the patient's answer to the first picture of the other one, on
both sides, in real Chromium and from the pages' own clocks.

Cold: nothing is connected before the answer but what the clinician's page does while it rings.
Warm: both have had a leg at the queue's media node since before the turn.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .bench.connect_figures import connect_ms
from .bench.connect_pages import Pages, chromium
from .bench.ending import ended
from .bench.machine import about_this_machine, versions
from .bench.server import OwnServer

KINDS = ("cold", "warm")


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, 1 if the run failed, 130 when interrupted."""
    options = _options(argv)
    return ended("connect", _report(options), options.json, summary)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="kolapp bench connect",
        description="Measure how long after the patient's answer both see each other.",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    parser.add_argument("--visits", type=int, default=20, help="of each kind (20)")
    parser.add_argument("--only", choices=KINDS, help="only this kind")
    parser.add_argument("--url", default="", help="a server of your own; else one is started")
    given = parser.parse_args(argv)
    if given.visits < 1:
        parser.error("--visits must be positive")
    return given


async def _report(options: argparse.Namespace) -> dict[str, Any]:
    if options.url:
        return await _measured(options, options.url)
    async with OwnServer() as server:
        return await _measured(options, server.url)


async def _measured(options: argparse.Namespace, url: str) -> dict[str, Any]:
    report: dict[str, Any] = {
        "bench": "connect",
        "visits": options.visits,
        "machine": about_this_machine(),
        "versions": versions(("kolapp", "aiortc", "playwright", "uvloop")),
    }
    async with chromium() as browser:
        report["versions"]["chromium"] = browser.version
        for kind in KINDS if options.only is None else (options.only,):
            pages, warm = Pages(browser, url), kind == "warm"
            await pages.open_desk(warm=warm)
            await pages.visit(warm=warm)  # not counted: the first loads every module
            found = [await pages.visit(warm=warm) for _ in range(options.visits)]
            await pages.close_desk()
            report[f"{kind}_ms"] = connect_ms(found)
    return report


def summary(report: dict[str, Any]) -> str:
    """What a person reads at the end of a run."""
    lines = [f"{report['visits']} visits each, answer -> picture, the later side (ms)"]
    for kind in KINDS:
        found = report.get(f"{kind}_ms")
        if found is None:
            continue
        for name, part in ((kind, found), *found["phases"].items()):
            if part["n"]:
                lines.append(f"  {name:<30} p50 {part['p50']:7.1f}   p95 {part['p95']:7.1f}")
    return "\n".join(lines) + "\n"
