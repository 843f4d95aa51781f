"""A copy of the embedded store's append-only file, taken while the server runs.

The files that the manifest names are only ever appended to, and a rewriting makes new ones and a
new manifest. So a copy is good if the manifest is the same before and after; its last command may
be cut off in the middle, and the server that loads it leaves that one out. Everything that was
acknowledged before the copy began is in it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .append_only import DIRECTORY, MANIFEST, files

ATTEMPTS = 10  # a rewriting ends now and then, not ten times in a row


class NotBackedUp(Exception):
    """There is no backup; the sentence says why and what to do."""


def back_up(store: Path, target: Path) -> int:
    """Copy the store's data into `target`, which must not exist; it is then the `store` directory
    of a data directory. Returns the bytes copied. Raises NotBackedUp, and leaves nothing behind."""
    if target.exists():
        raise NotBackedUp(f"{target} is there already: choose a directory that is not.")
    if not (store / DIRECTORY).is_dir():
        raise NotBackedUp(f"There is no embedded store in {store}: name the data directory.")
    target.mkdir(mode=0o700, parents=True)
    try:
        for _ in range(ATTEMPTS):
            copied = _copy(store, target)
            if copied is not None:
                return copied
    except OSError as error:
        shutil.rmtree(target)
        raise NotBackedUp(f"{error.filename}: {error.strerror}.") from error
    shutil.rmtree(target)
    raise NotBackedUp("The store rewrites its file all the time: try again later.")


def _copy(store: Path, target: Path) -> int | None:
    """The bytes copied; None if the files changed under our hands."""
    manifest = store / DIRECTORY / MANIFEST
    before = manifest.read_bytes()
    shutil.rmtree(target / DIRECTORY, ignore_errors=True)
    (target / DIRECTORY).mkdir(mode=0o700)
    copied = 0
    try:
        for path in files(store):
            copied += _copy_file(path, target / DIRECTORY / path.name)
    except FileNotFoundError:
        return None  # a rewriting has just replaced it
    if manifest.read_bytes() != before:
        return None
    _copy_file(manifest, target / DIRECTORY / manifest.name)
    return copied


def _copy_file(source: Path, target: Path) -> int:
    """Copied and on the disk, readable by nobody else."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as reader, os.fdopen(descriptor, "wb") as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)
        writer.flush()
        os.fsync(writer.fileno())
        return writer.tell()
