"""The whole day planned before it begins: who comes when and what happens to them, who serves.

A plan cannot be slowed down by a slow server, which is what makes the load open-loop. The same
scenario and seed give the same plan. Pure; times are seconds of the wire from the day's beginning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from .scenario import Clinicians, QueueSpec, Scenario, Spread


@dataclass(frozen=True, slots=True)
class PatientLife:
    number: int
    at_s: float
    queue: str
    language: str
    skill: str
    urgent: bool
    patience_s: float
    answers_after_s: float
    misses_call: bool
    declines: bool
    talks_s: float  # the visit's length, whoever ends it
    hangs_up_first: bool
    loses_network_after_s: float  # of joining; negative: never
    offline_s: float
    media: bool = False  # the visit carries sound and picture

    @property
    def kind(self) -> str:
        """Those of one kind are served in order."""
        return "/".join((self.queue, self.language, self.skill, "urgent" if self.urgent else ""))


@dataclass(frozen=True, slots=True)
class ClinicianLife:
    number: int
    queues: tuple[str, ...]
    languages: tuple[str, ...]
    skills: tuple[str, ...]
    from_s: float
    until_s: float
    to_the_end: bool  # serves those who still wait when the day is over
    wrap_up_s: float
    pauses: tuple[tuple[float, float], ...]
    vanish_s: float  # negative: never
    talks_s: tuple[tuple[str, float, float], ...]  # queue, mean and deviation of visits
    seed: int
    media: bool = False  # looks whether a patient's visit carries sound and picture


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody comes; what is not said here is drawn from the scenario's habits."""

    at_s: float  # of the scenario's clock
    queue: str = ""
    urgent: bool | None = None
    patience_s: float | None = None
    visit_s: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    patients: tuple[PatientLife, ...]
    clinicians: tuple[ClinicianLife, ...]


def draw(spread: Spread, random: Random) -> float:
    """Log-normal with this mean and deviation."""
    if spread.mean_s <= 0.0 or spread.deviation <= 0.0:
        return spread.mean_s
    variance = math.log1p(spread.deviation**2)
    return random.lognormvariate(math.log(spread.mean_s) - variance / 2, math.sqrt(variance))


def arrivals(scenario: Scenario) -> list[Arrival]:
    """As many as the scenario says, at random under its curve: a Poisson process, given that
    this number came (order statistics of independent draws)."""
    random = Random(f"{scenario.seed} arrivals")
    edges, sums = _areas(scenario.curve, scenario.day_s)
    moments = (_at_area(edges, sums, random.random() * sums[-1]) for _ in range(scenario.patients))
    return [Arrival(at_s) for at_s in sorted(moments)]


def make_plan(scenario: Scenario, come: Sequence[Arrival] | None = None) -> Plan:
    """`come` replaces the scenario's own curve by a recorded day."""
    found = arrivals(scenario) if come is None else come
    random = Random(f"{scenario.seed} patients")
    patients = tuple(_patient(scenario, n, one, random) for n, one in enumerate(found))
    return Plan(patients, _clinicians(scenario))


def _patient(scenario: Scenario, number: int, one: Arrival, random: Random) -> PatientLife:
    habits, wire = scenario.habits, scenario.wire
    queue = _queue(scenario.queues, one.queue, random)
    visit_s = draw(queue.visit, random) if one.visit_s is None else one.visit_s
    patience_s = draw(habits.patience, random) if one.patience_s is None else one.patience_s
    loses = random.random() < habits.loses_network
    language = _asked(habits.languages, queue.languages, random)
    skill = _asked(habits.skills, queue.skills, random)
    return PatientLife(
        number=number,
        at_s=wire(one.at_s),
        queue=queue.name,
        language=language,
        skill=skill,
        urgent=random.random() < habits.urgent if one.urgent is None else one.urgent,
        patience_s=wire(patience_s),
        answers_after_s=wire(draw(habits.answers_after, random)),
        misses_call=random.random() < habits.misses_call,
        declines=random.random() < habits.declines,
        talks_s=wire(visit_s),
        # Only the patient knows how long a recorded visit took.
        hangs_up_first=random.random() < habits.hangs_up_first or one.visit_s is not None,
        loses_network_after_s=wire(random.uniform(0.0, 600.0)) if loses else -1.0,
        offline_s=habits.offline_wire_s,
    )


def _queue(queues: Sequence[QueueSpec], name: str, random: Random) -> QueueSpec:
    known = [queue for queue in queues if queue.name == name]
    return known[0] if known else random.choices(queues, [queue.share for queue in queues])[0]


def _asked(shares: Sequence[tuple[str, float]], offered: Sequence[str], random: Random) -> str:
    point = random.random()
    for word, share in shares:
        if point < share:
            return word if word in offered else ""
        point -= share
    return ""


def _clinicians(scenario: Scenario) -> tuple[ClinicianLife, ...]:
    kinds = [(kind, n) for kind in scenario.clinicians for n in range(kind.count)]
    return tuple(
        _clinician(scenario, kind, within, number) for number, (kind, within) in enumerate(kinds)
    )


def _clinician(scenario: Scenario, kind: Clinicians, within: int, number: int) -> ClinicianLife:
    wire = scenario.wire
    later_s = kind.stagger_s * within
    pauses = tuple((wire(a + later_s), wire(b + later_s)) for a, b in kind.pauses)
    visits = {queue.name: queue.visit for queue in scenario.queues}
    return ClinicianLife(
        number=number,
        queues=kind.queues,
        languages=kind.languages,
        skills=kind.skills,
        from_s=wire(kind.from_s),
        until_s=wire(kind.until_s),
        to_the_end=kind.until_s >= scenario.day_s,
        wrap_up_s=wire(kind.wrap_up.mean_s),
        pauses=pauses,
        vanish_s=-1.0 if kind.vanish_s is None else wire(kind.vanish_s),
        talks_s=tuple(
            (name, wire(visits[name].mean_s), visits[name].deviation) for name in kind.queues
        ),
        seed=scenario.seed * 100_003 + number,
    )


def _areas(
    curve: Sequence[tuple[float, float]], day_s: float
) -> tuple[list[tuple[float, float]], list[float]]:
    """The curve from the day's beginning to its end, and the area under it up to each point."""
    points = [(0.0, curve[0][1]), *curve, (day_s, curve[-1][1])]
    sums = [0.0]
    for (from_s, rate), (until_s, next_rate) in pairwise(points):
        sums.append(sums[-1] + (until_s - from_s) * (rate + next_rate) / 2)
    return points, sums


def _at_area(points: Sequence[tuple[float, float]], sums: Sequence[float], area: float) -> float:
    """Where the area under the curve reaches `area`: the root of a quadratic in one piece."""
    piece = max(n for n in range(len(points) - 1) if sums[n] <= area)
    (from_s, rate), (until_s, next_rate) = points[piece], points[piece + 1]
    left, span_s = area - sums[piece], until_s - from_s
    slope = (next_rate - rate) / span_s if span_s else 0.0
    if abs(slope) < 1e-12:
        return from_s + (left / rate if rate else 0.0)
    return from_s + (math.sqrt(rate * rate + 2 * slope * left) - rate) / slope
