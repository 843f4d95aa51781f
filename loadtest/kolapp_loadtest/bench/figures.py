"""From samples to the figures of a report. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

NS_PER_MS = 1_000_000


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` of all samples do not exceed (nearest rank).

    Always a value that really occurred: interpolation would invent one between two modes.
    """
    if not ordered:
        raise ValueError("no samples, no percentile")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary_ms(samples_ns: Sequence[int]) -> dict[str, float]:
    """p50, p99, max and mean in milliseconds, and how many samples there were."""
    ordered = sorted(sample / NS_PER_MS for sample in samples_ns)
    if not ordered:
        return {"n": 0}
    return {
        "p50": round(percentile(ordered, 0.50), 3),
        "p99": round(percentile(ordered, 0.99), 3),
        "max": round(ordered[-1], 3),
        "mean": round(sum(ordered) / len(ordered), 3),
        "n": len(ordered),
    }


def floor_ns(script_ns: Sequence[int], echo_ns: Sequence[int]) -> list[int]:
    """The least that pull -> your turn can cost: one script call and one WebSocket round trip.

    Each pair was measured one after the other at one moment, so the sum is taken pair by pair;
    the sum of two medians would hide that both are slow when the machine is busy.
    """
    return [script + echo for script, echo in zip(script_ns, echo_ns, strict=True)]


def turns_ns(intended_ns: Mapping[str, int], arrived_ns: Mapping[str, int]) -> list[int]:
    """Latency of each visit's "your turn", counted from when its pull was due by the plan.

    Counting from the actual sending would forgive every delay of the sender itself (coordinated
    omission). Visits without a turn are not here: the caller counts them as missing.
    """
    return [
        arrived_ns[visit] - due_ns for visit, due_ns in intended_ns.items() if visit in arrived_ns
    ]
