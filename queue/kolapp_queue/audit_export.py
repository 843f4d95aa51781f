"""Audit files read: an export for those who may ask for it, and the check that they are whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from .audit_chain import EVENT, GENESIS, REMOVED, Broken, encode, read_lines
from .audit_files import day_of, files_of, providers, records_of

# How much later than its day an event may be written: as long as the store keeps it unread.
LATE_DAYS = 8


@dataclass(frozen=True, slots=True)
class Verified:
    """One provider's chain, as far as it holds. `last` belongs into other hands now and then."""

    provider: str
    files: int
    lines: int
    last: str


def export(directory: Path, provider: str, first: date, last: date) -> Iterator[bytes]:
    """The lines of the events of these UTC days, both included, and of everything else the files
    of that time say (gaps, repairs). An event that is there twice, as when two directories were
    merged, is given once. Raises Broken where a chain does not hold."""
    seen: set[tuple[str, str]] = set()
    latest = last + timedelta(days=LATE_DAYS)
    for path in files_of(directory, provider):
        if not first.isoformat() <= path.stem <= latest.isoformat():
            continue
        for record in records_of(path):
            if record["kind"] == EVENT:
                key = (record["queue"], record["id"])
                ms = record["event"].get("ms")
                day = day_of(ms) if isinstance(ms, int) else path.stem
                if key in seen or not first.isoformat() <= day <= last.isoformat():
                    continue
                seen.add(key)
            elif path.stem > last.isoformat():
                continue
            yield encode(record)


def verify(directory: Path, expected: str = "") -> list[Verified]:
    """Check every provider's chain from its first file to its last. Raises Broken with the file
    and line of the first break; also when no line has the hash `expected`, one noted earlier: then
    the end was cut off or everything was written anew."""
    found, hashes = [], set()
    for provider in providers(directory):
        verified, seen = _verify_provider(directory, provider, expected)
        found.append(verified)
        hashes |= seen
    if expected and expected not in hashes:
        raise Broken(str(directory), 0, "no line has the hash that was noted")
    return found


def _verify_provider(directory: Path, provider: str, expected: str) -> tuple[Verified, set[str]]:
    last, lines, seen = GENESIS, 0, set()
    files = files_of(directory, provider)
    first_prev, removed = GENESIS, {GENESIS}
    for number, path in enumerate(files):
        name = f"{provider}/{path.name}"
        with path.open("rb") as content:
            for record, line_hash in read_lines(name, content):
                if record["kind"] == "head":
                    _check_head(name, record, provider, path.stem)
                    if number == 0:
                        first_prev = record["prev"]
                    elif record["prev"] != last:
                        raise Broken(name, 1, f"it does not follow {files[number - 1].name}")
                if record["kind"] == REMOVED:
                    removed.add(record["last"])
                last, lines = line_hash, lines + 1
                if last == expected:
                    seen.add(last)
    if first_prev not in removed:
        raise Broken(f"{provider}/{files[0].name}", 1, "a file before it is missing")
    return Verified(provider, len(files), lines, last), seen


def _check_head(name: str, record: dict[str, object], provider: str, day: str) -> None:
    if (record["provider"], record["day"]) != (provider, day):
        raise Broken(name, 1, "it is the file of another provider or day")
