"""Secrets made by Kolapp itself, each in a file of the data directory that only its owner reads.

A secret is made once and then found again, so that tokens, pseudonyms and node links survive a
restart. Two processes that start at once get the same one: the first link to the name wins.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from .process import StartRefused


def private_directory(path: Path) -> Path:
    """`path`, made if needed, readable by nobody else."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise StartRefused(
            f"The directory {path} cannot be used ({error.strerror}); set KOLAPP_DATA_DIR to one "
            "that this user may write to."
        ) from error
    return path


def kept_secret(directory: Path, name: str, make: Callable[[], bytes]) -> bytes:
    """The bytes of the file, or what `make` gives, kept from now on with mode 0600."""
    path = private_directory(directory) / name
    try:
        return path.read_bytes()
    except FileNotFoundError:
        replace_secret(directory, name, make(), only_new=True)
        return path.read_bytes()
    except OSError as error:
        raise StartRefused(f"The key {path} cannot be read ({error.strerror}).") from error


def replace_secret(directory: Path, name: str, value: bytes, only_new: bool = False) -> None:
    """Write a secret whole or not at all. With `only_new`, one that is there stays."""
    # mkstemp makes the file 0600 from its first moment
    handle, temporary = tempfile.mkstemp(dir=private_directory(directory), prefix=f".{name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(value)
        if only_new:
            _link_unless_there(temporary, directory / name)
        else:
            Path(temporary).replace(directory / name)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _link_unless_there(source: str, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except FileExistsError:
        return


def kept_random(directory: Path, name: str) -> bytes:
    """32 random bytes, kept as hex so that they can be copied into a setting."""
    text = kept_secret(directory, name, lambda: secrets.token_hex(32).encode())
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError as error:
        raise StartRefused(
            f"The key {directory / name} is damaged; restore it, or delete it to get a new one."
        ) from error
