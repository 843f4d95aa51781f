"""Which visits of a run carry real sound and picture, and how many a machine's own load generator
can send without spoiling what it measures. Pure.

A leg is aiortc's: about 80 packets a second each way, sent from a recording, received, decrypted
and decoded. `LEG_CORES` is what that took on the machine where it was measured; the report says
what it took this time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from ..errors import LoadtestError
from .lives import PatientLife, Plan
from .scenario import Objective, Scenario

LEG_CORES = 0.06  # of one leg, rounded up
SHARE = 0.3  # of the machine that legs may take; the server and the people want the rest
ROOM = 2.0  # visits that go on at once are at times so many times their mean
# What must hold where the scenario itself says nothing about its media.
OBJECTIVES = (
    Objective("media_failed", 0.0, 0.0),
    Objective("media_first_p90_ms", 0.0, 1000.0),
    Objective("media_loss", 0.0, 0.001),
)

T = TypeVar("T")


def most_at_once(cpus: int) -> int:
    """Visits; each has two legs."""
    return max(1, int(cpus * SHARE / (2 * LEG_CORES)))


def most_visits(scenario: Scenario, cpus: int) -> int:
    """Over the whole run, when they are spread evenly."""
    weights = sum(queue.share for queue in scenario.queues)
    visit_s = sum(queue.visit.mean_s * queue.share for queue in scenario.queues) / weights
    return max(1, int(most_at_once(cpus) / ROOM * scenario.day_s / visit_s))


def with_media(scenario: Scenario, plan: Plan, visits: int, cpus: int) -> tuple[Scenario, Plan]:
    """Raises LoadtestError when they would be more than this machine can carry honestly."""
    most = most_visits(scenario, cpus)
    if visits < 1:
        raise LoadtestError("--media asks for one visit or more")
    if visits > most:
        raise LoadtestError(
            f"{visits} visits with media are too many: this machine's {cpus} cores can send and "
            f"watch {most_at_once(cpus)} at a time beside the server, {most} over this scenario; "
            "with more the figures would be about the load generator"
        )
    chosen = {one.number for one in spread(plan.patients, visits, _likely)}
    patients = tuple(replace(one, media=one.number in chosen) for one in plan.patients)
    clinicians = tuple(replace(one, media=True) for one in plan.clinicians)
    asked = {one.name for one in scenario.objectives}
    objectives = tuple(one for one in OBJECTIVES if one.name not in asked)
    return replace(scenario, objectives=scenario.objectives + objectives), Plan(
        patients, clinicians
    )


def _likely(life: PatientLife) -> bool:
    """Whether nothing is planned that keeps this patient from a visit, or from its end."""
    return not (life.declines or life.misses_call or life.loses_network_after_s >= 0)


def spread(some: Sequence[T], count: int, fits: Callable[[T], bool]) -> list[T]:
    """So many of those that fit, in even steps over all of them."""
    found = [one for one in some if fits(one)]
    count = min(count, len(found))
    return [found[(2 * n + 1) * len(found) // (2 * count)] for n in range(count)]
