"""A real coturn on loopback, started with the configuration that docs/relays.md recommends."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "relays.md"
READY_S = 30.0


def free_port() -> int:
    """For UDP and TCP."""
    with socket.socket() as chosen, socket.socket(type=socket.SOCK_DGRAM) as same:
        chosen.bind(("127.0.0.1", 0))
        port = int(chosen.getsockname()[1])
        same.bind(("127.0.0.1", port))
        return port


@contextmanager
def coturn(directory: Path, secret: str, *more: str) -> Iterator[tuple[str, int]]:
    """Its address. `more` are further lines of the configuration."""
    program = os.environ.get("KOLAPP_TURNSERVER") or shutil.which("turnserver")
    if program is None:
        raise RuntimeError("turnserver is missing: `scripts/ensure_server.py turnserver` gets it")
    [recommended] = re.findall(r"```conf\n(.*?)```", DOCUMENT.read_text(), re.S)
    port = free_port()
    own = [
        *("listening-ip=127.0.0.1", "relay-ip=127.0.0.1", f"listening-port={port}"),
        *("no-tls", "no-dtls", "log-file=stdout", f"userdb={directory / 'turndb'}"),
        *(f"pidfile={directory / 'pid'}", *more),
    ]
    file = directory / "turnserver.conf"
    file.write_text(recommended.replace("CHANGE-ME", secret) + "\n".join(own) + "\n")
    with (directory / "coturn.log").open("wb") as log:
        server = subprocess.Popen([program, "-c", str(file)], stdout=log, stderr=log, cwd=directory)
    try:
        _wait_ready(server, port)
        yield "127.0.0.1", port
    finally:
        server.kill()
        server.wait()


def _wait_ready(server: subprocess.Popen[bytes], port: int) -> None:
    """It listens on TCP at the same port."""
    deadline = time.monotonic() + READY_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("coturn did not start") from None
            time.sleep(0.02)
        else:
            return
