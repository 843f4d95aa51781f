"""The Chromium that browser tests drive."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "ensure_browser.py"


@functools.cache
def chromium_path() -> str:
    """The one that `make test` found or installed; outside of make, one that is installed."""
    named = os.environ.get("KOLAPP_CHROMIUM")
    if named:
        return named
    found = subprocess.run(
        [sys.executable, str(SCRIPT), "--no-install"], capture_output=True, text=True, check=False
    )
    if found.returncode:
        raise RuntimeError(found.stderr.strip())
    return found.stdout.strip()
