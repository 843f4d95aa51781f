"""How a process writes its log: one line each to standard error, and no text it cannot vouch for.

`log.py` says what our own lines may hold. Lines of libraries pass from WARNING on, but only the
first line of their message, and an exception as its type and the way it came: the rest may hold
addresses or what a client sent.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import PurePath
from types import TracebackType

OURS = "kolapp"


def log_plainly(level: str, form: str = "text") -> None:
    """Set the process's log up; `level` is for our own lines, `form` is text or json."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else PlainLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(level.upper())


class PlainLines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: ")

    def format(self, record: logging.LogRecord) -> str:
        record.asctime = self.formatTime(record)
        text = self.formatMessage(record) + _first_line(record)
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            text += f" ({kind.__name__} at {_way(trace)})"
        return text


class JsonLines(logging.Formatter):
    """The same as an object a line, for programs. Its times are UTC (RFC 3339)."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, str | int] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "what": getattr(record, "what", "") or _first_line(record),
        }
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            told |= {"error": kind.__name__, "at": _way(trace)}
        return json.dumps(told | getattr(record, "fields", {}))


def _first_line(record: logging.LogRecord) -> str:
    return (record.getMessage().splitlines() or [""])[0]


def _way(trace: TracebackType | None) -> str:
    steps = traceback.extract_tb(trace)
    return "<".join(f"{PurePath(step.filename).name}:{step.lineno}" for step in reversed(steps))
