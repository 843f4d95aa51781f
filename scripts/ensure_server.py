"""Print the path of a server that tests need, installing Debian's package if need be and we are
root: `ensure_server.py redis-server`, or `turnserver` (coturn).

In this order: the one that the environment names, one on the path, Debian's package. Otherwise one
sentence, and exit code 1: tests on it are never skipped in silence.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

from installing import debian_package


@dataclass(frozen=True)
class Server:
    package: str
    named_by: str  # variable of the environment
    oldest: int  # major version
    says: str  # how `--version` tells its version


SERVERS = {
    "redis-server": Server("redis-server", "KOLAPP_REDIS_SERVER", 7, r"v=(\d+)\."),
    "turnserver": Server("coturn", "KOLAPP_TURNSERVER", 4, r"^(?:Coturn-)?(\d+)\.\d"),
}


def main(name: str) -> int:
    server = SERVERS[name]
    named = os.environ.get(server.named_by)
    found = named or shutil.which(name) or (debian_package(server.package) and shutil.which(name))
    if not found or version(found, server.says) < server.oldest:
        sys.stderr.write(
            f"No {name} {server.oldest} or newer was found; install it or name one with "
            f"{server.named_by}=/path.\n"
        )
        return 1
    sys.stdout.write(f"{found}\n")
    return 0


def version(path: str, says: str) -> int:
    """Its major version; 0 if it does not run."""
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(says, told.stdout, re.MULTILINE)
    return int(match[1]) if match else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
