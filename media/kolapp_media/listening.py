"""The Unix socket of a node's control."""

from __future__ import annotations

import socket
from pathlib import Path


def listen_at(path: Path) -> socket.socket:
    """A Unix socket that only its owner may connect to, from its first moment on."""
    if path.is_socket():
        path.unlink()  # left behind by a node that was killed
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(path))
        path.chmod(0o600)  # nobody can connect before it listens
    except OSError:
        listening.close()
        raise
    return listening


def remove(path: Path) -> None:
    path.unlink(missing_ok=True)
