"""`kolapp backup`: returns what to print, or raises StartRefused."""

from __future__ import annotations

from pathlib import Path

from kolapp_queue.backup import NotBackedUp, back_up

from .process import StartRefused


def backed_up(data_dir: Path, target: Path) -> str:
    """The embedded store's data into `target`/store, so that `target` is a data directory that
    lacks its keys only."""
    try:
        copied = back_up(data_dir / "store", target / "store")
    except NotBackedUp as error:
        raise StartRefused(f"Nothing was backed up: {error}") from error
    return (
        f"{target} holds the store as of now ({copied} bytes). It needs the keys of {data_dir}/keys"
        " to be of use: keep a copy of them elsewhere."
    )
