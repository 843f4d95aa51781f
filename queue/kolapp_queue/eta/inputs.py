"""A queue's state as numbers, for the methods that learn from a table: what the literature uses
(people ahead by kind, busy clinicians, how long the visits have lasted, flows and waits lately,
hour and weekday)."""

from __future__ import annotations

from .baselines import Baselines, head_of_line
from .history import second_of_day, weekday
from .state import QueueState, Waiting

INPUTS = (
    "ahead", "waiting", "credit", "kind", "urgent_ahead", "same_kind_ahead", "ahead_waited_s",
    "head_of_line_s", "busy", "unnamed_busy", "oldest_visit_s", "median_visit_s",
    "second_newest_visit_s", "visits_lasted_s", "handling_lately_s", "handling_last_s",
    "position_handling_s", "starts_60", "starts_180", "starts_600", "starts_1800", "ends_600",
    "joins_180", "joins_600", "joins_1800", "leaves_300", "leaves_1800", "urgent_joins",
    "last_wait_s", "last_wait_class_s", "last_wait_kind_s", "ewma_quarter_s", "ewma_tenth_s",
    "last_ten_s", "last_three_s", "hour", "weekday",
)  # fmt: skip


def inputs(state: QueueState, waiting: Waiting, seen: Baselines) -> tuple[float, ...]:
    """In the order of INPUTS, at this moment, for somebody who waits."""
    now_s = state.now_s
    ahead = list(state.ahead(waiting))
    lasted = sorted((now_s - visit.since_s for visit in state.visits.values()), reverse=True)
    busy = len(lasted)
    last = seen.last
    return (
        len(ahead),
        len(state.waiting) - 1,
        waiting.credit_s,
        code(waiting.kind),
        sum(one.credit_s > 0 for one in ahead),
        sum(one.kind == waiting.kind for one in ahead),
        sum(now_s - one.joined_s for one in ahead),
        head_of_line(state, waiting),
        busy,
        sum(not visit.server for visit in state.visits.values()),
        lasted[0] if busy else 0.0,
        lasted[busy // 2] if busy else 0.0,
        lasted[-2] if busy > 1 else 0.0,
        sum(lasted),
        state.handling_lately.mean,
        state.handling_last.mean,
        (len(ahead) + 1) * state.handling_lately.mean / max(1, busy),
        *(window.count(now_s) for window in state.starts),
        state.ends[1].count(now_s),
        *(window.count(now_s) for window in state.joins),
        *(window.count(now_s) for window in state.leaves),
        state.urgent_joins.count(now_s),
        last,
        seen.last_of.get(waiting.credit_s, last),
        seen.last_of.get(waiting.kind, last),
        seen.average_quarter,
        seen.average_tenth,
        seen.last_ten.mean,
        seen.last_three.mean,
        second_of_day(state.local_s) / 3600,
        weekday(state.local_s),
    )


def code(kind: str) -> float:
    """A number for a name, the same in every process."""
    return float(sum(ord(letter) * 31**place for place, letter in enumerate(kind)) % 1009)
