"""Where scripts/setup cannot do its work it says so in one sentence. Where it can, see .ci/run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A fresh checkout, as far as setup looks at it."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "setup", tmp_path / "scripts")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def setup(project: Path, python: str, want: str = "run") -> tuple[int, str]:
    done = subprocess.run(
        [project / "scripts" / "setup", want],
        env={"PATH": "/usr/bin:/bin", "PYTHON": python},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def program(project: Path, script: str) -> str:
    path = project / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_a_python_that_is_too_old(project: Path) -> None:
    assert setup(project, program(project, "exit 1")) == (
        1,
        "Kolapp needs Python 3.11 or newer; install it, or name it with PYTHON=...\n",
    )


def test_a_python_without_virtual_environments(project: Path) -> None:
    lacks = program(project, 'case "$2" in *ensurepip*) exit 1 ;; esac')
    assert setup(project, lacks) == (
        1,
        "This Python cannot make virtual environments; install its venv package (Debian: "
        "python3-venv).\n",
    )
    assert not (project / ".venv").exists()


def test_packages_that_cannot_be_had(project: Path) -> None:
    """A half-made environment is finished by the next run, not taken for whole."""
    (project / ".venv" / "bin").mkdir(parents=True)
    for name in ("python", "pip"):
        path = project / ".venv" / "bin" / name
        path.write_text("#!/bin/sh\nexit 1\n")
        path.chmod(0o755)
    code, told = setup(project, sys.executable)
    assert code == 1
    assert told.endswith("could not be installed; pip says why above.\n")
    assert not (project / ".venv" / "installed").exists()


def test_nothing_is_done_when_nothing_has_changed(project: Path) -> None:
    (project / ".venv" / "bin").mkdir(parents=True)
    for name in ("python", "pip"):
        (project / ".venv" / "bin" / name).symlink_to("/bin/true")
    code, told = setup(project, sys.executable, "dev")
    assert (code, told.startswith("Installing")) == (0, True)
    assert setup(project, "/bin/false", "dev") == (0, "")
    assert setup(project, "/bin/false", "run") == (0, "")
    (project / "constraints.txt").write_text("changed==1\n")
    assert setup(project, "/bin/false", "run")[0] == 1
