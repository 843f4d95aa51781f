"""Fail the test that leaves something behind: a task, descriptor, process, thread or directory.

What session, module or class fixtures made before the test is theirs and is not looked at. What
is on its way out (a process being reaped, a thread ending) gets `GRACE_S` to go; a test that
leaves nothing never waits.
"""

from __future__ import annotations

import asyncio
import asyncio.runners
import gc
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvloop

GRACE_S = float(os.environ.get("LEAKS_GRACE_S", "2"))
EXEC_ATTEMPTS = 25
MARK = "LEAKS_OF"  # in the environment of every process that a test starts, however indirectly
# A browser of the session makes these for itself at any time.
FOREIGN_FILES = (".org.chromium.", ".com.google.")
# Descriptors that the interpreter or a library opens once and keeps.
KEPT_FILES = ("/dev/urandom", "/dev/null", "/proc/")

_cancel_all_tasks = asyncio.runners._cancel_all_tasks  # type: ignore[attr-defined]  # no public hook
_home: Path | None = None
_failed = pytest.StashKey[bool]()


class Leak(AssertionError):
    """A task outlived its event loop."""


@dataclass(frozen=True, slots=True)
class Belongings:
    """What this process holds at one moment. Names say what leaked when compared."""

    descriptors: frozenset[str]
    processes: frozenset[int]
    threads: frozenset[threading.Thread]
    files: frozenset[str]

    @classmethod
    def now(cls) -> Belongings:
        return cls(
            _descriptors(), frozenset(_pids()), frozenset(threading.enumerate()), _temporary_files()
        )

    def left_since(self, before: Belongings) -> list[str]:
        """One sentence for each thing that is here and was not before."""
        started = _ours(self.processes - before.processes, before.processes)
        return [
            *(f"descriptor {name}" for name in sorted(self.descriptors - before.descriptors)),
            *(f"process {pid} ({_command(pid)})" for pid in started),
            *(f"thread {thread.name}" for thread in self.threads - before.threads),
            *(f"temporary {name}" for name in sorted(self.files - before.files)),
        ]


def pytest_configure(config: pytest.Config) -> None:
    """Give the run a temporary directory of its own: others use the machine's at the same time."""
    global _home
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    _home = Path(tempfile.mkdtemp(prefix="kt-"))  # short: sockets are made below it
    os.environ["TMPDIR"] = tempfile.tempdir = str(_home)
    os.environ[MARK] = str(os.getpid())
    uvloop.new_event_loop().close()  # opens a pipe of its own at its first use, and keeps it
    asyncio.runners._cancel_all_tasks = _refuse_running_tasks  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    asyncio.runners._cancel_all_tasks = _cancel_all_tasks  # type: ignore[attr-defined]
    if _home is not None:
        shutil.rmtree(_home, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[_failed] = True
    return report


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set up after all wider fixtures, torn down after the test's own."""
    before = Belongings.now()
    yield
    if _failed in request.node.stash:
        return  # its traceback holds on to things, and the failure is told already
    left = _what_stays(before)
    if left:
        pytest.fail("left behind: " + "; ".join(left), pytrace=False)


def _what_stays(before: Belongings) -> list[str]:
    deadline = time.monotonic() + GRACE_S
    while left := Belongings.now().left_since(before):
        gc.collect()  # a cycle is slow to go, but it is no leak
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    return left


def _refuse_running_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """In place of asyncio's own: a runner closes, and whatever still runs is cancelled."""
    running = asyncio.all_tasks(loop)
    if running:
        _, running = loop.run_until_complete(asyncio.wait(running, timeout=GRACE_S))
    names = sorted(f"task {task.get_name()} in {task.get_coro()}" for task in running)
    _cancel_all_tasks(loop)
    if names:
        raise Leak("left behind: " + "; ".join(names))


def _descriptors() -> frozenset[str]:
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:
            continue  # the one that listed the directory
        if not target.startswith(KEPT_FILES):
            found.add(f"{number} -> {target}")
    return frozenset(found)


def _pids() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _ours(pids: frozenset[int], before: frozenset[int]) -> list[int]:
    """Those that a test started, directly or through orphans; not the children of a process
    that was there before, such as the pages of a browser that several tests share."""
    older = before - {os.getpid(), 1}
    return sorted(pid for pid in pids if _is_marked(pid) and not _has_ancestor(pid, older))


def _is_marked(pid: int) -> bool:
    try:
        environment = _environment(pid)
        state, parent = _status(pid)
    except OSError:
        return False  # gone, or somebody else's
    zombie = state == "Z" and parent == os.getpid()
    return zombie or f"{MARK}={os.environ[MARK]}".encode() in environment.split(b"\0")


def _environment(pid: int) -> bytes:
    """Empty for a moment while a process becomes another program: then it is asked again. Always
    empty for zombies and for the kernel's own (children of 2)."""
    for _ in range(EXEC_ATTEMPTS):
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        state, parent = _status(pid)
        if environment or state == "Z" or parent in (0, 2):
            break
        time.sleep(0.002)
    return environment


def _has_ancestor(pid: int, wanted: frozenset[int]) -> bool:
    try:
        while pid > 1 and pid != os.getpid():
            pid = _status(pid)[1]
            if pid in wanted:
                return True
    except OSError:
        pass  # gone meanwhile: whoever is left has been handed to init
    return False


def _status(pid: int) -> tuple[str, int]:
    """State letter and parent. The command's name, in brackets before them, may hold anything."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return fields[0], int(fields[1])


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "gone"
    return b" ".join(words[:5]).decode(errors="replace")


def _temporary_files() -> frozenset[str]:
    assert _home is not None
    return frozenset(name for name in os.listdir(_home) if not name.startswith(FOREIGN_FILES))
