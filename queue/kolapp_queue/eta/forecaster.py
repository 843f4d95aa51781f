"""The forecaster: a queue's state in, the distribution of the remaining wait out.

Structure first: when the clinicians will have taken all who are ahead (`departures`). What that
leaves out (who gives up, who passes, who comes and goes at which hour) is learned on top
(`learner`), from everybody's wait when it has ended, and the ranges are held to their promise
(`calibration`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .baselines import Baselines
from .calibration import Calibration
from .departures import departures, team
from .durations import Durations, Returns
from .features import bases, queue_vector, rows
from .history import Event, Step
from .learner import OUTPUTS, Learner
from .line import Columns, columns, knots, places_at
from .state import Ended, QueueState, Waiting
from .structure import GivingUp, quantiles, structural

PAUSE = 1 / 30  # of a mean visit, between two of them while people wait
# People whose waits are followed to learn from them. In a longer line others are not, until some
# of these were served: they are enough, and thousands would cost memory and time.
MOST_FOLLOWED = 1_000
LONGEST = 100.0  # mean visits: no structural estimate says more


class Asked(NamedTuple):
    """What was known and said when somebody was asked about; kept until the wait has ended, of
    thousands at a time. So the numbers are packed into one array."""

    at_s: float
    joining: bool
    row: bytes  # float16
    said: Any  # what follows from the structure, what was said before it was calibrated, and after

    @classmethod
    def of(cls, at_s: float, joining: bool, row: Any, base: Any, said: Any, shown: Any) -> Asked:
        numbers = np.concatenate((base, said, shown)).astype(np.float32)
        return cls(at_s, joining, row.astype(np.float16).tobytes(), numbers)

    def parts(self) -> tuple[Any, Any, Any, Any]:
        """Row, base, said and shown; the last two as tables of one row."""
        base, said, shown = np.split(self.said, (OUTPUTS, 2 * OUTPUTS))
        return np.frombuffer(self.row, np.float16), base, said[None, :], shown[None, :]


class Kolapp:
    """Learns from a queue's events; see `Forecaster` for the order of the calls."""

    def __init__(self, unit_s: float, seed: int = 1) -> None:
        self.unit_s = unit_s
        self.durations = Durations(unit_s)
        self.returns = Returns()
        self.giving_up = GivingUp(unit_s)
        self.seen = Baselines()
        self.learner: Learner | None = None
        self.learning = True  # False while events are applied that were learned from before
        # Those who join, and those who wait already: their errors are of different kinds.
        self.joining, self.waiting = Calibration(), Calibration()
        self._seed = seed
        self._pick = np.random.default_rng(seed)
        self._asked: dict[int, list[Asked]] = {}
        self._before_s = 0.0

    def before(self, state: QueueState, event: Event) -> None:
        """Before it is applied: what it ends is learned from."""
        if not self.learning:
            self._before_s = event.at_s
            return
        self._wait_for_idle(state, event)
        if event.step in (Step.LEFT, Step.STARTED) and (one := state.tickets.get(event.ticket)):
            self.giving_up.ended(event.at_s - one.joined_s, event.step == Step.LEFT)
        if event.step == Step.ENDED and (visit := state.visits.get(event.ticket)):
            self.durations.add(visit.kind, visit.server, event.at_s - visit.since_s)

    def happened(self, state: QueueState, event: Event, ended: Ended | None) -> None:
        """After the event was applied to the state."""
        self.seen.happened(event, ended)
        if event.step == Step.LEFT:
            self._asked.pop(event.ticket, None)
        elif ended is not None:
            past = self._asked.pop(ended.ticket, [])
            for asked in past if self.learning else ():
                self._learn(asked, (event.at_s - asked.at_s) / self.unit_s)

    def follows_more(self, state: QueueState) -> bool:
        """Whether somebody new is learned from."""
        if len(self._asked) >= MOST_FOLLOWED:  # events may be lost: some may have gone untold
            waiting = state.tickets
            self._asked = {one: asked for one, asked in self._asked.items() if one in waiting}
        return len(self._asked) < MOST_FOLLOWED

    def forecast(self, state: QueueState, waiting: Waiting) -> tuple[float, ...]:
        """For somebody who has just joined; somebody else who waits is asked about too, to learn
        what becomes of those who have waited a while."""
        place = state.place(waiting)
        which = [place]
        if len(state.waiting) > 1:
            other = int(self._pick.integers(len(state.waiting) - 1))
            which.append(other + (other >= place))
        line = columns(state, max(which) + 1)
        table, base, said = self._say(state, line, np.array(which))
        shown = [self.joining.apply(said[:1]), self.waiting.apply(said[1:])]
        for row, index in enumerate(which if self.follows_more(state) else ()):
            asked = Asked.of(state.now_s, row == 0, table[row], base[row], said[row], shown[row][0])
            self._asked.setdefault(state.waiting[index][1], []).append(asked)
        return tuple((shown[0][0] * self.unit_s).tolist())

    def everybody(self, state: QueueState) -> Any:
        """Rows of remaining waits in the order of the line, as `published.COLUMNS`; of a long line
        as they are published: knots, and between them nearly a line."""
        line = np.arange(len(state.waiting))
        some = knots(len(line))
        waits = self.curve(state, some)
        if len(some) == len(line):
            return waits
        return np.stack([np.interp(line, some, column) for column in waits.T], axis=1)

    def curve(self, state: QueueState, which: Any, line: Columns | None = None) -> Any:
        """The same for some of them, by their indexes in `line`, or in the whole of it."""
        _, _, said = self._say(state, line or columns(state), which)
        return self.waiting.apply(said) * self.unit_s

    def _say(self, state: QueueState, line: Columns, which: Any) -> tuple[Any, Any, Any]:
        places = places_at(line, which, state.now_s, self.unit_s)
        on_duty = team(state, self.durations, state.kinds)
        gone = departures(on_duty, self.returns, state.handling_all.mean, PAUSE * self.unit_s)
        wait_s = structural(places, gone, self.giving_up.rate, state)
        times = np.column_stack((bases(places, gone), wait_s))
        queue = queue_vector(state, self.seen, on_duty, gone)
        table = rows(places, times, queue, on_duty, self.seen, state)
        base = quantiles(np.minimum(wait_s / self.unit_s, LONGEST), places.ahead)
        if self.learner is None:
            self.learner = Learner(table.shape[1], self._seed)
        return table, base, self.learner.say(table, base)

    def _learn(self, asked: Asked, wait: float) -> None:
        calibration = self.joining if asked.joining else self.waiting
        row, base, said, shown = asked.parts()
        calibration.learn(said, shown, wait)
        if self.learner is not None:
            self.learner.add(row, base, wait)

    def _wait_for_idle(self, state: QueueState, event: Event) -> None:
        """Learn how soon idle clinicians take the next one: from all time somebody waited."""
        since_s, self._before_s = self._before_s, event.at_s
        if not state.waiting or event.at_s - since_s > 4 * self.unit_s:
            return
        longest_s = 1.5 * self.returns.EDGES_S[-1]
        free = np.array(
            [
                one.free_since_s
                for one in state.servers.values()
                if one.idle and since_s - one.free_since_s < longest_s
            ]
        )
        if len(free) and event.at_s > since_s:
            self.returns.waited_for(np.maximum(0.0, since_s - free), event.at_s - free)
        if event.step == Step.STARTED and event.ticket in state.tickets:
            server = state.servers.get(event.server)
            idle_s = event.at_s - server.free_since_s if server and not server.busy else longest_s
            if idle_s < longest_s:
                self.returns.returned(idle_s)
