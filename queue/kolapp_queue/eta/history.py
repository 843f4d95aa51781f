"""What happened in a queue, as events in the order of time: what every forecaster learns from.

Nothing here says how long somebody will wait; that follows when the events have happened. Times
are seconds since an arbitrary midnight on a known weekday, so that a day is 86,400 of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

DAY_S = 86_400.0


class Step(IntEnum):
    """In the order in which steps of one and the same second are taken: who comes in then is
    told about a queue from which the others have gone already."""

    ENDED = 0  # a visit ended
    OFF_DUTY = 1  # a clinician went
    ON_DUTY = 2  # a clinician came
    LEFT = 3  # gave up while waiting
    STARTED = 4  # taken out of the queue by `server`, or served at once on arrival
    JOINED = 5  # waits from now on


@dataclass(frozen=True, slots=True)
class Event:
    at_s: float
    step: Step
    ticket: int  # -1 for duty
    kind: str = ""  # of visit, as a forecaster may learn it: type of call, eligibility class
    credit_s: float = 0.0  # waiting time given in advance by a priority band
    server: str = ""  # who serves; "" if the history does not say
    scored: bool = True  # its wait counts when methods are compared

    @property
    def order(self) -> tuple[float, int, int]:
        return (self.at_s, self.step, self.ticket)


def in_order(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event.order)


def day_of(at_s: float) -> int:
    return int(at_s // DAY_S)


def weekday(at_s: float) -> int:
    """0 is Monday."""
    return day_of(at_s) % 7


def second_of_day(at_s: float) -> float:
    return at_s % DAY_S
