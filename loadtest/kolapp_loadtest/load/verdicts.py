"""From what was measured to one value for each objective, and whether it was met. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from . import ledger, media_ledger, steady
from .announced import announced, held_share
from .model import Day
from .run_record import FaultDone, Result, Tick
from .scenario import DROP, OBJECTIVES, Objective, Scenario
from .spans import said

MET, MISSED, NOT_JUDGED = "met", "missed", "not judged"
JUDGED = (media_ledger.GOOD, media_ledger.FAILED)
WITH_UNIT = ("ms", "s", "MB/min", "cores")
FOLLOWS_NS = 3_000_000_000  # what breaks so long after a fault is its doing
_LATENCIES = {
    "turn_p99_ms": "turn",
    "join_p99_ms": "join",
    "connect_p99_ms": "connect",
    "answer_p99_ms": "answer",
    "place_p99_ms": "place",
    "generator_late_p99_ms": "generator_late",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    name: str
    asked: str
    found: str
    value: float | None
    verdict: str
    note: str = ""


Value = tuple[float | None, str]  # and a note


def judge(scenario: Scenario, result: Result, model: Day) -> list[Verdict]:
    values = _values(scenario, result, model)
    return [_verdict(one, *values[one.name]) for one in scenario.objectives]


def recoveries(result: Result) -> list[tuple[FaultDone, float]]:
    """Seconds from each fault, or from the moment at which its network is back, until nobody is
    held up any more, and what was killed serves again."""
    found = []
    for done in result.faults:
        offline_ns = int(done.fault.offline_wire_s * 1e9) if done.fault.what == DROP else 0
        from_ns = done.at_ns + offline_ns
        outages = result.total.outages
        free_s = ledger.recovery_s(outages, from_ns, from_ns + FOLLOWS_NS)
        found.append((done, max(free_s, done.back_s or 0.0)))
    return found


def _values(scenario: Scenario, result: Result, model: Day) -> dict[str, Value]:
    total, tickets = result.total, result.total.tickets
    figures = total.latencies().figures()
    values: dict[str, Value] = {
        name: (figures[verb]["p99"], f"{figures[verb]['n']:.0f} samples")
        if verb in figures
        else (None, "no samples")
        for name, verb in _LATENCIES.items()
    }
    values["tickets_lost"] = _lost(scenario, result)
    values["tickets_doubled"] = float(ledger.doubled(tickets, total.doubled_visits)), ""
    values["tickets_misordered"] = float(sum(ledger.overtaken(tickets).values())), ""
    values["ranges_held"] = held_share(announced(tickets), scenario.rehearsal)
    values |= _waits(scenario, tickets, model)
    counts = total.counts()
    values["errors"] = _errors(counts)
    values["served"] = float(counts["visits"]), ""
    recovered = [seconds for _, seconds in recoveries(result)]
    values["recovery_s"] = (max(recovered), "") if recovered else (None, "nothing was broken")
    values["memory_growth"] = memory_growth(result.ticks)
    values |= _media(result) | _steady(result.ticks)
    assert values.keys() == OBJECTIVES.keys()
    return values


def _lost(scenario: Scenario, result: Result) -> Value:
    """Some pulls are seen by nobody with reason. Who had no network for the whole of a ring learns
    of it later, as missed. Who got no answer to `join` until they gave up may have drawn a number
    all the same, which is called when nobody is there."""
    total, tickets = result.total, result.total.tickets
    reasons = {
        "got no answer to join": ledger.unanswered(tickets),
        "calls missed without a network": ledger.unseen(tickets),
    }
    unseen = max(0, total.turns_missing() - sum(reasons.values()))
    note = "; ".join([f"of {len(tickets)}", *(f"{n} {why}" for why, n in reasons.items() if n)])
    found = ledger.lost(tickets) + unseen + len(total.unended(scenario.patients))
    return float(found), note


def _waits(scenario: Scenario, tickets: Sequence[Any], model: Day) -> dict[str, Value]:
    waits = ledger.waits_s(tickets)
    outcomes = Counter(ticket["outcome"] for ticket in tickets)
    found: dict[str, Value] = {
        "gave_up": (outcomes["gave_up"] / len(tickets) if tickets else None, ""),
        "wait_mean": (None, "nobody was called"),
        "wait_vs_model": (None, "nobody was called"),
    }
    if waits and model.waits_s:
        mean_s = sum(waits) / len(waits) * scenario.compress
        model_s = sum(model.waits_s) / len(model.waits_s) * scenario.compress
        found["wait_mean"] = mean_s, f"the model says {said(model_s)}"
        found["wait_vs_model"] = mean_s / model_s if model_s else None, "measured / model"
    return found


def _errors(counts: Counter[str]) -> Value:
    asked = sum(n for name, n in counts.items() if name.startswith("asked:"))
    errors = {name[6:]: n for name, n in counts.items() if name.startswith("error:")}
    worst = ", ".join(f"{name} {n}" for name, n in sorted(errors.items(), key=lambda e: -e[1])[:3])
    return (sum(errors.values()) / asked if asked else None), worst


def _steady(ticks: Sequence[Tick]) -> dict[str, Value]:
    """While everybody is there; the store is left out, which keeps what happened for some days."""
    found = steady.summary(ticks)
    nodes = {name: one for name, one in found["processes"].items() if name in steady.NODES}
    slopes = {name: one["mb_per_min"] for name, one in nodes.items()}
    ours = [slopes[name] for name in ("signalling", "media") if slopes.get(name) is not None]
    words = ", ".join(f"{name} {mb:+.2f}" for name, mb in slopes.items() if mb is not None)
    cores = nodes.get("signalling", {}).get("cores")
    at = f"with {found['connected']:,} connected"
    short = "no steady time of a server of ours that was long enough"
    return {
        "memory_slope": (max(0.0, sum(ours)), f"{at}: {words}") if ours else (None, short),
        "signalling_cores": (cores, at) if cores is not None else (None, short),
    }


def _media(result: Result) -> dict[str, Value]:
    """Not judged when our own side sent late: then the figures are about this machine."""
    names = ("media_failed", "media_first_p90_ms", "media_loss")
    found = media_ledger.summary(result.total.media, 0)
    counts, late_ms = found["verdicts"], found["late_ms"].get("p90", 0.0)
    judged = counts[media_ledger.GOOD] + counts[media_ledger.FAILED]
    if not judged:
        return dict.fromkeys(names, (None, "no visit carried media"))
    if late_ms > media_ledger.MOST_LATE_MS:
        words = f"this program's own frames were {late_ms:.0f} ms late: fewer visits with media"
        return dict.fromkeys(names, (None, words))
    others = [f"{n} {kind}" for kind, n in counts.items() if n and kind not in JUDGED]
    first = [found["first_ms"][f"{side} picture"] for side in ("patient", "clinician")]
    return {
        "media_failed": (float(counts[media_ledger.FAILED]), ", ".join([f"of {judged}", *others])),
        "media_first_p90_ms": (
            max((one["p90"] for one in first if one["n"]), default=None),
            "from the answer to the first picture of the other side, the later side",
        ),
        "media_loss": (found["loss"], f"{found['lost']} of {found['lost'] + found['received']}"),
    }


def memory_growth(ticks: Sequence[Tick]) -> Value:
    """Of the signalling node, from the middle of the run to its end."""
    sizes = [tick.rss_mb["signalling"] for tick in ticks if "signalling" in tick.rss_mb]
    if len(sizes) < 20:
        return None, "too few samples of a server of ours"
    part = len(sizes) // 10
    middle, end = sizes[len(sizes) // 2 :][:part], sizes[-part:]
    before, after = sum(middle) / part, sum(end) / part
    return max(0.0, after / before - 1.0), f"{before:.0f} MB, then {after:.0f} MB"


def _verdict(asked: Objective, value: float | None, note: str) -> Verdict:
    unit = OBJECTIVES[asked.name]
    bounds = f"at most {shown(asked.high, unit)}"
    if asked.low > 0.0:
        bounds = f"{shown(asked.low, unit)} to {shown(asked.high, unit)}"
    if value is None:
        return Verdict(asked.name, bounds, "-", None, NOT_JUDGED, note)
    verdict = MET if asked.low <= value <= asked.high else MISSED
    return Verdict(asked.name, bounds, shown(value, unit), value, verdict, note)


def shown(value: float, unit: str) -> str:
    if unit == "time":
        return said(value)
    if unit == "share":
        return f"{value:.1%}" if value <= 1.5 else f"{value:.2f}"
    return f"{value:.4g} {unit}" if unit in WITH_UNIT else f"{value:g}"
