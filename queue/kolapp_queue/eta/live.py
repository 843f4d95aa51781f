"""One queue's forecaster as it lives: fed with the store's events by the node that holds the
forecast lease, and asked after each change for what all nodes read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from .facts import Facts
from .forecaster import Kolapp
from .history import Event, Step
from .line import columns, places_by_class, with_newcomer
from .memory import UnknownMemory, recall, remember
from .promises import People, Promising
from .published import Curve, Published
from .recorded import Recorded, history_s
from .rehearsal import facts_of_day, told_of_day
from .servers import Server
from .state import QueueState, Waiting
from .wait import NOBODY_ON_DUTY

# Events older than this are applied to know what is usual, but nobody who waited then is waiting
# now: no forecast is made for them.
FORECAST_AGE_S = 6 * 3600.0


class LiveForecast:
    """`memory` is what a predecessor left; without one, and when it cannot be read, everything is
    learned from the events that the store still has. `before` is what was published last: what it
    promised is kept. `zone_s` says by how much clocks on the wall are ahead of UTC at a moment.
    Of a rehearsed day (`speed`, see `rehearsal`) all that comes out is of the day's clock, and what
    was left of a day at another speed says nothing."""

    def __init__(
        self,
        unit_s: float,
        memory: bytes | None = None,
        before: Published | None = None,
        zone_s: Callable[[int], float] = lambda ms: 0.0,
        speed: int = 1,
    ) -> None:
        self.forecaster, self.state = Kolapp(unit_s), QueueState(unit_s)
        self.cursor = "0-0"  # the last event that was applied
        self._learned_to = (0, 0)
        self._slow: dict[str, Any] | None = None  # to be put back once the events are applied
        self._recorded = Recorded()
        self._zone_s = zone_s
        self._speed = speed
        known = before if before is not None and before.speed == speed else None
        self._promising = Promising(known, speed)
        if memory is not None:
            self._begin(memory)

    @property
    def learned_to_ms(self) -> int:
        """Of the store's clock; 0 without a memory."""
        return self._learned_to[0]

    @property
    def learned(self) -> int:
        """Waits learned from, ever."""
        learner = self.forecaster.learner
        return 0 if learner is None else learner.seen

    def happened(self, entry: str, told: Mapping[str, Any], now_ms: int) -> None:
        """One entry of the stream, in its order. What it says of the time before the memory was
        written is not learned a second time; what is no event of ours says nothing."""
        self.cursor = entry
        learned = order(entry) <= self._learned_to
        if not learned:
            self._put_back()
        try:
            events = list(self._recorded.events(told_of_day(told, self._speed)))
        except (KeyError, TypeError, ValueError):
            return
        for event in events:
            self.state.zone_s = self._zone_s(told["ms"])
            self._apply(event, learned, now_ms * self._speed)

    def in_line(self, orders: Iterable[tuple[int, int]], classes: Iterable[int]) -> None:
        """Who waits by the store itself: order key (ms) and number of each, and the class. It wins
        over the events, some of which may be lost."""
        there = {
            number: (key * self._speed, f"{cls:02d}")
            for (key, number), cls in zip(orders, classes, strict=True)
        }
        for number in self.state.tickets.keys() - there.keys():
            self.state.take(number)
        for number in there.keys() - self.state.tickets.keys():
            key, kind = there[number]
            joined_s = history_s(key)
            self.state.put(Waiting(joined_s, number, joined_s, kind, 0.0))

    def publish(self, facts: Facts) -> Published:
        self._put_back()
        self.state.zone_s = self._zone_s(facts.now_ms)
        facts = facts_of_day(facts, self._speed)
        now_s = history_s(facts.now_ms)
        self.state.now_s = max(self.state.now_s, now_s)
        until_ms = facts.joins_until_ms
        self.state.joins_until_s = math.inf if until_ms is None else history_s(until_ms)
        self._duty(facts)
        self.state.fits = facts.fits() if facts.masks else None
        people = self._people(facts)
        if not facts.team:
            return self._promising.unknown(facts, people, NOBODY_ON_DUTY.why)
        return self._promising.publish(facts, people, self._curves(people, facts.anybody))

    def memory(self) -> bytes:
        return remember(self.forecaster, self.state, self.cursor, self._speed)

    def _begin(self, memory: bytes) -> None:
        try:
            known = recall(memory)
        except UnknownMemory:
            return
        same_day = known.forecaster.unit_s == self.forecaster.unit_s and known.speed == self._speed
        if same_day:
            self.forecaster, self._slow = known.forecaster, known.state
            self.state.kinds = list(known.state["kinds"])
            self._learned_to = order(known.cursor)

    def _put_back(self) -> None:
        """The events of the last hours have been applied: what was known of older ones counts."""
        if self._slow is not None:
            self.state.recall(self._slow)
            self._slow = None

    def _apply(self, event: Event, learned: bool, now_ms: int) -> None:
        self.forecaster.learning = not learned
        self.forecaster.before(self.state, event)
        ended = self.state.apply(event)
        self.forecaster.happened(self.state, event, ended)
        young = history_s(now_ms) - event.at_s < FORECAST_AGE_S
        waiting = self.state.tickets.get(event.ticket) if event.step == Step.JOINED else None
        if waiting is None or not (young or not learned):
            return
        if self.forecaster.follows_more(self.state):
            self.forecaster.forecast(self.state, waiting)

    def _duty(self, facts: Facts) -> None:
        state, team = self.state, facts.team
        for name in team:
            server = state.servers.get(name)
            if server is None:
                server = state.servers[name] = Server(on_duty=False)
            if not server.on_duty and not server.busy:
                server.free_since_s = state.now_s
            server.on_duty = True
            since_ms = None if server.busy else facts.elsewhere_ms.get(name)
            since_s = None if since_ms is None else history_s(since_ms)
            server.is_elsewhere(since_s, state.now_s)
            leaves_ms, comes_ms = facts.leaves_ms.get(name), facts.returns_ms.get(name)
            server.leaves_s = math.inf if leaves_ms is None else history_s(leaves_ms)
            server.comes_s = -math.inf if comes_ms is None else history_s(comes_ms)
        here = frozenset(team)
        for name, server in state.servers.items():
            if name not in here:
                server.on_duty = False
                server.elsewhere_since_s = None

    def _people(self, facts: Facts) -> People:
        state = self.state
        count = len(state.waiting)
        numbers, orders_s = np.array(state.columns.number), np.array(state.columns.order_s)
        if len(state.kinds) > 1:
            kinds = (_class(state.tickets[ticket].kind) for _, ticket in state.waiting)
            return People(numbers, orders_s, np.fromiter(kinds, np.int64, count))
        cls = _class(state.kinds[0]) if state.kinds else facts.anybody
        return People(numbers, orders_s, np.full(count, cls))

    def _curves(self, people: People, anybody: int) -> tuple[Curve, ...]:
        """The first is that of tickets that ask for nothing; its last knot is who joins now."""
        line = with_newcomer(
            columns(self.state), self.state.kind_number(f"{anybody:02d}"), self.state.now_s
        )
        places = places_by_class(people.cls, anybody)
        which = np.concatenate([one for _, one in places])
        waits = np.round(self.forecaster.curve(self.state, which, line), 1)
        curves, done = [], 0
        for cls, mine in places:
            # Nobody is told that somebody further back is taken sooner.
            rows = np.maximum.accumulate(waits[done : done + len(mine)], axis=0)
            curves.append(Curve(cls, tuple((mine + 1).tolist()), tuple(map(tuple, rows.tolist()))))
            done += len(mine)
        return tuple(curves)


def _class(kind: str) -> int:
    return int(kind or 0)


def order(entry: str) -> tuple[int, int]:
    ms, _, number = entry.partition("-")
    return int(ms), int(number or 0)
