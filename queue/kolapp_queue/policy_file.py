"""The file of the queues (TOML): read whole, checked whole, every fault told at once.

[defaults]                    # for all queues below, unless they say otherwise
timezone = "Europe/Stockholm"

[queues.PROVIDER.NAME]        # one queue; PROVIDER "*" means every provider
hours = { weekdays = "07:00-22:00" }
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .hours import AROUND_THE_CLOCK
from .model import NAME
from .policy import EVERY_PROVIDER, KEYS, PolicySet, QueuePolicy
from .policy_kinds import Place, show_duration, shown

FILE_BYTES = 1 << 20
MOST_QUEUES = 1_000
_NAME_ALLOWED = "1 to 64 of A-Z a-z 0-9 _ -"
_BY_NAME = {key.name: key for key in KEYS}


@dataclass
class PolicyFileError(Exception):
    """The file cannot be used; nothing of it is. One line for each thing that is wrong."""

    file: str
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(f"{self.file}: {fault}" for fault in self.faults)


def load(path: Path) -> PolicySet:
    """Raises PolicyFileError."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES + 1)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise PolicyFileError(str(path), (f"{reason}; name a TOML file of queues.",)) from error
    if len(content) > FILE_BYTES:
        raise PolicyFileError(str(path), (f"The file is larger than {FILE_BYTES} bytes.",))
    try:
        return parse(content.decode("utf-8"), str(path))
    except UnicodeDecodeError as error:
        fault = f"Byte {error.start + 1} is not UTF-8; TOML is written in UTF-8."
        raise PolicyFileError(str(path), (fault,)) from error


def parse(text: str, file: str) -> PolicySet:
    """The queues of the file's text; `file` is its name for the errors. Raises PolicyFileError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyFileError(file, (f"This is not TOML: {error}.",)) from error
    root = Place()
    queues = _queues(document, root)
    if not root.faults and not queues:
        root.inside("queues").fault("missing", "a table of at least one queue")
    if root.faults:
        raise PolicyFileError(file, tuple(map(str, root.faults)))
    return PolicySet(tuple(queues))


def _queues(document: dict[str, Any], root: Place) -> list[QueuePolicy]:
    for name in document:
        if name not in ("defaults", "queues"):
            root.unknown(name, ("defaults", "queues"))
    defaults = _keys(document.get("defaults", {}), root.inside("defaults"))
    place = root.inside("queues")
    found: list[QueuePolicy] = []
    for provider, queues in _table(document.get("queues", {}), place).items():
        of_provider = place.inside(provider)
        if provider != EVERY_PROVIDER and not NAME.match(provider):
            of_provider.fault("no provider", f'{_NAME_ALLOWED}, or "{EVERY_PROVIDER}" for all')
        for name, given in _table(queues, of_provider).items():
            found.append(_queue(provider, name, given, defaults, of_provider.inside(name)))
    if len(found) > MOST_QUEUES:
        place.fault(f"{len(found)} queues", f"at most {MOST_QUEUES}")
    return found


def _queue(
    provider: str, name: str, given: object, defaults: dict[str, Any], place: Place
) -> QueuePolicy:
    if not NAME.match(name):
        place.fault("no name of a queue", _NAME_ALLOWED)
    before = len(place.faults)
    fields = {**defaults, **_keys(given, place)}
    policy = QueuePolicy(provider, name, **fields)
    if len(place.faults) == before:
        _check_together(policy, "timezone" in fields, place)
    return policy


def _keys(given: object, place: Place) -> dict[str, Any]:
    """The fields that the keys of one table fill."""
    found: dict[str, Any] = {}
    for name, value in _table(given, place).items():
        key = _BY_NAME.get(name)
        if key is None:
            place.unknown(name, _BY_NAME)
        else:
            for read in place.inside(name).take(key.kind, value):
                found[key.field] = read
    return found


def _table(value: object, place: Place) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    place.fault(shown(value), "a table")
    return {}


def _check_together(policy: QueuePolicy, zoned: bool, place: Place) -> None:
    """What each key allows by itself, but not together with another."""
    dated = bool(policy.special) or policy.week != AROUND_THE_CLOCK.week
    if dated and not zoned:
        place.inside("timezone").fault("missing", "set to the time zone of the hours")
    if policy.undo_ms > policy.ring_ms:
        place.inside("undo").fault(
            show_duration(policy.undo_ms),
            f"at most as long as the call rings, {show_duration(policy.ring_ms)}",
        )


def keys_table() -> str:
    """The table of docs/queues.md."""
    lines = ["| key | default | it must be | what it is |", "| --- | --- | --- | --- |"]
    for key in KEYS:
        cells = (f"`{key.name}`", f"`{key.kind.show(key.default)}`", key.kind.allowed, key.text)
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
