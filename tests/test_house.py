"""The house's own rules: layout, sizes, pinned packages, and what the wheel holds."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE_ROOTS = ("queue", "signalling", "media", "loadtest")
MODULES = sorted(path for root in SOURCE_ROOTS for path in (ROOT / root).rglob("*.py"))
MODULE_LINES = 300
FUNCTION_LINES = 40
TOO_LONG: frozenset[str] = frozenset()  # modules that may be longer, each with its reason
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINNED = dict(
    line.split("==", 1) for line in (ROOT / "constraints.txt").read_text().split() if "==" in line
)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_queue_is_the_standard_librarys_even_from_the_root() -> None:
    code = "import queue; print(queue.__file__)"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert Path(told.stdout.strip()).parent == Path(sysconfig.get_path("stdlib"))


@pytest.mark.parametrize("root", [*SOURCE_ROOTS, "tests"])
def test_a_source_root_is_no_package(root: str) -> None:
    packages = [root] if root != "tests" else [root, *(f"tests/{name}" for name in SOURCE_ROOTS)]
    assert not [name for name in packages if (ROOT / name / "__init__.py").exists()]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    text = path.read_text()
    if path.relative_to(ROOT).as_posix() not in TOO_LONG:
        assert text.count("\n") <= MODULE_LINES
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    long = [
        f"{node.name}: {1 + (node.end_lineno or 0) - node.lineno}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, functions) and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES
    ]
    assert not long


def test_the_allowed_exceptions_exist() -> None:
    assert {path.relative_to(ROOT).as_posix() for path in MODULES} >= TOO_LONG


def test_the_readme_is_short() -> None:
    assert (ROOT / "README.md").read_text().count("\n") <= 100


def test_constraints_pin_and_name_no_index() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pin = re.compile(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.]+\Z")
    assert [line for line in lines if not pin.match(line)] == []
    assert len(PINNED) == len({normal(name) for name in PINNED}) == len(lines)


def test_every_installed_package_is_pinned_at_its_version() -> None:
    pinned = {normal(name): version for name, version in PINNED.items()}
    ours = {"kolapp", "pip", "setuptools"}  # the last two come with the virtual environment
    found = {
        normal(one.name): one.version for one in distributions() if normal(one.name) not in ours
    }
    assert found == {name: pinned.get(name) for name in found}


def test_every_declared_package_is_pinned() -> None:
    declared = [
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["dev"],
        *PROJECT["build-system"]["requires"],
    ]
    names = {normal(re.split(r"[\[<>=~! ]", text, maxsplit=1)[0]) for text in declared}
    assert names <= {normal(name) for name in PINNED}


def test_nothing_names_a_package_index() -> None:
    files = [ROOT / name for name in ("Makefile", "pyproject.toml", ".ci/run")]
    files += [path for path in (ROOT / "scripts").iterdir() if path.is_file()]
    index = re.compile(r"--(extra-)?index-url|PIP_INDEX|://[^\s\"']*(pypi|simple)\b", re.IGNORECASE)
    assert not [path.name for path in files if index.search(path.read_text())]


def test_the_wheel_holds_scripts_pages_and_types(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    files = [
        path.relative_to(ROOT / root).as_posix()
        for root in SOURCE_ROOTS
        for path in (ROOT / root).glob("kolapp_*/**/*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert {"kolapp_queue/lua/queue/join.lua", "kolapp_signalling/static/kolapp.js"} <= set(files)
    assert set(files) <= held
    assert not [name for name in held if name.startswith(("queue/", "tests/"))]
