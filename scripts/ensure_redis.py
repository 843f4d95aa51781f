"""Print the path of a `redis-server` 7 or newer, installing Debian's if need be and we are root.

In this order: the one in KOLAPP_REDIS_SERVER, one on the path, Debian's package. Otherwise one
sentence, and exit code 1: tests on it are never skipped in silence.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

from installing import debian_package

NAME = "redis-server"
OLDEST = 7


def main() -> int:
    named = os.environ.get("KOLAPP_REDIS_SERVER")
    found = named or shutil.which(NAME) or (debian_package(NAME) and shutil.which(NAME))
    if not found or version(found) < OLDEST:
        sys.stderr.write(
            f"No redis-server {OLDEST} or newer was found; install it or name one with "
            "KOLAPP_REDIS_SERVER=/path.\n"
        )
        return 1
    sys.stdout.write(f"{found}\n")
    return 0


def version(path: str) -> int:
    """Its major version; 0 if it does not run."""
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r"v=(\d+)\.", told.stdout)
    return int(match[1]) if match else 0


if __name__ == "__main__":
    sys.exit(main())
