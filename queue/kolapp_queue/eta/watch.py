"""The announcer, watched over a replay: what everybody who waits would have been shown with every
change of the queue, and how much of it was kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .announce import FORECAST, Person, Promise, Range, announce, shown
from .history import Event, Step
from .published import COLUMNS
from .state import Ended, QueueState

URGENT = "urgent"
CLINICIAN_LEFT = "clinician_left"
_Q10, _Q50, _Q90 = (COLUMNS.index(name) for name in ("q10", "q50", "q90"))
_LATER_S = 0.5  # what counts as later: promises are floats


class WholeLine(Protocol):
    def everybody(self, state: QueueState) -> Any: ...


@dataclass(frozen=True, slots=True)
class FirstShown:
    """What everybody was shown first, in the order of their waits' ends, beside what came of it."""

    at_s: Any
    low_s: Any
    high_s: Any
    wait_s: Any


@dataclass(slots=True)
class _Wait:
    promise: Promise
    joined_s: float
    first: Promise
    rose_s: float = 0.0  # by how much the upper end ever rose, in all
    causes: frozenset[str] = frozenset()
    unnamed: bool = False
    scored: bool = True


class Watch:
    """Of the waits that began at `since_s` or later and ended by being served."""

    def __init__(self, forecaster: WholeLine, since_s: float) -> None:
        self._forecaster = forecaster
        self._since_s = since_s
        self._waits: dict[int, _Wait] = {}
        self._done: list[tuple[_Wait, float]] = []
        self._below_ahead = 0

    def happened(self, state: QueueState, event: Event, ended: Ended | None) -> None:
        """After the forecaster has seen it."""
        if event.at_s < self._since_s:
            return
        wait = self._waits.pop(event.ticket, None)
        if ended is not None and wait is not None and wait.scored:
            self._done.append((wait, event.at_s))
        if event.step != Step.ENDED and state.waiting:
            self._announce(state, event)

    def _announce(self, state: QueueState, event: Event) -> None:
        forecasts = self._forecaster.everybody(state)
        tickets = [ticket for _, ticket in state.waiting]
        people = []
        for ticket, row in zip(tickets, forecasts, strict=True):
            before = self._waits.get(ticket)
            people.append(
                Person(
                    state.kind_number(state.tickets[ticket].kind),
                    Range(float(row[_Q10]), float(row[_Q50]), float(row[_Q90])),
                    before.promise if before is not None else None,
                    self._cause(state, event, ticket),
                )
            )
        promised: dict[int, float] = {}
        for ticket, person, promise in zip(
            tickets, people, announce(people, state.now_s), strict=True
        ):
            self._keep(ticket, person, promise, event)
            floor_s = promised.get(person.cls, -math.inf)
            self._below_ahead += bool(promise.until_s < floor_s - _LATER_S)
            promised[person.cls] = max(promised.get(person.cls, -math.inf), promise.until_s)

    def _keep(self, ticket: int, person: Person, promise: Promise, event: Event) -> None:
        wait = self._waits.get(ticket)
        if wait is None:
            scored = event.scored and event.ticket == ticket and event.step == Step.JOINED
            self._waits[ticket] = _Wait(promise, event.at_s, promise, scored=scored)
            return
        rose_s = promise.until_s - wait.promise.until_s
        if rose_s > _LATER_S:
            wait.rose_s += rose_s
            wait.causes |= {promise.cause}
            # What the announcer says must be true: a cause that came up, or its own fault.
            wait.unnamed |= promise.cause not in {FORECAST, person.cause} or not promise.cause
        wait.promise = promise

    def _cause(self, state: QueueState, event: Event, ticket: int) -> str:
        if event.step == Step.OFF_DUTY:
            return CLINICIAN_LEFT
        if event.step == Step.JOINED and event.ticket != ticket:
            joined = state.tickets[event.ticket]
            if joined.key < state.tickets[ticket].key:
                return URGENT
        return ""

    def first_shown(self) -> FirstShown:
        rows = [
            (wait.joined_s, first.low_s, first.high_s, at_s - wait.joined_s)
            for wait, at_s in self._done
            for first in (shown(wait.first, wait.joined_s),)
        ]
        return FirstShown(*np.array(rows, dtype=float).reshape(len(rows), 4).T)

    def report(self) -> dict[str, Any]:
        """Shares of waits. `below_ahead` counts promises earlier than one to somebody ahead."""
        count = len(self._done)

        def share(kept: int) -> float:
            return kept / count if count else math.nan

        waits = [wait for wait, _ in self._done]
        return {
            "n": count,
            "rose_without_cause": share(sum(wait.unnamed for wait in waits)),
            "rose_forecast": share(sum(FORECAST in wait.causes for wait in waits)),
            "rose_with_cause": share(sum(bool(wait.causes - {FORECAST}) for wait in waits)),
            "rose_over_60s": share(sum(wait.rose_s > 60 for wait in waits)),
            "late_vs_shown_upper": share(
                sum(at_s > wait.first.until_s for wait, at_s in self._done)
            ),
            "late_vs_last_shown_upper": share(
                sum(at_s > wait.promise.until_s for wait, at_s in self._done)
            ),
            "below_ahead": self._below_ahead,
        }
