"""What one process has measured so far: a histogram for each verb, counts, and a record for each
ticket. Grows by events, is handed over as JSON, and adds up over processes. No clock, no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hdrh.histogram import HdrHistogram

HIGHEST_US = 600_000_000  # ten minutes; what takes longer is recorded as this
DIGITS = 3
QUANTILES = (50.0, 90.0, 99.0, 99.9)


def new_histogram() -> Any:
    """Of microseconds, to three digits."""
    return HdrHistogram(1, HIGHEST_US, DIGITS)


class Latencies:
    """By verb. What is recorded counts from when something was due, not from when it was sent:
    who falls behind the plan pays for it (coordinated omission)."""

    def __init__(self) -> None:
        self._by_verb: dict[str, Any] = {}

    def record(self, verb: str, due_ns: int, done_ns: int) -> None:
        histogram = self._by_verb.get(verb)
        if histogram is None:
            histogram = self._by_verb[verb] = new_histogram()
        histogram.record_value(min(max(1, (done_ns - due_ns) // 1000), HIGHEST_US))

    def encoded(self) -> dict[str, str]:
        return {verb: one.encode().decode() for verb, one in self._by_verb.items()}

    def add(self, encoded: Mapping[str, str]) -> None:
        for verb, text in encoded.items():
            other = HdrHistogram.decode(text)
            self._by_verb.setdefault(verb, new_histogram()).add(other)

    def figures(self) -> dict[str, dict[str, float]]:
        return {verb: figures(one) for verb, one in sorted(self._by_verb.items())}

    def curve(self, verb: str, points: int = 60) -> list[tuple[float, float]]:
        """Milliseconds at shares of all, dense towards the slowest."""
        one = self._by_verb.get(verb)
        if one is None:
            return []
        shares = [1.0 - 10 ** (-4.0 * n / points) for n in range(points + 1)]
        return [(share, one.get_value_at_percentile(share * 100) / 1000) for share in shares]


def figures(histogram: Any) -> dict[str, float]:
    """Milliseconds."""
    found = {
        f"p{quantile:g}": round(histogram.get_value_at_percentile(quantile) / 1000, 3)
        for quantile in QUANTILES
    }
    found["max"] = round(histogram.get_max_value() / 1000, 3)
    found["mean"] = round(histogram.get_mean_value() / 1000, 3)
    return found | {"n": histogram.get_total_count()}


class Measures:
    """Of one process. Lists are handed over once (`drain`), the rest as it stands."""

    def __init__(self) -> None:
        self.latencies = Latencies()
        self.counts: Counter[str] = Counter()
        self.tickets: list[dict[str, Any]] = []  # ended lives of patients
        self.pulls: list[dict[str, Any]] = []  # visit, due_ns
        self.turns: list[dict[str, Any]] = []  # visit, at_ns
        self.outages: list[tuple[int, int]] = []  # somebody could not do what they wanted
        self.media: list[dict[str, Any]] = []  # sides of visits with media, ended

    def error(self, verb: str, code: str) -> None:
        self.counts[f"error:{verb}:{code}"] += 1

    def drain(self) -> dict[str, Any]:
        handed = {
            "latencies": self.latencies.encoded(),
            "counts": dict(self.counts),
            "tickets": self.tickets,
            "pulls": self.pulls,
            "turns": self.turns,
            "outages": self.outages,
            "media": self.media,
        }
        self.tickets, self.pulls, self.turns, self.outages, self.media = [], [], [], [], []
        return handed


class Total:
    """Of all processes of a run, from what they hand over again and again."""

    def __init__(self) -> None:
        self._latest: dict[str, dict[str, Any]] = {}
        self.tickets: list[dict[str, Any]] = []
        self.outages: list[tuple[int, int]] = []
        self.media: list[dict[str, Any]] = []
        self.turns = Latencies()
        self.doubled_visits: set[str] = set()
        self.turn_points: list[tuple[int, float]] = []  # at_ns, ms
        self._due: dict[str, int] = {}
        self._called: dict[str, int] = {}

    def take(self, process: str, handed: dict[str, Any]) -> None:
        self._latest[process] = handed
        self.tickets += handed["tickets"]
        self.outages += [(begin, end) for begin, end in handed["outages"]]
        self.media += handed["media"]
        for pull in handed["pulls"]:
            if self._due.setdefault(pull["visit"], pull["due_ns"]) != pull["due_ns"]:
                self.doubled_visits.add(pull["visit"])
            self._match(pull["visit"])
        for turn in handed["turns"]:
            if self._called.setdefault(turn["visit"], turn["at_ns"]) != turn["at_ns"]:
                self.doubled_visits.add(turn["visit"])
            self._match(turn["visit"])

    def _match(self, visit: str) -> None:
        """A turn counts once both sides of it are known, whichever came first."""
        due_ns, at_ns = self._due.get(visit), self._called.get(visit)
        if due_ns is not None and at_ns is not None and visit not in self.doubled_visits:
            self.turns.record("turn", due_ns, at_ns)
            self.turn_points.append((at_ns, (at_ns - due_ns) / 1e6))

    def turns_missing(self) -> int:
        """Pulls that gave a visit whose patient never saw the call."""
        return len(self._due.keys() - self._called.keys())

    def unended(self, people: int) -> set[int]:
        """Numbers of planned people of whom no record came: their lives failed or were cut off."""
        return set(range(people)) - {ticket["number"] for ticket in self.tickets}

    def counts(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for handed in self._latest.values():
            total.update(handed["counts"])
        return total

    def latencies(self) -> Latencies:
        total = Latencies()
        for handed in self._latest.values():
            total.add(handed["latencies"])
        total.add(self.turns.encoded())
        return total
