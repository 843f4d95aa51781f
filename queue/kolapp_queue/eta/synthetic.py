"""Synthetic days with the truth known, for tests and for what no record holds: a clinician who
leaves in the rush, urgent patients, people who give up, small and large teams."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from itertools import count

import numpy as np

from .history import DAY_S, Event, Step, in_order

OPENS_S, CLOSES_S = 8 * 3600.0, 18 * 3600.0
RUSH = ((8.0, 10.5), (16.0, 17.5))  # hours in which more arrive
RUSH_FACTOR = 1.5


@dataclass(frozen=True, slots=True)
class Scenario:
    """`load`: arrivals times visit by clinicians, as a mean over the day."""

    clinicians: int
    load: float
    visit_s: float = 13.5 * 60
    spread: float = 0.5  # standard deviation of the logarithm of a visit
    urgent: float = 0.2  # share; their credit is `credit_s`
    credit_s: float = 450.0
    giving_up: float = 0.2  # share of people who would not wait longer than about a visit
    pause_s: float = 30.0
    leaving: int = 0  # so many clinicians go at `shock_s` on each of the `shocks`
    shock_s: float = 9 * 3600.0
    shocks: frozenset[int] = frozenset()  # days, counted from 0
    seed: int = 1


def midnight(day: int) -> float:
    """Of the working day of that number."""
    return (day // 5 * 7 + day % 5) * DAY_S


def days(scenario: Scenario, number: int) -> list[Event]:
    """So many working days, one after the other, weekends left out."""
    rng = np.random.default_rng(scenario.seed)
    tickets = count()
    events: list[Event] = []
    for day in range(number):
        midnight_s = midnight(day)
        shock = day in scenario.shocks
        events += _Day(scenario, rng, midnight_s, tickets, shock).events()
    return in_order(events)


class _Day:
    """One day, played forward from an empty queue until everybody is served."""

    def __init__(
        self,
        scenario: Scenario,
        rng: np.random.Generator,
        midnight_s: float,
        tickets: count[int],
        shock: bool,
    ) -> None:
        self.scenario, self.rng, self.midnight_s = scenario, rng, midnight_s
        self.tickets = tickets
        self.leaves_s = midnight_s + scenario.shock_s if shock else math.inf
        self.told: list[Event] = []
        self.waiting: list[tuple[float, int, float, float]] = []  # order, ticket, credit, patience
        self.free = [f"c{number}" for number in range(scenario.clinicians)]
        self.going = {f"c{number}" for number in range(scenario.leaving)} if shock else set()
        self.agenda: list[tuple[float, int, str, str]] = []
        self.numbers = count()

    def events(self) -> list[Event]:
        start_s = self.midnight_s + OPENS_S
        self.told = [Event(start_s - 60, Step.ON_DUTY, -1, server=one) for one in self.free]
        for at_s in self._arrivals():
            self._at(at_s, "join")
        if self.going:
            self._at(self.leaves_s, "leave")
        while self.agenda:
            at_s, _, what, who = heapq.heappop(self.agenda)
            if what == "join":
                self._join(at_s)
            elif what == "free":
                self.free.append(who)
            self._serve(at_s)
        last_s = self.told[-1].at_s
        on_duty = {f"c{number}" for number in range(self.scenario.clinicians)} - self.going
        self.told += [Event(last_s + 1, Step.OFF_DUTY, -1, server=one) for one in on_duty]
        return self.told

    def _arrivals(self) -> list[float]:
        scenario = self.scenario
        rush_s = 3600 * sum(until - since for since, until in RUSH)
        open_s = CLOSES_S - OPENS_S
        weight = (open_s + (RUSH_FACTOR - 1) * rush_s) / open_s
        rate = scenario.load * scenario.clinicians / (scenario.visit_s + scenario.pause_s) / weight
        most = rate * RUSH_FACTOR
        amount = self.rng.poisson(most * open_s)
        times = np.sort(self.rng.uniform(OPENS_S, CLOSES_S, amount))
        kept = self.rng.uniform(size=amount) * most < [rate * _rush(at_s) for at_s in times]
        return [round(self.midnight_s + at_s, 1) for at_s in times[kept]]

    def _at(self, at_s: float, what: str, who: str = "") -> None:
        heapq.heappush(self.agenda, (at_s, next(self.numbers), what, who))

    def _join(self, at_s: float) -> None:
        scenario, ticket = self.scenario, next(self.tickets)
        credit_s = scenario.credit_s if self.rng.uniform() < scenario.urgent else 0.0
        patience_s = math.inf
        if self.rng.uniform() < scenario.giving_up:
            patience_s = self.rng.exponential(scenario.visit_s)
        self.waiting.append((at_s - credit_s, ticket, credit_s, at_s + patience_s))
        self.waiting.sort()
        if not self.free:  # else served at once, without a wait
            self.told.append(Event(at_s, Step.JOINED, ticket, "visit", credit_s))
        if patience_s < math.inf:
            self._at(at_s + patience_s, "give_up")

    def _serve(self, at_s: float) -> None:
        self._give_up(at_s)
        if at_s >= self.leaves_s:
            for one in self.going & set(self.free):
                self.free.remove(one)
                self.told.append(Event(at_s, Step.OFF_DUTY, -1, server=one))
        while self.free and self.waiting:
            _, ticket, credit_s, _ = self.waiting.pop(0)
            server = self.free.pop(int(self.rng.integers(len(self.free))))
            scenario = self.scenario
            middle = math.log(scenario.visit_s) - scenario.spread**2 / 2
            lasts_s = float(self.rng.lognormal(middle, scenario.spread))
            self.told.append(Event(at_s, Step.STARTED, ticket, "visit", credit_s, server))
            self.told.append(Event(at_s + lasts_s, Step.ENDED, ticket, "visit", 0.0, server))
            self._at(at_s + lasts_s + scenario.pause_s, "free", server)

    def _give_up(self, at_s: float) -> None:
        for one in [one for one in self.waiting if one[3] <= at_s]:
            self.waiting.remove(one)
            self.told.append(Event(at_s, Step.LEFT, one[1], "visit", one[2]))


def _rush(at_s: float) -> float:
    hour = at_s / 3600
    return RUSH_FACTOR if any(since <= hour < until for since, until in RUSH) else 1.0
