"""`kolapp loadtest`: what there is to say on the command line, and who does it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from ..bench.machine import about_this_machine, versions
from ..errors import LoadtestError
from .cameras import most_at_once, with_media
from .compare import compared
from .live_view import LiveView
from .lives import Plan, make_plan
from .model import expected
from .own_server import ScenarioServer, environment, queues_file
from .page import busy_words, page
from .replay import read_history
from .report import FORMAT, make_report
from .run import Run
from .scenario import Scenario
from .shipped import load, names
from .sockets import provide
from .tokens import make_keys
from .verdicts import MET, NOT_JUDGED

CPUS = len(os.sched_getaffinity(0))


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when all objectives were met, 1 when not or it failed, 2 asked for wrongly."""
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except LoadtestError as error:
        print(f"kolapp loadtest: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("kolapp loadtest: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kolapp loadtest", description="A whole day against a server; see docs/loadtest.md."
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    run = actions.add_parser("run", help="live a scenario and write its report")
    run.add_argument("scenario", help="the name of a shipped one, or a TOML file")
    run.add_argument("--url", default="", help="this server, not a fresh one of its own")
    run.add_argument("--key", default="", metavar="PEM", help="key its tokens are signed with")
    run.add_argument("--workers", type=int, default=2, help="processes of patients (2)")
    run.add_argument("--patients", type=int, help="so many instead of the scenario's")
    run.add_argument("--seed", type=int, help="another day of the same kind")
    run.add_argument("--media", type=int, default=0, metavar="N",
                     help="so many visits carry real sound and picture")  # fmt: skip
    run.add_argument("--replay", type=Path, metavar="FILE", help="a recorded day's arrivals")
    run.add_argument("--day", default="", metavar="YYMMDD", help="which day of Technion's data")
    run.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="where reports go")
    run.set_defaults(run=_run)
    check = actions.add_parser("check", help="say all that is wrong with a scenario")
    check.add_argument("scenario")
    check.set_defaults(run=_check)
    shown = actions.add_parser("list", help="the scenarios there are")
    shown.set_defaults(run=_list)
    compare = actions.add_parser("compare", help="what changed between two reports")
    compare.add_argument("before", type=Path, metavar="A.json")
    compare.add_argument("after", type=Path, metavar="B.json")
    compare.set_defaults(run=_compare)
    draw = actions.add_parser("page", help="write the page of a report again")
    draw.add_argument("report", type=Path, metavar="REPORT.json")
    draw.set_defaults(run=_page)
    return parser


def _list(chosen: argparse.Namespace) -> int:
    for name in names():
        print(f"{name:22} {load(name).about}")
    return 0


def _check(chosen: argparse.Namespace) -> int:
    scenario = load(chosen.scenario)
    day = expected(scenario, make_plan(scenario))
    mean_min = sum(day.waits_s) / max(1, len(day.waits_s)) * scenario.compress / 60
    print(
        f"{scenario.title}: {scenario.patients} patients in {scenario.wire_s:.0f} s at most; the "
        f"model serves {len(day.waits_s)} after {mean_min:.1f} min on average, {day.gave_up} give "
        f"up, {day.unserved} are not served"
    )
    return 0


def _compare(chosen: argparse.Namespace) -> int:
    print(compared(_read(chosen.before), _read(chosen.after)), end="")
    return 0


def _page(chosen: argparse.Namespace) -> int:
    chosen.report.with_suffix(".html").write_text(page(_read(chosen.report)), encoding="utf-8")
    return 0


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LoadtestError(f"{path} cannot be read: {error}") from None
    if not isinstance(found, dict) or "verdicts" not in found:
        raise LoadtestError(f"{path} is no report of a load test")
    if (made := found.get("format")) != FORMAT:
        raise LoadtestError(
            f"{path} has format {made}, this version reads {FORMAT}: run the scenario again"
        )
    return found


def _run(chosen: argparse.Namespace) -> int:
    from dataclasses import replace

    scenario = load(chosen.scenario)
    if chosen.patients is not None:
        scenario = replace(scenario, patients=chosen.patients)
    if chosen.seed is not None:
        scenario = replace(scenario, seed=chosen.seed)
    come = None
    if chosen.replay is not None:
        lines = chosen.replay.read_text(encoding="latin-1").splitlines()
        come = read_history(lines, scenario, chosen.day)
        scenario = replace(scenario, patients=len(come))
    plan = make_plan(scenario, come)
    if chosen.media:
        scenario, plan = with_media(scenario, plan, chosen.media, CPUS)
    report = asyncio.run(_lived(chosen, scenario, plan))
    _written(report, chosen.out)
    return 0 if report["green"] else 1


async def _lived(chosen: argparse.Namespace, scenario: Scenario, plan: Plan) -> dict[str, Any]:
    """SIGTERM as SIGINT: cancel, so that everything started is stopped on the way out."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    sockets = provide(plan, own_server=not chosen.url, workers=chosen.workers)
    view = LiveView(scenario)
    view.say(f"{scenario.title}: {scenario.patients} patients, {scenario.wire_s:.0f} s at most")
    async with AsyncExitStack() as stack:
        url, key_file, server = chosen.url, chosen.key, None
        if not url:
            directory = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="kolapp-load-"))
            )
            server = await stack.enter_async_context(_server(scenario, directory))
            url, key_file = server.url, str(directory / "signing.pem")
        with view:
            run = Run(
                scenario, plan, url=url, key_file=key_file, server=server,
                workers=chosen.workers, watch=view.show, media_at_once=most_at_once(CPUS),
            )  # fmt: skip
            result = await run.whole()
    about = _about(chosen) | {"sockets": sockets}
    return make_report(scenario, result, expected(scenario, plan), about)


def _server(scenario: Scenario, directory: Path) -> ScenarioServer:
    queues = directory / "queues.toml"
    queues.write_text(queues_file(scenario), encoding="utf-8")
    _, verify = make_keys(directory)
    return ScenarioServer(environment(queues, verify))


def _about(chosen: argparse.Namespace) -> dict[str, Any]:
    return {
        "machine": about_this_machine(),
        "versions": versions(),
        "own_server": not chosen.url,
        "workers": chosen.workers,
        "media": chosen.media,
        "replay": chosen.replay.name if chosen.replay is not None else "",
    }


def _written(report: dict[str, Any], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / f"{report['scenario']['name']}.json"
    file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    file.with_suffix(".html").write_text(page(report), encoding="utf-8")
    marks = {MET: "  met   ", NOT_JUDGED: "   -    "}
    for one in report["verdicts"]:
        note = f"  ({one['note']})" if one["note"] else ""
        mark = marks.get(one["verdict"], " MISSED ")
        print(f"{mark} {one['name']:24} {one['found']:>12}  asked: {one['asked']}{note}")
    if words := busy_words(report):
        print(f"BUSY     {words}")
    for failure in report["failures"]:
        print(f"FAILED   {failure}")
    print(f"{'green' if report['green'] else 'NOT GREEN'}: {file.with_suffix('.html')}")


if __name__ == "__main__":
    sys.exit(main())
