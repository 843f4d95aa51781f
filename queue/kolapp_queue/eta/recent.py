"""Means and counts of what happened lately."""

from __future__ import annotations

from collections import deque

from .history import DAY_S


class Window:
    """How many, and of what sum, within the last `span_s` seconds."""

    __slots__ = ("_happened", "_sum", "span_s")

    def __init__(self, span_s: float) -> None:
        self.span_s = span_s
        self._happened: deque[tuple[float, float]] = deque()
        self._sum = 0.0

    def add(self, at_s: float, value: float = 1.0) -> None:
        self._happened.append((at_s, value))
        self._sum += value

    def count(self, now_s: float) -> int:
        self._forget(now_s)
        return len(self._happened)

    def mean(self, now_s: float, otherwise: float) -> float:
        self._forget(now_s)
        return self._sum / len(self._happened) if self._happened else otherwise

    def _forget(self, now_s: float) -> None:
        happened, since = self._happened, now_s - self.span_s
        while happened and happened[0][0] < since:
            self._sum -= happened.popleft()[1]


class Smooth:
    """A mean that starts from `prior`, worth `weight` values, and forgets slowly: from `memory`
    values on each new one counts as one in so many."""

    __slots__ = ("_memory", "_seen", "mean")

    def __init__(self, prior: float, weight: float, memory: float) -> None:
        self.mean = prior
        self._seen = weight
        self._memory = memory

    def add(self, value: float) -> None:
        self._seen = min(self._seen + 1.0, self._memory)
        self.mean += (value - self.mean) / self._seen

    def remember(self) -> list[float]:
        """What was learned, as plain values; `recall` takes it back."""
        return [self.mean, self._seen]

    def recall(self, known: list[float]) -> None:
        self.mean, self._seen = known


class Last:
    """The mean of the last few values."""

    __slots__ = ("_values", "otherwise")

    def __init__(self, most: int, otherwise: float) -> None:
        self._values: deque[float] = deque(maxlen=most)
        self.otherwise = otherwise

    def add(self, value: float) -> None:
        self._values.append(value)

    @property
    def mean(self) -> float:
        return sum(self._values) / len(self._values) if self._values else self.otherwise


class Slots:
    """A slowly forgetting mean for each half hour of the day."""

    __slots__ = ("_slots",)

    def __init__(self, prior: float) -> None:
        self._slots = [Smooth(prior, 1.0, 300.0) for _ in range(48)]

    def add(self, at_s: float, value: float) -> None:
        self._slots[_slot(at_s)].add(value)

    def mean(self, at_s: float) -> float:
        return self._slots[_slot(at_s)].mean

    def remember(self) -> list[list[float]]:
        return [one.remember() for one in self._slots]

    def recall(self, known: list[list[float]]) -> None:
        for mine, other in zip(self._slots, known, strict=True):
            mine.recall(other)


def _slot(at_s: float) -> int:
    return int(at_s % DAY_S * 48 / DAY_S)
