"""The browser for the tests: found, installed, or refused in one sentence; never skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "ensure_browser.py"
NOWHERE = "http://127.0.0.1:9"  # nobody listens: a download that cannot be reached


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The only directory programs are looked up in."""
    directory = tmp_path / "bin"
    directory.mkdir()
    return directory


def put(directory: Path, name: str, script: str) -> str:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def ensure(programs: Path, *arguments: str, **more: str) -> tuple[int, str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "KOLAPP_CHROMIUM"}
    environment = kept | {
        "PATH": str(programs),
        "PLAYWRIGHT_BROWSERS_PATH": str(programs.parent / "browsers"),
        "PLAYWRIGHT_DOWNLOAD_HOST": NOWHERE,
    }
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        env=environment | more,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip(), done.stderr


def test_an_installed_one_is_used(programs: Path) -> None:
    path = put(programs, "chromium-browser", "echo Chromium 156.0")
    assert ensure(programs, "--no-install") == (0, path, "")


def test_one_that_does_not_start_is_passed_over(programs: Path) -> None:
    put(programs, "chromium", "echo Chromium 156.0; exit 127")
    put(programs, "chromium-browser", "echo please install the snap")
    path = put(programs, "google-chrome", "echo Google Chrome 156.0")
    assert ensure(programs, "--no-install") == (0, path, "")


def test_the_named_one_is_used_and_no_other(programs: Path) -> None:
    put(programs, "chromium", "echo Chromium 156.0")
    path = put(programs, "mine", "echo Chromium 1.0")
    assert ensure(programs, KOLAPP_CHROMIUM=path) == (0, path, "")
    code, told, why = ensure(programs, KOLAPP_CHROMIUM=f"{path}-gone")
    assert (code, told, why.count("\n")) == (1, "", 1)


def test_none_is_one_sentence(programs: Path) -> None:
    code, told, why = ensure(programs, "--no-install")
    assert (code, told) == (1, "")
    assert why == (
        "No Chromium that starts was found; install chromium or google-chrome, or name one with "
        "KOLAPP_CHROMIUM=/path.\n"
    )


def test_without_a_download_debians_package_is_installed_by_root_alone(programs: Path) -> None:
    package = put(programs.parent, "chromium", "echo Chromium 156.0")
    put(programs, "apt-get", f'[ "$1" = update ] || /bin/cp {package} {programs}')
    code, told, why = ensure(programs)
    assert "playwright install chromium" in why
    assert "That failed: connect ECONNREFUSED 127.0.0.1:9.\n" in why
    if os.geteuid() == 0:
        assert (code, told) == (0, f"{programs}/chromium")
        assert why.index("apt-get update") < why.index("apt-get install")
        assert why.count("\n") == 4, "a line for each attempt, and one for what failed"
    else:
        assert (code, told) == (1, "")
        assert "apt-get" not in why
