"""What the learner sees of a queue: one vector for the queue, one row for each place asked about.

Everything is a logarithm, a small count or a share, and every time is measured in mean visits, so
that one set of weights serves visits of three minutes and of fifteen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .baselines import Baselines, head_of_line
from .departures import Departures, Team, time_of
from .history import DAY_S, second_of_day, weekday
from .state import KINDS, QueueState

SECONDS = 18  # a mean visit in so many parts is what a "moment" is
IDLE_EDGES = np.array([6.0, 15.0, 40.0, 160.0])
BUSY_EDGES = np.array([0.1, 0.33, 0.66, 1.33, 2.66])
HORIZONS = (0.08, 0.17, 0.33, 0.66, 1.33, 2.66)
SHARES = (0.3, 0.5, 0.8, 1.0)  # of the people ahead: some give up
DAY_WAVES = 4


@dataclass(frozen=True, slots=True)
class Places:
    """People asked about, in any order; each may be somebody who has not joined yet."""

    ahead: Any  # people before them
    ahead_of_kind: Any  # rows: places; columns: kinds
    urgent_ahead: Any
    old_ahead: Any  # of those ahead, who has waited a third of a mean visit
    ahead_waited_s: Any  # in all
    waited_s: Any  # themselves
    credit_s: Any
    kind: Any  # number of the kind


def bases(places: Places, gone: Departures) -> Any:
    """Rows of times: when the clinicians will have taken all ahead, or a share of them."""
    rows = [time_of(gone.within_s, gone.all, share * places.ahead + 1) for share in SHARES]
    same = places.ahead_of_kind[np.arange(len(places.ahead)), places.kind]
    able = np.empty(len(places.ahead))
    for kind in set(places.kind.tolist()):
        mine = places.kind == kind
        expected = gone.of_kind[min(kind, len(gone.of_kind) - 1)]
        able[mine] = time_of(gone.within_s, expected, same[mine] + 1)
    return np.stack([*rows, able], axis=1)


def queue_vector(state: QueueState, seen: Baselines, team: Team, gone: Departures) -> Any:
    now_s, unit_s = state.now_s, state.unit_s
    moment_s = unit_s / SECONDS
    windows = (*state.starts, *state.ends, *state.joins, *state.leaves, state.urgent_joins)
    counts = [window.count(now_s) for window in windows]
    waits = [
        head_of_line(state, None), seen.last, seen.average_quarter, seen.average_tenth,
        seen.last_ten.mean, seen.last_three.mean, now_s - state.last_start_s,
        now_s - state.last_end_s, state.slot_wait.mean(state.local_s),
    ]  # fmt: skip
    handling = [state.handling_lately.mean, state.handling_last.mean, state.handling_all.mean]
    angle = 2 * math.pi * second_of_day(state.local_s) / DAY_S
    waves = [f(n * angle) for n in range(1, DAY_WAVES + 1) for f in (math.sin, math.cos)]
    idle = np.bincount(np.searchsorted(IDLE_EDGES, team.idle_s), minlength=len(IDLE_EDGES) + 1)
    busy = np.bincount(
        np.searchsorted(BUSY_EDGES * unit_s, team.lasted_s), minlength=len(BUSY_EDGES) + 1
    )
    expected = np.interp(np.array(HORIZONS) * unit_s, gone.within_s, gone.all)
    return np.concatenate(
        (
            np.log1p([*counts, len(state.waiting), len(team.lasted_s), state.unnamed]),
            np.array([len(team.lasted_s) / 8, len(team.idle_s) / 8]),
            np.log1p(np.array(waits) / moment_s) / 2,
            np.log(np.array(handling) / unit_s),
            waves,
            np.arange(7) == weekday(state.local_s),
            np.log1p(idle),
            np.log1p(busy),
            np.log(expected + 0.05),
        )
    )


def rows(
    places: Places, times: Any, queue: Any, team: Team, seen: Baselines, state: QueueState
) -> Any:  # fmt: skip
    """One row for each place; `times` are its `bases`."""
    unit_s = state.unit_s
    moment_s = unit_s / SECONDS
    count = len(places.ahead)
    own = np.eye(KINDS)[places.kind]
    able, idle_able = team.able.sum(axis=0), team.idle_able.sum(axis=0)
    known = np.minimum(places.kind, len(able) - 1)
    by_kind = np.array([seen.last_of.get(kind, seen.last) for kind in state.kinds])
    by_credit = np.array([seen.last_of.get(credit, seen.last) for credit in places.credit_s])
    handling = np.array([state.handling_of(kind) for kind in state.kinds])
    same = places.ahead_of_kind[np.arange(count), places.kind]
    counts = np.stack(
        [places.ahead, same, places.urgent_ahead, places.old_ahead, able[known], idle_able[known]],
        axis=1,
    )
    waits = np.stack(
        [places.ahead_waited_s, places.waited_s, by_kind[known], by_credit, *times.T], axis=1
    )
    return np.concatenate(
        (
            np.log1p(counts),
            np.minimum(counts, 40.0) / 8,
            np.log1p(places.ahead_of_kind),
            np.log1p(waits / moment_s) / 2,
            np.log(handling[known] / unit_s)[:, None],
            (places.credit_s / unit_s)[:, None],
            own,
            np.broadcast_to(queue, (count, len(queue))),
        ),
        axis=1,
    )
