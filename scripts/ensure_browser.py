"""Print the path of a Chromium that starts, installing one if need be.

In this order: the one in KOLAPP_CHROMIUM, an installed one, Playwright's own, and where that
cannot be downloaded and we are root, Debian's package. Otherwise one sentence, and exit code 1:
browser tests are never skipped in silence. With `--no-install` only what is there is looked at.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from installing import debian_package, run

INSTALLED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_S = 60
CONNECT_MS = 3_000  # a download host that does not answer within this, in five attempts, is away


def main(arguments: list[str]) -> int:
    found = next(browsers(install="--no-install" not in arguments), None)
    if found is None:
        sys.stderr.write(
            "No Chromium that starts was found; install chromium or google-chrome, or name one "
            "with KOLAPP_CHROMIUM=/path.\n"
        )
        return 1
    sys.stdout.write(f"{found}\n")
    return 0


def browsers(install: bool) -> Iterator[str]:
    named = os.environ.get("KOLAPP_CHROMIUM")
    if named:  # a wish, not a hint: if it does not start, no other is taken
        yield from started(named)
        return
    for name in INSTALLED:
        yield from started(shutil.which(name))
    yield from started(playwrights_own())
    if not install:
        return
    quickly = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": str(CONNECT_MS)}
    if run([sys.executable, "-m", "playwright", "install", "chromium", "--no-shell"], quickly):
        yield from started(playwrights_own())
    if debian_package("chromium"):
        yield from started(shutil.which("chromium"))


def started(path: str | None) -> Iterator[str]:
    """The path, if that program runs: a stub or one without its libraries does not."""
    if not path:
        return
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, timeout=START_S)
    except (OSError, subprocess.TimeoutExpired):
        return
    if answer.returncode == 0 and b"hrom" in answer.stdout:
        yield path


def playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
