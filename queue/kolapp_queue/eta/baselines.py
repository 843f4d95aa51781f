"""What others do: the published formulas, each learning as its product does.

Sources: Asterisk's app_queue (moving average 1/4), Salesforce Chat (0.1), Genesys (position times
handling time by agents), Cloudflare Waiting Room (position by throughput); last to enter service,
head of line and the queue with impatient customers after Ibrahim and Whitt. `formula` is our own
first one.
"""

from __future__ import annotations

from .formula import Pace, wait
from .history import Event, Step
from .recent import Last
from .state import Ended, QueueState, Waiting
from .wait import Wait

PATIENCE = 5 / 3  # mean, exponential, in QLM; of a mean visit
FIRST_WAIT_S = 60.0  # said by the averages before anybody has been served


class Baselines:
    def __init__(self) -> None:
        self.average_quarter = self.average_tenth = FIRST_WAIT_S
        self.last_ten = Last(10, FIRST_WAIT_S)
        self.last_three = Last(3, FIRST_WAIT_S)
        self.last = FIRST_WAIT_S
        self.last_of: dict[str | float, float] = {}  # by credit and by kind

    def happened(self, event: Event, ended: Ended | None) -> None:
        if event.step != Step.STARTED:
            return
        wait_s = ended.wait_s if ended is not None else 0.0
        self.last_three.add(wait_s)
        if ended is None:
            return  # served at once: says nothing about a queue
        self.last = self.last_of[ended.kind] = self.last_of[ended.credit_s] = wait_s
        self.average_quarter += (wait_s - self.average_quarter) / 4
        self.average_tenth += (wait_s - self.average_tenth) / 10
        self.last_ten.add(wait_s)

    def points(self, state: QueueState, waiting: Waiting) -> dict[str, float]:
        """Seconds that each says to who has just joined."""
        place = state.place(waiting) + 1
        busy = max(1, state.active())
        handling = state.handling_lately.mean
        started = state.starts[-1].count(state.now_s)
        return {
            "last_10": self.last_ten.mean,
            "ewma_quarter": self.average_quarter,
            "ewma_tenth": self.average_tenth,
            "last_to_enter": self.last,
            "last_to_enter_class": self.last_of.get(waiting.credit_s, self.last),
            "head_of_line": head_of_line(state, waiting),
            "position_handling": place * handling / busy,
            "formula": _middle(wait(Pace.of(state), place)),
            "throughput": place * state.starts[-1].span_s / max(0.5, started),
            "impatient_queue": impatient(place, busy / handling, PATIENCE * state.unit_s),
        }


def _middle(said: Wait) -> float:
    return (said.low_s + said.high_s) / 2


def head_of_line(state: QueueState, waiting: Waiting | None) -> float:
    """How long the first in line has waited; `waiting`, the one asked about, is not looked at."""
    for _, ticket in state.waiting[:2]:
        if waiting is None or ticket != waiting.ticket:
            return state.now_s - state.tickets[ticket].joined_s
    return 0.0


def impatient(place: int, rate: float, patience_s: float) -> float:
    """Mean wait when everybody ahead leaves after an exponential patience (QLM)."""
    return sum(1 / (rate + ahead / patience_s) for ahead in range(place))
