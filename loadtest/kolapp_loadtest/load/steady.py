"""What a server's processes take while nothing changes: everybody is connected, and only the usual
comes and goes. Whether memory is flat shows there, and nowhere else. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .run_record import Tick

FULL = 0.9  # of the most who were ever connected
SETTLES = 0.1  # of the steady time at its beginning is left out: what came with the crowd
LEAST_S = 30.0  # a slope over less says nothing
NODES = ("signalling", "media", "store")


def steady(ticks: Sequence[Tick]) -> list[Tick]:
    """From when almost all who will be there are there, until the first of them go for good."""
    most = max((tick.connected for tick in ticks), default=0)
    full = [at for at, tick in enumerate(ticks) if most and tick.connected >= FULL * most]
    if not full:
        return []
    found = ticks[full[0] : full[-1] + 1]
    return list(found[int(len(found) * SETTLES) :])


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the line of least squares."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def processes(ticks: Sequence[Tick]) -> dict[str, dict[str, Any]]:
    """Of each: cores, MB at both ends, and MB a minute, over the steady time."""
    found: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(name for tick in ticks for name in tick.rss_mb):
        sizes = [(tick.at_s, tick.rss_mb[name]) for tick in ticks if name in tick.rss_mb]
        cores = [tick.cpu[name] for tick in ticks if name in tick.cpu]
        lasted_s = sizes[-1][0] - sizes[0][0]
        found[name] = {
            "cores": round(sum(cores) / len(cores), 3) if cores else None,
            "most_cores": max(cores, default=None),
            "from_mb": sizes[0][1],
            "to_mb": sizes[-1][1],
            "mb_per_min": round(60 * slope(sizes), 3) if lasted_s >= LEAST_S else None,
        }
    return found


def summary(ticks: Sequence[Tick]) -> dict[str, Any]:
    """For the report; empty processes when there was no steady time."""
    some = steady(ticks)
    first_mb = ticks[0].rss_mb.get("signalling") if ticks else None
    last = some[-1] if some else None
    each_kb = None
    if last and first_mb and last.connected and "signalling" in last.rss_mb:
        before = ticks[0].connected
        grown = last.rss_mb["signalling"] - first_mb
        each_kb = round(1000 * grown / max(1, last.connected - before), 1)
    return {
        "from_s": round(some[0].at_s, 1) if some else None,
        "until_s": round(some[-1].at_s, 1) if some else None,
        "connected": last.connected if last else 0,
        "kb_per_client": each_kb,
        "processes": processes(some),
    }
