"""Run an installer: one line when it begins, one when it fails, and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping

INSTALL_S = 600
ERROR = re.compile(r"^(?:E|\w*Error): *(.+)$", re.MULTILINE)  # apt-get says E, Playwright Error


def run(command: list[str], more: Mapping[str, str]) -> bool:
    """Standard output is for what the caller prints, so all this goes to standard error."""
    say(f"Trying: {' '.join(command)}")
    try:
        done = subprocess.run(
            command,
            env=os.environ | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=INSTALL_S,
        )
    except OSError as error:
        say(f"That failed: {error.strerror}.")
    except subprocess.TimeoutExpired:
        say(f"That was given up after {INSTALL_S} s.")
    else:
        if done.returncode:
            say(f"That failed: {cause(done.stdout)}.")
        return done.returncode == 0
    return False


def cause(output: str) -> str:
    """The first error it names, else its last words."""
    if found := ERROR.search(output):
        return found[1].strip().rstrip(".")
    words = output.split("\n")
    return next((line.strip() for line in reversed(words) if line.strip()), "it did not say why")


def debian_package(name: str) -> bool:
    """Install a package of Debian; False where that cannot be done, as for any user but root."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    # RUNLEVEL: a package that brings a server would start it, which nobody asked for.
    environment = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", name]
    return run(["apt-get", "update"], environment) and run(install, environment)


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
