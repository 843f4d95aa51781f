"""What a scenario is: a day, who comes, who serves them, what breaks, and what must hold. Pure.

All times are seconds of the scenario's own clock, counted from the beginning of its day, unless
a name says `wire`: those are not compressed, for a network is as slow on a short day as on a long
one.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Spread:
    """A duration that differs from time to time: log-normal, by its mean and its deviation as a
    share of the mean (0: always the same). Visits and patience are long-tailed."""

    mean_s: float
    deviation: float = 0.0


@dataclass(frozen=True, slots=True)
class QueueSpec:
    name: str
    title: str
    share: float  # of the patients, before the shares of all queues are made to add up to 1
    visit: Spread
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    urgent_s: float = 1800.0  # how much earlier an urgent patient counts as having come


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares are of all patients."""

    patience: Spread = Spread(3600.0, 0.5)
    answers_after: Spread = Spread(4.0, 0.5)
    urgent: float = 0.0
    misses_call: float = 0.0  # does not answer the first call, comes back after it
    declines: float = 0.0
    hangs_up_first: float = 0.0  # ends the visit, instead of the clinician
    loses_network: float = 0.0
    offline_wire_s: float = 2.0
    languages: tuple[tuple[str, float], ...] = ()  # who asks for one, with shares
    skills: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Clinicians:
    """So many of one kind."""

    count: int
    queues: tuple[str, ...]
    from_s: float
    until_s: float
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    wrap_up: Spread = Spread(0.0)
    pauses: tuple[tuple[float, float], ...] = ()
    stagger_s: float = 0.0  # each begins pauses so much after the colleague before
    vanish_s: float | None = None  # the connection is cut then, without a word


KILL, DROP = "kill", "drop"
TARGETS = ("signalling", "media", "store")


@dataclass(frozen=True, slots=True)
class Fault:
    at_s: float
    what: str  # KILL a process, or DROP the network of a share of the patients
    target: str = ""  # of KILL
    share: float = 1.0  # of DROP
    offline_wire_s: float = 0.0  # of DROP


# What can be asked for, and in which unit; `verdicts.py` judges each.
OBJECTIVES = {
    "tickets_lost": "tickets",
    "tickets_doubled": "tickets",
    "tickets_misordered": "tickets",
    "turn_p99_ms": "ms",
    "join_p99_ms": "ms",
    "connect_p99_ms": "ms",
    "answer_p99_ms": "ms",
    "place_p99_ms": "ms",
    "ranges_held": "share",
    "wait_mean": "time",
    "wait_vs_model": "share",
    "gave_up": "share",
    "served": "tickets",
    "errors": "share",
    "recovery_s": "s",
    "memory_growth": "share",
    "memory_slope": "MB/min",
    "signalling_cores": "cores",
    "generator_late_p99_ms": "ms",
    "media_failed": "visits",
    "media_first_p90_ms": "ms",
    "media_loss": "share",
}


@dataclass(frozen=True, slots=True)
class Objective:
    name: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    title: str
    about: str
    begins_s: float  # time of the day at which the scenario's clock is 0
    day_s: float
    drain_s: float  # after the day's end those who wait are still served so long
    compress: float  # so many seconds of the scenario pass in one of the wire
    seed: int
    patients: int
    curve: tuple[tuple[float, float], ...]  # time and relative rate, linear in between
    queues: tuple[QueueSpec, ...]
    clinicians: tuple[Clinicians, ...]
    habits: Habits = field(default_factory=Habits)
    faults: tuple[Fault, ...] = ()
    objectives: tuple[Objective, ...] = ()

    def wire(self, seconds: float) -> float:
        return seconds / self.compress

    @property
    def rehearsal(self) -> int:
        """How many times faster than the clock a server of ours is told that the day goes by."""
        return max(1, round(self.compress))

    @property
    def longest_wire_s(self) -> float:
        """Of a visit and what follows it, but for one in thousands."""
        return max(
            self.wire(one.mean_s * (1.0 + 4.0 * one.deviation))
            for one in (
                *(queue.visit for queue in self.queues),
                *(kind.wrap_up for kind in self.clinicians),
            )
        )

    @property
    def wire_s(self) -> float:
        """How long a run takes at most, without starting and reporting."""
        return self.wire(self.day_s + self.drain_s)
