"""The scenarios that come with the package, and those of a file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from ..errors import LoadtestError
from .scenario import Scenario
from .scenario_file import parse

_FOLDER = files(__package__) / "scenarios"


def names() -> list[str]:
    return sorted(one.name.removesuffix(".toml") for one in _FOLDER.iterdir())


def load(name: str) -> Scenario:
    """A shipped one by its name, else a TOML file. Raises LoadtestError."""
    if name in names():
        return parse((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"), name)
    path = Path(name)
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise LoadtestError(
            f"there is no scenario `{name}`; there are {', '.join(names())}, or name a TOML file"
        ) from None
    return parse(source, path.stem)
