"""Who may open another socket here: so many a node, so many an address, so many that have not said
who they are; and how long whoever shows bad tokens waits for the answer. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_FREE_FAILURES = 5  # of an address, before it waits
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 10.0
_FORGIVEN_S = 60.0  # after so long without another one
_MOST_REMEMBERED = 10_000  # addresses with failures; the ones that failed longest ago are forgotten


class Full(Exception):
    """Not another socket now."""


@dataclass(slots=True)
class Visitor:
    """One socket, from its opening on."""

    address: str
    greeted: Callable[[], None]  # to be called once we know who it is


@dataclass
class Doorkeeper:
    most: int  # sockets of this node
    most_of_address: int
    most_ungreeted: int  # of an address
    now: Callable[[], float]  # seconds that never jump
    sockets: int = 0
    _of_address: Counter[str] = field(default_factory=Counter)
    _ungreeted: Counter[str] = field(default_factory=Counter)
    _failures: dict[str, tuple[int, float]] = field(default_factory=dict)  # how many, the last when

    @contextmanager
    def let_in(self, address: str) -> Iterator[Visitor]:
        """For as long as the socket is open. Raises Full."""
        if (
            self.sockets >= self.most
            or self._of_address[address] >= self.most_of_address
            or self._ungreeted[address] >= self.most_ungreeted
        ):
            raise Full
        waiting = [address]

        def greeted() -> None:
            while waiting:
                _drop(self._ungreeted, waiting.pop())

        self.sockets += 1
        self._of_address[address] += 1
        self._ungreeted[address] += 1
        try:
            yield Visitor(address, greeted)
        finally:
            greeted()
            self.sockets -= 1
            _drop(self._of_address, address)

    def failed(self, address: str) -> float:
        """A bad token came from there: so many seconds it waits for the answer. Good ones from the
        same address never wait: a whole hospital may be behind it."""
        now = self.now()
        count, last = self._failures.pop(address, (0, now))
        count = 1 if now - last > _FORGIVEN_S else count + 1
        self._failures[address] = count, now
        if len(self._failures) > _MOST_REMEMBERED:
            del self._failures[next(iter(self._failures))]
        if count <= _FREE_FAILURES:
            return 0.0
        return min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(count - _FREE_FAILURES - 1, 30))


def _drop(counts: Counter[str], address: str) -> None:
    counts[address] -= 1
    if not counts[address]:
        del counts[address]
