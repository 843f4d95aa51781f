"""`kolapp eta backtest|truth`: how good the waiting times would have been, on a recorded history
and on synthetic days whose truth is known."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kolapp_queue.eta import recorded, technion
from kolapp_queue.eta.backtest import BadSplit, backtest, rounded, table
from kolapp_queue.eta.history import Event, in_order

from .process import StartRefused, report_refusal

FORMATS = ("technion", "audit")
# Room for the tickets of one file: numbers of calls are not unique over months.
TICKETS_A_FILE = 10_000_000


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 when the history cannot be read."""
    given = _parser().parse_args(argv)
    try:
        return _backtest(given) if given.action == "backtest" else _truth(given)
    except StartRefused as error:
        report_refusal(str(error))
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kolapp eta", description="The waiting-time forecast, on a recorded history."
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    one = actions.add_parser("backtest", help="replay a history and compare methods")
    one.add_argument("--format", choices=FORMATS, required=True, help="of the files")
    for flag, text in (("--learn", "learn from these"), ("--test", "compare on these")):
        one.add_argument(flag, type=Path, nargs="+", required=True, metavar="FILE", help=text)
    one.add_argument("--queue", default="", metavar="NAME", help="which one, of an audit export")
    one.add_argument("--prior", type=float, default=180.0, metavar="SECONDS",
                     help="mean visit as long as nothing is known (180)")  # fmt: skip
    one.add_argument("--json", type=Path, metavar="OUT", help="write all figures here")
    one.add_argument("--plot", type=Path, metavar="PNG", help="draw errors and an example day")
    known = actions.add_parser("truth", help="compare methods on synthetic days")
    known.add_argument("--study", default="", metavar="TEXT", help="only those named like this")
    known.add_argument("--json", type=Path, metavar="OUT", help="write all figures here")
    return parser


def _backtest(given: argparse.Namespace) -> int:
    if given.format == "audit":
        learn, test = (_recorded(files, given.queue) for files in (given.learn, given.test))
    else:
        learn, test = _technion(given.learn, 0), _technion(given.test, len(given.learn))
    try:
        result = backtest(learn, test, given.prior, _tell)
    except BadSplit as error:
        raise StartRefused(f"This cannot be compared: {error}.") from error
    sys.stdout.write(table(result.report))
    _write(given.json, result.report)
    if given.plot is not None:
        from .eta_picture import draw

        draw(result, given.plot)
    return 0


def _truth(given: argparse.Namespace) -> int:
    from kolapp_queue.eta.truth import STUDIES, examine, summary

    figures = {}
    for name, study in STUDIES.items():
        if given.study in name:
            figures[name] = examine(study)
            sys.stdout.write(summary(name, figures[name]))
            sys.stdout.flush()
    if not figures:
        raise StartRefused(f"There is no study like {given.study!r}: {'; '.join(STUDIES)}.")
    _write(given.json, figures)
    return 0


def _write(target: Path | None, figures: dict[str, Any]) -> None:
    if target is not None:
        text = json.dumps(rounded(figures), indent=2, allow_nan=False)
        target.write_text(text + "\n", encoding="utf-8")


def _technion(files: Sequence[Path], first: int) -> list[Event]:
    events: list[Event] = []
    for number, path in enumerate(files, first):
        try:
            with path.open(encoding="latin-1") as lines:
                events += technion.read(lines, number * TICKETS_A_FILE)
        except (OSError, technion.NotTechnion) as error:
            raise StartRefused(f"{path} cannot be read: {error}.") from error
    return in_order(events)


def _recorded(files: Sequence[Path], queue: str) -> list[Event]:
    """In the order of the files, which is that of the events."""
    events: list[Event] = []
    reader = recorded.Reader(queue)
    for path in files:
        try:
            with path.open(encoding="utf-8") as lines:
                events += reader.read(lines)
        except (OSError, recorded.NotRecorded) as error:
            raise StartRefused(f"{path} cannot be read: {error}.") from error
    return events


def _tell(progress: str) -> None:
    """A replay takes minutes: say what it does."""
    sys.stderr.write(f"kolapp eta backtest: {progress}\n")
    sys.stderr.flush()
