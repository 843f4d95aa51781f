"""From a run's result to the report as JSON: all that the page shows and `compare` reads. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from ..bench.figures import percentile
from . import ledger, media_ledger, steady
from .announced import Announced, announced, held_share
from .model import Day
from .run_record import LEGS, FaultDone, Result, Tick
from .scenario import Scenario
from .verdicts import FOLLOWS_NS, MISSED, judge, recoveries

FORMAT = 2  # grows when a key changes its meaning
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
        "ranges": _ranges(announced(tickets), scenario.rehearsal),
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


def _ranges(ranges: list[Announced], speed: int) -> dict[str, Any]:
    """`shown` and `forecast`: how many waits were shorter, within and longer."""
    held, note = held_share(ranges, speed)
    forecasts = [(*one.forecast, one.wait_s) for one in ranges if one.forecast is not None]
    return {
        "held": held,
        "note": note,
        "shown": _sides((one.low_s, one.high_s, one.wait_s) for one in ranges),
        "forecast": _sides(forecasts),
        "points": [[round(each, 1) for each in one] for one in thinned(forecasts)],
    }


def _sides(ranges: Iterable[tuple[float, float, float]]) -> dict[str, int]:
    found = Counter(
        "shorter" if wait < low else "longer" if wait > high else "within"
        for low, high, wait in ranges
    )
    return {side: found[side] for side in ("shorter", "within", "longer")}


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
