"""A history, event by event in the order of time: what each method said to everybody who joined,
beside how long they then waited.

Whatever is forecast is computed from a state that has seen only what happened before; whatever is
learned is learned when it has happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .baselines import Baselines
from .history import Event, Step
from .inputs import INPUTS, inputs
from .published import COLUMNS
from .state import Ended, QueueState, Waiting

Forecast = tuple[float, ...]  # COLUMNS, in seconds


class Forecaster(Protocol):
    """A method that learns as it goes."""

    def forecast(self, state: QueueState, waiting: Waiting) -> Forecast: ...

    def before(self, state: QueueState, event: Event) -> None:
        """Before the event is applied to the state."""
        ...

    def happened(self, state: QueueState, event: Event, ended: Ended | None) -> None:
        """After the event was applied to the state."""
        ...


class Watcher(Protocol):
    """Looks on, after everybody has learned."""

    def happened(self, state: QueueState, event: Event, ended: Ended | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Records:
    """A row for each scored wait that was served, in the order of joining."""

    at_s: Any
    ticket: Any
    wait_s: Any
    ahead: Any
    inputs: Any  # a column for each of INPUTS
    points: dict[str, Any]  # of each baseline that says one number
    forecasts: dict[str, Any]  # of each forecaster: COLUMNS


def replay(
    events: Iterable[Event],
    handling_s: float,
    forecasters: dict[str, Forecaster],
    watch: Watcher | None = None,
) -> Records:
    """`handling_s`: the mean visit as long as nothing is known."""
    state, baselines = QueueState(handling_s), Baselines()
    open_rows: dict[int, tuple[Any, ...]] = {}
    rows: list[tuple[Any, ...]] = []
    for event in events:
        for forecaster in forecasters.values():
            forecaster.before(state, event)
        ended = state.apply(event)
        for forecaster in forecasters.values():
            forecaster.happened(state, event, ended)
        if ended is not None:
            row = open_rows.pop(ended.ticket, None)
            if row is not None:
                rows.append((*row, ended.wait_s))
        waiting = state.tickets.get(event.ticket) if event.step == Step.JOINED else None
        if waiting is not None:
            said = {name: one.forecast(state, waiting) for name, one in forecasters.items()}
            if event.scored:
                seen = inputs(state, waiting, baselines)
                points = baselines.points(state, waiting)
                open_rows[event.ticket] = (event.at_s, event.ticket, seen, points, said)
        elif event.step == Step.LEFT:
            open_rows.pop(event.ticket, None)
        baselines.happened(event, ended)
        if watch is not None:
            watch.happened(state, event, ended)
    rows.sort(key=lambda row: (row[0], row[1]))
    return _records(rows, list(forecasters))


def _records(rows: list[tuple[Any, ...]], forecasters: list[str]) -> Records:
    seen = np.array([row[2] for row in rows], dtype=float).reshape(len(rows), len(INPUTS))
    names = list(rows[0][3]) if rows else []
    return Records(
        at_s=np.array([row[0] for row in rows]),
        ticket=np.array([row[1] for row in rows]),
        wait_s=np.array([row[5] for row in rows]),
        ahead=seen[:, INPUTS.index("ahead")],
        inputs=seen,
        points={name: np.array([row[3][name] for row in rows]) for name in names},
        forecasts={
            name: np.array([row[4][name] for row in rows]).reshape(len(rows), len(COLUMNS))
            for name in forecasters
        },
    )
