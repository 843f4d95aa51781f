"""What a run leaves behind, as data."""

from __future__ import annotations

from dataclasses import dataclass, field

from .measures import Total
from .scenario import Fault

LEGS = "media of "  # begins the names of processes that hold our own legs


@dataclass(slots=True)
class Tick:
    """How things stood; `at_s` of the wire, from the day's beginning."""

    at_s: float
    connected: int
    waiting: int
    in_visit: int
    visits: int
    errors: int
    cpu: dict[str, float]  # cores, by process
    rss_mb: dict[str, float]
    others: float = 0.0  # cores that programs took which are none of ours


@dataclass(slots=True)
class FaultDone:
    fault: Fault
    at_ns: int
    hit: int  # clients that lost the network, or 1 process
    back_s: float | None = None  # after a kill: until another process does the same


@dataclass(slots=True)
class Result:
    total: Total = field(default_factory=Total)
    ticks: list[Tick] = field(default_factory=list)
    faults: list[FaultDone] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    start_ns: int = 0
    lasted_s: float = 0.0
