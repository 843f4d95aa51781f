"""From a run's result to the report as JSON: all that the page shows and `compare` reads. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..bench.figures import percentile
from . import ledger, media_ledger, steady
from .model import Day
from .run_record import LEGS, FaultDone, Result, Tick
from .scenario import Scenario
from .verdicts import FOLLOWS_NS, MISSED, judge, recoveries

FORMAT = 1  # grows when a key changes its meaning
MOST_POINTS = 2000  # of a scatter: more would only make the page heavy
CURVES = ("turn", "join", "answer", "pull", "connect", "hang_up", "place", "leave")


def make_report(
    scenario: Scenario, result: Result, model: Day, about: dict[str, Any]
) -> dict[str, Any]:
    verdicts = judge(scenario, result, model)
    total, tickets = result.total, result.total.tickets
    latencies = total.latencies()
    return {
        "format": FORMAT,
        "scenario": _scenario(scenario),
        "about": about,
        "lasted_s": round(result.lasted_s, 1),
        "green": not result.failures and all(one.verdict != MISSED for one in verdicts),
        "failures": result.failures,
        "verdicts": [asdict(one) for one in verdicts],
        "latencies_ms": latencies.figures(),
        "curves": {verb: latencies.curve(verb) for verb in CURVES if latencies.curve(verb)},
        "outcomes": dict(Counter(ticket["outcome"] for ticket in tickets).most_common()),
        "counts": dict(sorted(total.counts().items())),
        "waits": _waits(scenario, ledger.waits_s(tickets), model),
        "ranges": _ranges(ledger.announced(tickets)),
        "fairness": ledger.fairness(tickets),
        "faults": _faults(result),
        "media": _media(result, about.get("media", 0)),
        "turns": thinned(
            [
                [round((at_ns - result.start_ns) / 1e9, 2), round(ms, 2)]
                for at_ns, ms in total.turn_points
            ]
        ),
        "steady": steady.summary(result.ticks),
        "others_cores": others_cores(result.ticks),
        "ticks": [asdict(tick) for tick in result.ticks],
    }


def _ranges(ranges: list[tuple[float, float, float]]) -> dict[str, Any]:
    held, note = ledger.held_share(ranges)
    return {
        "held": held,
        "note": note,
        "below": sum(wait < low for low, _, wait in ranges),
        "within": sum(low <= wait <= high for low, high, wait in ranges),
        "above": sum(wait > high for _, high, wait in ranges),
        "points": [[low, high, round(wait, 2)] for low, high, wait in thinned(ranges)],
    }


def _faults(result: Result) -> list[dict[str, Any]]:
    return [
        {
            "at_s": round((done.at_ns - result.start_ns) / 1e9, 2),
            "what": f"{done.fault.what} {done.fault.target or f'{done.fault.share:.0%}'}",
            "hit": done.hit,
            "back_s": None if done.back_s is None else round(done.back_s, 2),
            "held_up": _held_up(result, done),
            "recovery_s": round(seconds, 3),
        }
        for done, seconds in recoveries(result)
    ]


def others_cores(ticks: Sequence[Tick]) -> float:
    """On average; the first tick is from before the run."""
    found = [tick.others for tick in ticks[1:]]
    return round(sum(found) / len(found), 2) if found else 0.0


def _held_up(result: Result, done: FaultDone) -> int:
    """Requests and connections that waited for something that was broken when they began."""
    until_ns = done.at_ns + int(done.fault.offline_wire_s * 1e9) + FOLLOWS_NS
    return sum(end >= done.at_ns and begin <= until_ns for begin, end in result.total.outages)


def _media(result: Result, asked: int) -> dict[str, Any]:
    """With the cores that this program's own legs took, second by second."""
    took = [
        sum(cores for name, cores in tick.cpu.items() if name.startswith(LEGS))
        for tick in result.ticks
    ]
    mean = sum(took) / len(took) if took else 0.0
    cores = {"mean": round(mean, 3), "most": round(max(took, default=0.0), 3)}
    return media_ledger.summary(result.total.media, asked) | {"own_cores": cores}


def _scenario(scenario: Scenario) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "title": scenario.title,
        "about": scenario.about,
        "compress": scenario.compress,
        "seed": scenario.seed,
        "patients": scenario.patients,
        "clinicians": sum(kind.count for kind in scenario.clinicians),
        "queues": [queue.title for queue in scenario.queues],
        "day_s": scenario.day_s,
        "begins_s": scenario.begins_s,
    }


def _waits(scenario: Scenario, waits_s: list[float], model: Day) -> dict[str, Any]:
    """Seconds of the scenario's clock."""
    found = {}
    for name, some in (("measured", waits_s), ("model", list(model.waits_s))):
        ordered = sorted(wait * scenario.compress for wait in some)
        if ordered:
            found[name] = {
                "n": len(ordered),
                "mean_s": round(sum(ordered) / len(ordered), 1),
                "p50_s": round(percentile(ordered, 0.5), 1),
                "p90_s": round(percentile(ordered, 0.9), 1),
                "max_s": round(ordered[-1], 1),
                "deciles_s": [round(percentile(ordered, n / 20), 1) for n in range(1, 21)],
            }
    return found


def thinned(points: list[Any]) -> list[Any]:
    """Every so many, the first and the order kept."""
    return points[:: -(-len(points) // MOST_POINTS)] if points else []
