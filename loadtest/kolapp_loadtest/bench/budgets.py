"""What each figure of the benchmarks is to be, and whether it is. Pure.

Budgets are for a machine of two cores with everything on it. One that means a certain load is not
judged at another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Report = Mapping[str, Any]
MET, MISSED, NOT_JUDGED, NOT_MEASURED = "met", "missed", "not judged", "not measured"


@dataclass(frozen=True, slots=True)
class Budget:
    bench: str
    what: str
    get: Callable[[Report], float]
    most: float = float("inf")
    least: float = 0.0
    unit: str = ""
    load: Callable[[Report], bool] = lambda _: True  # whether it is the load that is meant
    peer: Callable[[Report], str] = lambda _: ""  # why the peer is missing
    outside: bool = False  # the figure holds more than the budget means

    @property
    def asked(self) -> str:
        if self.least:
            return f"at least {told(self.least, self.unit)}"
        return f"at most {told(self.most, self.unit)}"


def told(value: float, unit: str) -> str:
    return f"{value:,.3g} {unit}".strip() if abs(value) < 1000 else f"{value:,.0f} {unit}".strip()


def judged(results: Mapping[str, Report]) -> list[dict[str, Any]]:
    return [_row(one, results.get(one.bench, {"failed": "was not asked for"})) for one in BUDGETS]


def _row(one: Budget, report: Report) -> dict[str, Any]:
    row: dict[str, Any] = {"bench": one.bench, "what": one.what, "asked": one.asked}
    row |= {"found": "-", "value": None}
    if "failed" in report:
        return row | {"verdict": NOT_MEASURED, "note": report["failed"]}
    if missing := one.peer(report):
        return row | {"verdict": NOT_MEASURED, "note": missing}
    try:
        value = one.get(report)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return row | {"verdict": NOT_MEASURED, "note": "the benchmark has no such figure"}
    row |= {"found": told(value, one.unit), "value": value}
    if not one.load(report):
        return row | {"verdict": NOT_JUDGED, "note": "the budget is for another load"}
    met = one.least <= value <= one.most
    if one.outside and not met:
        return row | {"verdict": NOT_JUDGED, "note": "measured from outside: the most it can be"}
    return row | {"verdict": MET if met else MISSED, "note": ""}


def _full_turn(report: Report) -> bool:
    return bool(report["clients"] >= 5000 and report["pulls_per_s"] >= 5)


def _at(*path: str) -> Callable[[Report], float]:
    def get(report: Report) -> float:
        found: Any = report
        for key in path:
            found = found[key]
        return float(found)

    return get


def _turn(what: str, get: Callable[[Report], float], most: float, unit: str) -> Budget:
    return Budget("turn", what, get, most=most, unit=unit, load=_full_turn)


def _queue(verb: str, peer: str, title: str) -> Budget:
    return Budget(
        "queue", f"{verb}s a second, times {title}'s", _at("ratios", f"{verb}_to_{peer}"),
        least=2.0, unit="x", load=lambda report: _deepest(report) >= 100_000,
        peer=lambda report: str(report["missing"].get(peer, "")),
    )  # fmt: skip


def _deepest(report: Report) -> int:
    return max(int(cell["waiting"]) for cell in report["kolapp"]["cells"])


def _against(peer: str, key: str) -> Callable[[Report], float]:
    return lambda report: float(report["kolapp"][key]) / float(report[peer][key])


def _left_out(peer: str) -> Callable[[Report], str]:
    nothing = {"left_out": "was not asked for"}
    return lambda report: str(report.get(peer, nothing).get("left_out", ""))


def _full_media(report: Report) -> bool:
    """Up to so many calls, or until it broke before."""
    last = report["kolapp"]["steps"][-1]
    return bool(last["calls"] >= 80 or not last["held"])


def _curve(report: Report) -> float:
    """The worst of those with most who wait."""
    most = max(cell["waiting"] for cell in report["cells"])
    return max(float(c["publish_ms"]["p50"]) for c in report["cells"] if c["waiting"] == most)


BUDGETS = (
    _turn("pull to “your turn”, p50", _at("turn_ms", "p50"), 5.0, "ms"),
    _turn("pull to “your turn”, p99", _at("turn_ms", "p99"), 25.0, "ms"),
    _turn("pull to “your turn”, p50, times the floor", _at("ratio_p50"), 2.0, "x"),
    _turn("place on screen, first 20, p99", _at("front_fresh_ms_p99"), 250.0, "ms"),
    _turn("place on screen, the rest, p99", _at("tail_fresh_ms_p99"), 5000.0, "ms"),
    _turn("the signalling node, all it does", _at("fanout_core_share"), 0.2, "cores"),
    _turn("memory a waiting client", _at("bytes_per_client"), 25_000.0, "bytes"),
    *(_queue(verb, peer, title) for peer, title in (("bullmq", "BullMQ"), ("saq", "SAQ"))
      for verb in ("join", "pull")),
    Budget("connect", "answer to first picture, warm, p50", _at("warm_ms", "p50"), 300.0,
           unit="ms"),
    Budget("connect", "answer to first picture, cold, p50", _at("cold_ms", "p50"), 1000.0,
           unit="ms"),
    Budget("connect", "offer to answer as the page sees it, p50",
           _at("cold_ms", "phases", "offer_to_answer", "p50"), 15.0, unit="ms", outside=True),
    Budget("media", "packets forwarded a CPU second", _at("kolapp", "packets_per_cpu_s"),
           least=40_000.0, load=_full_media),
    Budget("media", "packets a CPU second, times Janus's", _against("janus", "packets_per_cpu_s"),
           least=2.5, unit="x", load=_full_media, peer=_left_out("janus")),
    Budget("media", "calls a core", _at("kolapp", "calls_per_core"), least=80.0, load=_full_media),
    Budget("media", "calls a core, times MediaRelay's", _against("mediarelay", "calls_per_core"),
           least=30.0, unit="x", load=_full_media, peer=_left_out("mediarelay")),
    Budget("media", "loss added", _at("kolapp", "loss"), 0.0),
    Budget("media", "delay added, p50", _at("kolapp", "added_ms", "p50"), 1.0, unit="ms"),
    Budget("eta", "waiting times of 10,000, p50", _curve, 5.0, unit="ms"),
    Budget("attacks", "worst p99 under attack, times that in quiet",
           lambda report: max(float(run["ratio_p99"]) for run in report["runs"].values()), 2.0,
           unit="x", load=lambda report: len(report["runs"]) > 2),
)  # fmt: skip
