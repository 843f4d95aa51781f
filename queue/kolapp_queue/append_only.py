"""The store's append-only file: what is deleted leaves the disk only when that file is rewritten.

The embedded store writes its files as plain commands (`aof-use-rdb-preamble no`): a stream that is
saved in the binary form keeps the bytes of deleted entries, the commands name only what is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from .link import Link

DIRECTORY = "appendonlydir"  # in the store's directory
MANIFEST = "appendonly.aof.manifest"  # a new one is written beside it and takes its place
_POLL_S = 0.05
_CHUNK = 1 << 20
_BUSY = "rewriting already in progress"


class NotRewritten(Exception):
    """The append-only file could not be rewritten; the sentence says why and what to do."""


async def rewrite(link: Link, timeout_s: float) -> None:
    """Rewrite the append-only file and wait for the end. A rewriting that runs already is waited
    for first: it began before what is to leave was deleted. Raises NotRewritten."""
    try:
        async with asyncio.timeout(timeout_s):
            begun = await _begin(link)
            told = await _persistence(link)
            while told["aof_rewrites"] <= begun or _runs(told):
                await asyncio.sleep(_POLL_S)
                told = await _persistence(link)
    except TimeoutError:
        raise NotRewritten(
            f"The store did not rewrite its append-only file within {timeout_s:g} s;"
            " see its log, then repeat the command."
        ) from None
    if told["aof_last_bgrewrite_status"] != "ok":
        raise NotRewritten(
            "The store failed to rewrite its append-only file (is the disk full?);"
            " see its log, then repeat the command."
        )


async def _begin(link: Link) -> int:
    """Start a rewriting; how many had been started before."""
    while True:
        before = await _persistence(link)
        if not _runs(before):
            try:
                await link.do(Redis.bgrewriteaof)
            except ResponseError as error:
                if _BUSY not in str(error):
                    raise NotRewritten(f"The store does not rewrite its file: {error}.") from error
            else:
                return int(before["aof_rewrites"])
        await asyncio.sleep(_POLL_S)


async def _persistence(link: Link) -> dict[str, Any]:
    told: dict[str, Any] = await link.do(lambda redis: redis.info("persistence"))
    return told


def _runs(told: dict[str, Any]) -> bool:
    return bool(told["aof_rewrite_in_progress"] or told["aof_rewrite_scheduled"])


def files(store: Path) -> list[Path]:
    """The files of the append-only file that are in use, by its manifest; without the manifest."""
    directory = store / DIRECTORY
    manifest = (directory / MANIFEST).read_text("utf-8")
    words = [line.split() for line in manifest.splitlines() if line.strip()]
    named = [dict(zip(line[::2], line[1::2], strict=True)) for line in words]
    return [directory / entry["file"] for entry in named if entry["type"] != "h"]


async def until_old_files_are_gone(store: Path, timeout_s: float) -> None:
    """The server deletes what a rewriting replaced a moment after its end. Raises NotRewritten."""
    try:
        async with asyncio.timeout(timeout_s):
            while _superfluous(store):  # noqa: ASYNC110 (a directory tells nobody)
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        names = ", ".join(path.name for path in _superfluous(store))
        raise NotRewritten(f"Old files stay in {store / DIRECTORY}: {names}.") from None


def _superfluous(store: Path) -> list[Path]:
    used = set(files(store))
    there = (store / DIRECTORY).glob("*.aof")
    return sorted(path for path in there if path not in used)


def traces(store: Path, needles: Sequence[bytes]) -> Iterator[Path]:
    """The files below the store's directory that hold one of these byte strings."""
    longest = max(map(len, needles), default=0)
    for path in sorted(store.rglob("*")):
        if path.is_file() and _holds(path, needles, longest):
            yield path


def _holds(path: Path, needles: Sequence[bytes], longest: int) -> bool:
    rest = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            window = rest + chunk
            if any(needle in window for needle in needles):
                return True
            rest = window[max(0, len(window) - longest + 1) :]
    return False
