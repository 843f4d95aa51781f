"""How many people the clinicians will have taken out of the queue by when: the structure under
every forecast, from who serves whom since when.

Each clinician in a visit takes the next person when it ends, each other one when they return; and
then on and on, one visit after the other. The sum over all clinicians is the expected number of
departures by a time; somebody with `ahead` people before them is served when it reaches one more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .durations import Durations, Returns, ended_by
from .servers import Server
from .state import QueueState

# Of the mean visit: the times at which departures are counted.
GRID = np.concatenate(([0.02, 0.04], np.geomspace(0.07, 60.0, 26)))
FRESH = 0.4
# A clinician is idle for so many mean visits before they are counted as gone.
GONE = 10.0
# A clinician who has taken less than this share of a kind lately does not take it.
ABLE = 0.02


@dataclass(frozen=True, slots=True)
class Team:
    """The clinicians on duty, as far as known: who is in a visit since when, in this queue or in
    another one, and who is free."""

    lasted_s: Any  # of each visit going on
    median_s: Any
    shape: Any
    able: Any  # visits (rows) by kinds (columns): the clinician takes that kind
    share: Any  # of the clinician's visits that are this queue's
    idle_s: Any  # of each clinician without one
    comes_s: Any  # in how many seconds each of these comes back; 0 for who is there
    idle_able: Any
    idle_share: Any
    # In how many seconds each means to stop, first those in a visit; infinite if nobody knows.
    leaves_s: Any


def team(state: QueueState, durations: Durations, kinds: list[str]) -> Team:
    now_s, servers = state.now_s, state.servers
    going = [
        (visit.server, visit.since_s, visit.kind)
        for visit in state.visits.values()
        if (server := servers.get(visit.server)) is None or _goes_on(server)
    ] + [
        (name, server.elsewhere_since_s, server.mostly)
        for name, server in servers.items()
        if server.elsewhere_since_s is not None and server.on_duty and not server.busy
    ]
    free = [
        (name, server)
        for name, server in servers.items()
        if server.idle and now_s - _free_since_s(server) < GONE * state.unit_s
    ]
    names = [name for name, _, _ in going]
    busy = [servers.get(name) for name in names]
    idle = [server for _, server in free]
    median_s, shape = durations.of_each([kind for _, _, kind in going], names)
    return Team(
        np.maximum(0.5, now_s - np.array([since_s for _, since_s, _ in going])),
        median_s,
        shape,
        _able(state, names, busy, kinds),
        np.array([1.0 if server is None else server.share for server in busy]),
        np.array([max(0.0, now_s - _free_since_s(server)) for server in idle]),
        np.array([max(0.0, server.comes_s - now_s) for server in idle]),
        _able(state, [name for name, _ in free], idle, kinds),
        np.array([server.share for server in idle]),
        _stay_s([*busy, *idle], now_s),
    )


def _free_since_s(server: Server) -> float:
    """Who comes back begins anew then."""
    return max(server.free_since_s, server.comes_s)


def _goes_on(server: Server) -> bool:
    """Who pauses during a visit takes nobody after it, or not at once."""
    return server.on_duty and server.comes_s == -math.inf


def _stay_s(servers: Sequence[Server | None], now_s: float) -> Any:
    """Whoever is still here after having meant to go stays nobody knows how long."""
    leave_s = np.array([math.inf if server is None else server.leaves_s for server in servers])
    return np.where(leave_s > now_s, leave_s - now_s, math.inf)


def _able(
    state: QueueState, names: list[str], servers: Sequence[Server | None], kinds: list[str]
) -> Any:
    """Clinicians by the kinds they take: as the queue's needs and profiles say, or else as seen."""
    if state.fits is not None:
        fits = [state.fits.get(kind, ()) for kind in kinds]
        columns = [[name in fit for name in names] for fit in fits]
    else:
        columns = [
            [server is None or server.kinds.get(kind, 0.0) > ABLE for server in servers]
            for kind in kinds
        ]
    return np.array(columns, dtype=float).reshape(len(kinds), len(names)).T


@dataclass(frozen=True, slots=True)
class Departures:
    within_s: Any  # times, ascending
    all: Any  # expected number by each of them
    of_kind: Any  # kinds (rows): by clinicians who take that kind
    of_pool: Any  # kinds (rows): by clinicians who take any kind that competes with it


def departures(team: Team, returns: Returns, mean_s: float, pause_s: float) -> Departures:
    """`mean_s`: of a visit; `pause_s`: between its end and the next."""
    within_s = GRID * mean_s
    reached = np.maximum(within_s - pause_s, 0.0)
    busy = ended_by(team.lasted_s, team.median_s, team.shape, reached)
    idle = returns.by(team.idle_s, np.maximum(within_s - team.comes_s[:, None], 0.0))
    busy = team.share[:, None] * _and_on(busy, within_s, mean_s + pause_s)
    idle = team.idle_share[:, None] * _and_on(idle, within_s, mean_s + pause_s)
    each, able = np.concatenate((busy, idle)), np.concatenate((team.able, team.idle_able))
    if np.isfinite(team.leaves_s).any():
        # Who has gone takes nobody any more.
        last = np.searchsorted(within_s, team.leaves_s, side="right") - 1
        reached_to = np.minimum(np.arange(len(within_s)), np.maximum(last, 0)[:, None])
        each = np.take_along_axis(each, reached_to, axis=1)
    in_pool = (able @ competing(able)) > 0
    return Departures(within_s, each.sum(axis=0), able.T @ each, in_pool.T.astype(float) @ each)


def competing(able: Any) -> Any:
    """Kinds by kinds: 1 where somebody takes both, and each with itself."""
    return np.maximum((able.T @ able) > 0, np.eye(able.shape[1], dtype=bool)).astype(float)


def _and_on(first: Any, within_s: Any, visit_s: float) -> Any:
    """Probabilities of a first departure by each time, to expected departures by then. After the
    first there is one a visit in whatever time is left, less what a visit that has just begun
    lasts longer than one looked at at any time (renewal theory: (1 - cv^2) / 2 of a visit)."""
    steps = np.diff(within_s, prepend=0.0)
    before = np.concatenate((np.zeros((len(first), 1)), first[:, :-1]), axis=1)
    left_s = np.cumsum((before + first) / 2 * steps, axis=1)
    visits = left_s / np.maximum(first * visit_s, 1e-9)
    return first * (1 + visits**2 / (visits + FRESH))


def time_of(within_s: Any, expected: Any, number: Any) -> Any:
    """When the expected departures reach `number`; beyond the last time, at its pace."""
    last = max(expected[-1], 1e-3)
    inside = np.interp(number, np.append(0.0, expected), np.append(0.0, within_s))
    return np.where(number <= last, inside, within_s[-1] * number / last)
