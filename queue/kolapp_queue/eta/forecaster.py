"""The forecaster: a queue's state in, the distribution of the remaining wait out."""

from __future__ import annotations

from typing import Any

import numpy as np

from .baselines import Baselines
from .calibration import Calibration
from .departures import departures, team
from .durations import Durations, Returns
from .features import KINDS, Places, bases, kind_number, queue_vector, rows
from .history import Event, Step
from .learner import Learner
from .state import Ended, QueueState, Waiting

PAUSE = 1 / 30  # of a mean visit, between two of them while people wait
STRUCTURE = 2  # which of the `bases` the learner multiplies


class Kolapp:
    def __init__(self, unit_s: float) -> None:
        self.durations = Durations(unit_s)
        self.returns = Returns()
        self.seen = Baselines()
        self.kinds: list[str] = []
        self.learner: Learner | None = None
        self.calibration = Calibration()
        self._asked: dict[int, tuple[Any, float, Any]] = {}
        self._before_s = 0.0

    def happened(self, state: QueueState, event: Event, ended: Ended | None) -> None:
        """After the event was applied to the state."""
        self.seen.happened(event, ended)
        if ended is not None and (asked := self._asked.pop(ended.ticket, None)):
            row, base, said = asked
            wait = ended.wait_s / state.unit_s
            self.calibration.learn(said, wait)
            if self.learner is not None:
                self.learner.add(row, base, wait)
        elif event.step == Step.LEFT:
            self._asked.pop(event.ticket, None)

    def before(self, state: QueueState, event: Event) -> None:
        """Before it is applied: what it ends is learned from."""
        self._wait_for_idle(state, event)
        if event.step == Step.ENDED and (visit := state.visits.get(event.ticket)):
            self.durations.add(visit.kind, visit.server, event.at_s - visit.since_s)

    def forecast(self, state: QueueState, waiting: Waiting) -> tuple[float, ...]:
        kind_number(self.kinds, waiting.kind)
        places = _place(state, waiting, self.kinds)
        row, base = self._rows(state, places)
        if self.learner is None:
            self.learner = Learner(row.shape[1])
        said = self.learner.say(row, base)
        if waiting.joined_s == state.now_s:
            self._asked[waiting.ticket] = (row[0].astype(np.float32), float(base[0]), said)
        shown = self.calibration.apply(said)[0] * state.unit_s
        q10, q50, q80, q90, mean = shown.tolist()
        return (mean, q10, q50, q80, q90)

    def _rows(self, state: QueueState, places: Places) -> tuple[Any, Any]:
        on_duty = team(state, self.durations, self.kinds)
        gone = departures(on_duty, self.returns, state.handling_all.mean, PAUSE * state.unit_s)
        times = bases(places, gone)
        queue = queue_vector(state, self.seen, on_duty, gone)
        table = rows(places, times, queue, on_duty, self.seen, state, self.kinds)
        return table, times[:, STRUCTURE] / state.unit_s

    def _wait_for_idle(self, state: QueueState, event: Event) -> None:
        """Learn how soon idle clinicians take the next one: from all time somebody waited."""
        since_s, self._before_s = self._before_s, event.at_s
        if not state.waiting or event.at_s - since_s > state.unit_s * 4:
            return
        longest = self.returns.EDGES_S[-1] * 1.5
        idle = [
            one.free_since_s
            for one in state.servers.values()
            if one.on_duty and not one.busy and since_s - one.free_since_s < longest
        ]
        if idle and event.at_s > since_s:
            free = np.array(idle)
            self.returns.waited_for(
                np.maximum(0.0, since_s - free), np.maximum(0.0, event.at_s - free)
            )
        if event.step == Step.STARTED and event.ticket in state.tickets:
            server = state.servers.get(event.server)
            if (
                server is not None
                and not server.busy
                and event.at_s - server.free_since_s < longest
            ):
                self.returns.returned(event.at_s - server.free_since_s)


def _place(state: QueueState, waiting: Waiting, kinds: list[str]) -> Places:
    now_s = state.now_s
    ahead = list(state.ahead(waiting))
    of_kind = np.zeros((1, KINDS))
    for one in ahead:
        of_kind[0, kind_number(kinds, one.kind)] += 1
    waited = [now_s - one.joined_s for one in ahead]
    return Places(
        ahead=np.array([float(len(ahead))]),
        ahead_of_kind=of_kind,
        urgent_ahead=np.array([float(sum(one.credit_s > 0 for one in ahead))]),
        old_ahead=np.array([float(sum(one > state.unit_s / 3 for one in waited))]),
        ahead_waited_s=np.array([sum(waited)]),
        waited_s=np.array([now_s - waiting.joined_s]),
        credit_s=np.array([waiting.credit_s]),
        kind=np.array([kind_number(kinds, waiting.kind)]),
    )
