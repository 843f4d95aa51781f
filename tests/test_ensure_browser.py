"""The browser for the tests: found, installed, or refused in one sentence; never skipped."""

from __future__ import annotations

import os
from pathlib import Path

from fake_programs import put, run_script

NOWHERE = "http://127.0.0.1:9"  # nobody listens: a download that cannot be reached


def ensure(programs: Path, *arguments: str, **more: str) -> tuple[int, str, str]:
    environment = {
        "PATH": str(programs),
        "PLAYWRIGHT_BROWSERS_PATH": str(programs.parent / "browsers"),
        "PLAYWRIGHT_DOWNLOAD_HOST": NOWHERE,
    }
    hidden = ("KOLAPP_CHROMIUM",)
    return run_script("ensure_browser.py", *arguments, without=hidden, **environment | more)


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
