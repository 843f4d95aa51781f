"""Reading a table of a file so that all its faults are told at once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ..errors import LoadtestError
from .scenario import Spread
from .spans import span_s

T = TypeVar("T")
REQUIRED: Any = object()


class BadScenario(LoadtestError):
    """All that is wrong with a file, a line each."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class Table:
    """One table of the file. What is asked for and wrong is noted in `faults`, which all tables
    of a file share; so is what nobody asked for (`done`)."""

    def __init__(self, held: object, where: str, faults: list[str]) -> None:
        self.where = where
        self.faults = faults
        self._held: Mapping[str, Any] = held if isinstance(held, Mapping) else {}
        self._asked: set[str] = set()
        if not isinstance(held, Mapping):
            self.wrong("", "a table is expected")

    def wrong(self, name: str, sentence: str) -> None:
        self.faults.append(f"{'.'.join(part for part in (self.where, name) if part)}: {sentence}")

    def get(self, name: str, read: Callable[[Any], T], default: T = REQUIRED) -> T:
        """Without a default the key must be there. What cannot be read comes back as the default,
        or None: the file is refused anyway, and the other faults are to be found too."""
        self._asked.add(name)
        if name not in self._held:
            if default is REQUIRED:
                self.wrong(name, "is missing")
            return self._or_none(default)
        try:
            return read(self._held[name])
        except ValueError as error:
            self.wrong(name, str(error))
            return self._or_none(default)

    @staticmethod
    def _or_none(default: T) -> T:
        nothing: Any = None
        return nothing if default is REQUIRED else default

    def table(self, name: str) -> Table:
        self._asked.add(name)
        return Table(self._held.get(name, {}), ".".join(filter(None, (self.where, name))),
                     self.faults)  # fmt: skip

    def tables(self, name: str) -> list[Table]:
        self._asked.add(name)
        held = self._held.get(name, [])
        if not isinstance(held, list):
            self.wrong(name, "a list of tables is expected ([[...]])")
            return []
        return [Table(one, f"{name}[{n}]", self.faults) for n, one in enumerate(held, 1)]

    def names(self) -> list[str]:
        return list(self._held)

    def done(self) -> None:
        for name in self._held:
            if name not in self._asked:
                self.wrong(name, "is no key that is known here")


def text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("text is expected")
    return value


def whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"a whole number from {least} to {most} is expected")
        return value

    return read


def number(least: float, most: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if type(value) not in (int, float) or not least <= value <= most:
            raise ValueError(f"a number from {least:g} to {most:g} is expected")
        return float(value)

    return read


share = number(0.0, 1.0)


def words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise ValueError("a list of names is expected")
    return tuple(value)


def shares(value: Any) -> tuple[tuple[str, float], ...]:
    """`{ en = 0.2 }`: who asks for what."""
    if not isinstance(value, Mapping):
        raise ValueError("a table of names with shares is expected")
    found = tuple((name, share(part)) for name, part in value.items())
    if sum(part for _, part in found) > 1.0:
        raise ValueError("the shares are more than 1 together")
    return found


def spread(value: Any) -> Spread:
    """`"7 min"`, or `{ mean = "7 min", deviation = 0.5 }`."""
    if not isinstance(value, Mapping):
        return Spread(span_s(value))
    if set(value) - {"mean", "deviation"} or "mean" not in value:
        raise ValueError("`mean`, and `deviation` if any, are expected")
    return Spread(span_s(value["mean"]), number(0.0, 3.0)(value.get("deviation", 0.0)))
