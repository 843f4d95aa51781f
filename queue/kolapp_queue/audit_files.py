"""The audit files of one provider: DIRECTORY/PROVIDER/YYYY-MM-DD.jsonl, readable by the owner only.

A file is named by the UTC day of the first event in it. What comes late, from a queue read after
midnight's first event, goes into the newer file: files follow each other and are never reopened.
Everything is on the disk (fsync) before `append` returns.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from .audit_chain import (
    EVENT,
    GENESIS,
    REMOVED,
    REPAIRED,
    Record,
    digest,
    encode,
    head,
    link,
    read_lines,
)
from .audit_stream import Cursor

SUFFIX = ".jsonl"


def files_of(directory: Path, provider: str) -> list[Path]:
    """Oldest first."""
    return sorted((directory / provider).glob(f"????-??-??{SUFFIX}"))


def providers(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.is_dir())


def day_of(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


class ProviderLog:
    """Opened for writing, by one writer at a time (`audit_writer` sees to that)."""

    def __init__(self, directory: Path, provider: str) -> None:
        """Finds the end of the chain and takes away a line that a crash cut off; `repaired` says
        how many bytes that were. Raises Broken if the newest file is not what was written."""
        self._home = directory / provider
        self._provider = provider
        self.cursors: dict[str, Cursor] = {}  # by queue: the last event of the newest file
        self.last = GENESIS
        self.repaired = 0
        self._file: Path | None = None
        self._descriptor = -1
        self._find_end()

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def append(self, records: Sequence[Record], day: str) -> None:
        """Add these to the file of `day`, or to the newest if that is later. All or none of them:
        what a failed write leaves is taken away when the files are opened next."""
        if self._file is None or day > self._file.stem:
            self._begin(day)
        if self._descriptor < 0:
            assert self._file is not None
            self._descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        data, last = link(records, self.last)
        _write(self._descriptor, data)
        self.last = last

    def remove_before(self, oldest: date) -> list[str]:
        """Delete the files of days before `oldest`; the chain says so first. The newest stays."""
        removed = []
        for path in files_of(self._home.parent, self._provider)[:-1]:
            if date.fromisoformat(path.stem) >= oldest:
                break
            with path.open("rb") as file:
                last = digest(_last_line(file.read()))
            self.append([{"kind": REMOVED, "file": path.name, "last": last}], path.stem)
            path.unlink()
            removed.append(path.name)
        return removed

    def known_since(self, ms: int) -> set[bytes]:
        """The events written on that day and later, each as `event_key` gives it."""
        return {
            event_key(record)
            for path in files_of(self._home.parent, self._provider)
            if path.stem >= day_of(ms)
            for record in records_of(path)
            if record["kind"] == EVENT
        }

    def _find_end(self) -> None:
        while self._file is None:
            files = files_of(self._home.parent, self._provider)
            if not files:
                return
            self.repaired += _cut_to_whole_lines(files[-1])
            if files[-1].stat().st_size:
                self._file = files[-1]
            else:
                files[-1].unlink()
        with self._file.open("rb") as lines:
            for record, last in read_lines(self._file.name, lines):
                self.last = last
                if record["kind"] == EVENT:
                    self.cursors[record["queue"]] = Cursor(record["id"], record["n"])
        if self.repaired:
            self.append([{"kind": REPAIRED, "bytes": self.repaired}], self._file.stem)

    def _begin(self, day: str) -> None:
        self.close()
        after = self._file.name if self._file else ""
        private_directory(self._home)
        path = self._home / f"{day}{SUFFIX}"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o600)
        self._file = path
        data, self.last = link([head(self._provider, day, after)], self.last)
        _write(self._descriptor, data)
        _sync_directory(self._home)


def records_of(path: Path) -> Iterator[dict[str, Any]]:
    """The records of one file. Raises Broken."""
    with path.open("rb") as lines:
        for record, _ in read_lines(path.name, lines):
            yield record


def event_key(record: Record) -> bytes:
    """What makes an event the same event, wherever it stands in the chain."""
    return encode({name: record[name] for name in ("queue", "id", "event")})


def _cut_to_whole_lines(path: Path) -> int:
    """Take away what follows the last line feed; how many bytes that were."""
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with path.open("r+b") as file:
            file.truncate(whole)
            os.fsync(file.fileno())
    return len(data) - whole


def _last_line(data: bytes) -> bytes:
    return data[data.rfind(b"\n", 0, -1) + 1 :]


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


def private_directory(path: Path) -> None:
    """Make it, for its owner only, and on the disk."""
    if not path.exists():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
