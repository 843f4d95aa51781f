"""What the process of one node owes whoever started it.

It dies with its parent, says when it is ready (or why it cannot start), and stops when told.
Started by hand, there is no parent to watch and readiness is one line on standard output.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

READY_FD = "KOLAPP_READY_FD"  # an open pipe to write one line of JSON to
PARENT_PID = "KOLAPP_PARENT_PID"  # die when this is not our parent any more

_PR_SET_PDEATHSIG = 1
_ARG_START, _ARG_END = 48, 49  # fields of /proc/PID/stat; 3 is the first after the name


def now_ms() -> int:
    """Milliseconds for measuring; unlike the wall clock they never jump."""
    return time.monotonic_ns() // 1_000_000


class StartRefused(Exception):
    """This process cannot start; the text is one sentence for the operator."""


def die_with_parent(environment: Mapping[str, str]) -> None:
    """Ask the kernel for SIGKILL when the parent dies. Not SIGTERM: a supervisor that was killed
    is started again at once, and must find ports and locks free. Linux only."""
    parent = environment.get(PARENT_PID)
    if not parent or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):  # it died before we asked
        os._exit(1)


def report_ready(facts: Mapping[str, str]) -> None:
    """This process does its work from now on. `facts` are what others need, such as `url`."""
    if not _report({"ready": dict(facts)}):
        print("Ready.", *facts.values(), flush=True)


def report_loaded() -> None:
    """This process has loaded what it needs and waits for its turn; `report_ready` comes later."""
    descriptor = os.environ.get(READY_FD, "")
    if descriptor:
        os.write(int(descriptor), b'{"loaded": true}\n')


def report_refusal(sentence: str) -> None:
    """This process cannot start. The parent says so, or standard error when there is none."""
    if not _report({"refused": sentence}):
        print(sentence, file=sys.stderr, flush=True)


def _report(line: Mapping[str, object]) -> bool:
    descriptor = os.environ.pop(READY_FD, "")
    if not descriptor:
        return False
    try:
        os.write(int(descriptor), json.dumps(line).encode() + b"\n")
    except BrokenPipeError:
        return True  # a parent that has given up listens no more, and ends us in a moment
    finally:
        os.close(int(descriptor))
    return True


def drop_argument(argument: str) -> bool:
    """Take it off the end of our command line, as `ps` shows it. True if that was done: it needs
    Linux, where these bytes are in our own memory and proc(5) says where."""
    try:
        with open("/proc/self/stat", encoding="utf-8", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return False
    begin, end = (int(fields[number - 3]) for number in (_ARG_START, _ARG_END))
    last = os.fsencode(argument)
    if not 0 < begin < end or not ctypes.string_at(begin, end - begin).endswith(last + b"\0"):
        return False
    ctypes.memset(end - 1 - len(last), 0, len(last))
    return True


def told_to_stop(*numbers: signal.Signals) -> asyncio.Event:
    """Set at one of these signals from now on, without any at SIGTERM or SIGINT. Call it once for
    each, in the running loop."""
    import asyncio  # the supervisor, which needs this module too, does without

    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in numbers or (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, event.set)
    return event
