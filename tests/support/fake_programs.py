"""Programs that are no more than a line of shell, for scripts that look programs up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The only directory programs are looked up in."""
    directory = tmp_path / "bin"
    directory.mkdir()
    return directory


def put(directory: Path, name: str, script: str) -> str:
    """Its path."""
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def run_script(
    name: str, *arguments: str, without: Collection[str], **environment: str
) -> tuple[int, str, str]:
    """Exit code, output and errors of a script; of this process's environment `without` these."""
    kept = {name: value for name, value in os.environ.items() if name not in without}
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / name), *arguments],
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip(), done.stderr
