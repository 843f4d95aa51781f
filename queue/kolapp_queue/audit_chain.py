"""The lines of an audit file: JSON objects, each with the SHA-256 of the line before it.

The first line of a file is its head and names the last hash of the file before, so the files of a
provider are one chain. A line that is changed, moved, put in or taken out breaks it at the next
line; whoever can write the whole directory could make it anew, so the last hash belongs into other
hands now and then (docs/audit.md).

    head      provider, day, after (the file before) and prev (its last hash)
    event     one event of the store's stream: queue, id (in the stream), n (its ordinal), event
    gap       events that are known to have been and cannot be read any more: missing, why
    repaired  a line that a crash had cut off was taken away: bytes
    removed   a file past its retention was deleted: file, last (its last hash)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

FORMAT = 1
GENESIS = "0" * 64  # the hash before the first line of all
HEAD, EVENT, GAP, REPAIRED, REMOVED = "head", "event", "gap", "repaired", "removed"

Record = Mapping[str, Any]


@dataclass
class Broken(Exception):
    """The chain does not hold at this line (1 is the head) of this file."""

    file: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.why}"


def digest(line: bytes) -> str:
    """The hash of one line, without its line feed."""
    return hashlib.sha256(line.rstrip(b"\n")).hexdigest()


def encode(record: Record) -> bytes:
    """The one way to write a record: the same record is always the same bytes."""
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode() + b"\n"


def link(records: Iterable[Record], last: str) -> tuple[bytes, str]:
    """The lines of `records` after a line whose hash is `last`, and the new last hash."""
    lines = []
    for record in records:
        lines.append(encode({**record, "prev": last}))
        last = digest(lines[-1])
    return b"".join(lines), last


def head(provider: str, day: str, after: str) -> dict[str, Any]:
    return {"kind": HEAD, "format": FORMAT, "provider": provider, "day": day, "after": after}


def read_lines(file: str, lines: Iterable[bytes]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each record of a file with its line's hash. Raises Broken where the chain does not hold
    within the file; that its head fits the file before is for the caller to check."""
    last: str | None = None
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            raise Broken(file, number, "the line is cut off")
        record = _decoded(file, number, line)
        if number == 1:
            if record.get("kind") != HEAD or record.get("format") != FORMAT:
                raise Broken(file, number, "this is no head of an audit file")
        elif record.get("prev") != last:
            raise Broken(file, number, "it does not follow from the line before")
        last = digest(line)
        yield record, last


def _decoded(file: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        raise Broken(file, number, "this is no JSON") from None
    if not isinstance(record, dict) or encode(record) != line:
        raise Broken(file, number, "this is not how an audit line is written")
    return record
