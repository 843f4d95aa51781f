"""What may be written behind a key of the queues' file: read, checked, and said in words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from .model import NAME

T = TypeVar("T")

MOST_NAMES = 32

_UNITS_MS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d{1,9})\s*(ms|s|min|h|d)")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (the key's path, as in the file), what is there, and what
    to write instead."""

    path: tuple[str, ...]
    found: str
    advice: str

    def __str__(self) -> str:
        return f"{show_path(self.path)} is {self.found}; {self.advice}"


def show_path(path: Iterable[str]) -> str:
    """As TOML writes a dotted key."""
    return ".".join(part if NAME.match(part) else f'"{part}"' for part in path)


def shown(value: object) -> str:
    text = repr(value) if not isinstance(value, dict) else "a table"
    return text if len(text) <= 60 else f"{text[:57]}..."


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """`allowed` completes "it must be ..."; `read` raises ValueError for anything else. Kinds of
    tables take the faults of their items down at `place` and raise only if they are no table."""

    allowed: str
    read: Callable[[object, Place], T]
    show: Callable[[T], str]  # as TOML


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the file, and the faults found so far, of this place and all others."""

    path: tuple[str, ...] = ()
    faults: list[Fault] = field(default_factory=list)

    def inside(self, key: str) -> Place:
        return Place((*self.path, key), self.faults)

    def fault(self, found: str, allowed: str, near: Sequence[str] = ()) -> None:
        """Take a fault down. `near`: what was meant, perhaps."""
        advice = f"did you mean {near[0]}?" if near else f"it must be {allowed}."
        self.faults.append(Fault(self.path, found, advice))

    def take(self, kind: Kind[T], value: object) -> tuple[T, ...]:
        """The value of this place; nothing after a fault, which has then been taken down."""
        try:
            return (kind.read(value, self),)
        except ValueError:
            self.fault(shown(value), kind.allowed)
            return ()

    def unknown(self, key: str, known: Iterable[str]) -> None:
        """A key that means nothing here: it is refused, for it was meant to do something."""
        known = list(known)
        near = get_close_matches(key, known, n=1)
        self.inside(key).fault("unknown here", f"one of {', '.join(known)}", near)


def table(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError
    return value


def quoted(text: str) -> str:
    # What JSON escapes, TOML escapes in the same way.
    return json.dumps(text, ensure_ascii=False)


def text(least: int, most: int) -> Kind[str]:
    """One line, for it is shown in one."""

    def read(value: object, _: Place) -> str:
        if not isinstance(value, str) or not value.isprintable():
            raise ValueError
        if not least <= len(value.strip()) <= most:
            raise ValueError
        return value.strip()

    return Kind(f"text of {least} to {most} characters on one line", read, quoted)


def whole(low: int, high: int) -> Kind[int]:
    def read(value: object, _: Place) -> int:
        # TOML's true is not 1.
        if type(value) is not int or not low <= value <= high:
            raise ValueError
        return value

    return Kind(f"a whole number from {low} to {high}", read, str)


def _read_flag(value: object, _: Place) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


FLAG = Kind("true or false", _read_flag, lambda value: str(value).lower())


def one_of(*words: str) -> Kind[str]:
    def read(value: object, _: Place) -> str:
        if value not in words or not isinstance(value, str):
            raise ValueError
        return value

    return Kind("one of " + ", ".join(map(quoted, words)), read, quoted)


def show_duration(ms: int) -> str:
    """In the largest unit that needs no fraction."""
    if not ms:
        return "0 s"
    unit = next(unit for unit in ("d", "h", "min", "s", "ms") if ms % _UNITS_MS[unit] == 0)
    return f"{ms // _UNITS_MS[unit]} {unit}"


def _read_duration(value: object) -> int:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError
    return int(found[1]) * _UNITS_MS[found[2]]


def duration(low: str, high: str) -> Kind[int]:
    """Milliseconds, written with a unit so that nobody mistakes seconds for minutes."""
    low_ms, high_ms = _read_duration(low), _read_duration(high)

    def read(value: object, _: Place) -> int:
        ms = _read_duration(value)
        if not low_ms <= ms <= high_ms:
            raise ValueError
        return ms

    allowed = f'a time such as "90 s", "5 min" or "24 h", from "{low}" to "{high}"'
    return Kind(allowed, read, lambda ms: f'"{show_duration(ms)}"')


def or_word(word: str, kind: Kind[int]) -> Kind[int | None]:
    """`word` means None."""

    def read(value: object, place: Place) -> int | None:
        return None if value == word else kind.read(value, place)

    def show(value: int | None) -> str:
        return f'"{word}"' if value is None else kind.show(value)

    return Kind(f'"{word}", or {kind.allowed}', read, show)


def _read_names(value: object, _: Place) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_NAMES:
        raise ValueError
    if not all(isinstance(item, str) and NAME.match(item) for item in value):
        raise ValueError
    if len(set(value)) < len(value):
        raise ValueError
    return tuple(value)


NAMES = Kind(
    f"a list of at most {MOST_NAMES} different names of A-Z a-z 0-9 _ -",
    _read_names,
    lambda names: f"[{', '.join(map(quoted, names))}]",
)


def _read_ages(value: object, _: Place) -> tuple[int, int] | None:
    if value == "":
        return None
    found = re.fullmatch(r"(\d{1,3})\s*-\s*(\d{1,3})", value) if isinstance(value, str) else None
    if not found or not int(found[1]) <= int(found[2]) <= 150:
        raise ValueError
    return int(found[1]), int(found[2])


AGES: Kind[tuple[int, int] | None] = Kind(
    'years such as "18-120", both included, or "" for everybody',
    _read_ages,
    lambda ages: f'"{ages[0]}-{ages[1]}"' if ages else '""',
)


def _read_zone(value: object, place: Place) -> str:
    # "localtime" would mean something else on every machine.
    if not isinstance(value, str) or value == "localtime":
        raise ValueError
    try:
        return ZoneInfo(value).key
    except (OSError, LookupError, ValueError):
        near = get_close_matches(value, available_timezones(), n=1, cutoff=0.85)
        place.fault(shown(value), ZONE.allowed, near)
        return value


ZONE = Kind(
    "a time zone of the IANA database such as Europe/Stockholm",
    _read_zone,
    quoted,
)
