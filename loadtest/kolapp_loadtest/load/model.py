"""What the day's waits should be: the same plan, served by a model of a queue without a network.

If the real system waits longer, it cost people time; if compression broke the queueing, this is
where it shows. The rule is the server's: the earliest who fits the clinician that is free,
urgent ones counting as come earlier. Pure.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from .lives import ClinicianLife, PatientLife, Plan
from .scenario import Scenario

Entry = tuple[float, int, PatientLife]  # order key, ties by the number


@dataclass(frozen=True, slots=True)
class Day:
    """Seconds of the wire; waits in the order in which people were called."""

    waits_s: tuple[float, ...]
    gave_up: int
    unserved: int


@dataclass(slots=True)
class _Desk:
    life: ClinicianLife
    free_s: float
    over_s: float


def expected(scenario: Scenario, plan: Plan) -> Day:
    """Missed and declined calls, lost connections and faults are left out: they are rare, or what
    is to be seen in the difference."""
    desks = [_desk(scenario, life) for life in plan.clinicians]
    urgent_s = {queue.name: scenario.wire(queue.urgent_s) for queue in scenario.queues}
    coming = sorted(plan.patients, key=lambda one: one.at_s)
    waiting: list[Entry] = []
    waits: list[float] = []
    gave_up = next_one = 0
    free = [(desk.free_s, n) for n, desk in enumerate(desks)]
    heapq.heapify(free)
    idle: list[int] = []
    while free or next_one < len(coming):
        now_s, who = _next(free, coming, next_one)
        gave_up += _give_up(waiting, now_s)
        if who is None:
            one = coming[next_one]
            next_one += 1
            key = one.at_s - (urgent_s[one.queue] if one.urgent else 0.0)
            heapq.heappush(waiting, (key, one.number, one))
        else:
            heapq.heappop(free)
            idle.append(who)
        for number in [n for n in idle if desks[n].over_s <= now_s]:
            idle.remove(number)
        for number in tuple(idle):
            taken = _take(waiting, desks[number].life)
            if taken is not None:
                idle.remove(number)
                waits.append(now_s - taken.at_s)
                busy_s = taken.answers_after_s + taken.talks_s + desks[number].life.wrap_up_s
                heapq.heappush(free, (_after_pause(desks[number].life, now_s + busy_s), number))
    return Day(tuple(waits), gave_up, len(waiting))


def _desk(scenario: Scenario, life: ClinicianLife) -> _Desk:
    over_s = scenario.wire_s if life.to_the_end else life.until_s
    return _Desk(life, life.from_s, min(over_s, life.vanish_s) if life.vanish_s >= 0 else over_s)


def _next(
    free: Sequence[tuple[float, int]], coming: Sequence[PatientLife], next_one: int
) -> tuple[float, int | None]:
    """Who moves next: an arrival (None) or a clinician who becomes free."""
    if next_one == len(coming) or (free and free[0][0] <= coming[next_one].at_s):
        return free[0]
    return coming[next_one].at_s, None


def _give_up(waiting: list[Entry], now_s: float) -> int:
    before = len(waiting)
    waiting[:] = [entry for entry in waiting if entry[-1].at_s + entry[-1].patience_s > now_s]
    heapq.heapify(waiting)
    return before - len(waiting)


def _take(waiting: list[Entry], life: ClinicianLife) -> PatientLife | None:
    for entry in sorted(waiting):
        one = entry[-1]
        if _fits(one, life):
            waiting.remove(entry)
            heapq.heapify(waiting)
            return one
    return None


def _fits(one: PatientLife, life: ClinicianLife) -> bool:
    return (
        one.queue in life.queues
        and (not one.language or one.language in life.languages)
        and (not one.skill or one.skill in life.skills)
    )


def _after_pause(life: ClinicianLife, at_s: float) -> float:
    for begin_s, end_s in life.pauses:
        if begin_s <= at_s < end_s:
            return end_s
    return at_s
