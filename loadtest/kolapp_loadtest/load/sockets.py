"""How many sockets a run may need at once, and whether the system lets a process have them."""

from __future__ import annotations

import resource

from ..bench.worker import allow_many_sockets
from ..errors import LoadtestError
from .lives import Plan
from .patient_life import OPENS_BEFORE_S

SPARE = 200  # descriptors of a process beside its clients


def most_connected(plan: Plan) -> int:
    """If nobody were served until patience ends: more are never connected at a time. Pure."""
    moves = [(one.at_s - OPENS_BEFORE_S, 1) for one in plan.patients]
    moves += [(one.at_s + one.patience_s, -1) for one in plan.patients]
    most = now = 0
    for _, step in sorted(moves):
        now += step
        most = max(most, now)
    # Who is in a visit has stopped losing patience.
    return min(len(plan.patients), most + len(plan.clinicians)) + len(plan.clinicians)


def provide(plan: Plan, own_server: bool, workers: int) -> dict[str, int]:
    """Raise the soft limit, which children inherit. Raises LoadtestError when the hard one is too
    low: a run that fails at its ten-thousandth client says nothing about the server."""
    allow_many_sockets()
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = SPARE + most_connected(plan) // (1 if own_server else workers)
    if soft != resource.RLIM_INFINITY and needed > soft:
        where = "the server's process" if own_server else "one process of patients"
        raise LoadtestError(
            f"{where} may need {needed:,} open files at once, and this system allows {soft:,}: "
            "raise it (`ulimit -Hn`, LimitNOFILE= of a service), or take fewer --patients"
        )
    return {"allowed": soft, "needed": needed}
