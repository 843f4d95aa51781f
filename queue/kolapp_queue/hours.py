"""Opening hours as people write them: which parts of which days, in the wall clock's time.

`opening.py` turns them into moments. A part that passes midnight belongs to the day it begins on,
so a special day neither cuts the night before it nor ends before its own night does.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

DAY_MIN = 1_440
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")  # as `date.weekday` counts them
CLOSED = "closed"
ALWAYS = "always"
DAY_ALLOWED = (
    'times of a day such as "07:00-22:00", several separated by commas, later than 24:00 as '
    f'"22:00-02:00", or "{CLOSED}"'
)

_SPAN = re.compile(r"(\d\d):([0-5]\d)\s*-\s*(\d\d):([0-5]\d)")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Open from `start` to before `end`, both minutes of the wall clock since the day's midnight;
    `end` is more than `DAY_MIN` when it is reached on the next day."""

    start: int
    end: int

    def __post_init__(self) -> None:
        # The wall clock reads 00:00 to 23:59 at the start, and the end is less than a day later.
        if not 0 <= self.start < DAY_MIN or not 0 < self.end - self.start <= DAY_MIN:
            raise ValueError("a part of a day begins on it and lasts at most 24 hours")


Day = tuple[Span, ...]  # sorted, apart from each other; empty: closed

WHOLE_DAY: Day = (Span(0, DAY_MIN),)


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """A week of days, Monday first, and the dates that differ from it, in order."""

    week: tuple[Day, ...] = (WHOLE_DAY,) * 7
    special: tuple[tuple[date, Day], ...] = ()

    def __post_init__(self) -> None:
        if len(self.week) != len(DAYS):
            raise ValueError("a week has seven days")
        dates = [day for day, _ in self.special]
        if dates != sorted(set(dates)):
            raise ValueError("special days are in order, each once")

    @property
    def always(self) -> bool:
        return not self.special and all(day == WHOLE_DAY for day in self.week)

    def of(self, day: date) -> Day:
        """What applies to a date: its own hours, or those of its day of the week."""
        found = bisect_left(self.special, (day,))
        if found < len(self.special) and self.special[found][0] == day:
            return self.special[found][1]
        return self.week[day.weekday()]


AROUND_THE_CLOCK = OpeningHours()


def parse_day(text: str) -> Day:
    """`DAY_ALLOWED` says what is understood. Raises ValueError for anything else, also for parts
    that overlap: one of the two is a slip of the pen."""
    if text.strip() == CLOSED:
        return ()
    spans = sorted(_span(part) for part in text.split(","))
    for earlier, later in pairwise(spans):
        if later.start < earlier.end:
            raise ValueError("the times overlap")
    return tuple(spans)


def show_day(day: Day) -> str:
    return ", ".join(_show(span) for span in day) or CLOSED


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text.strip())
    if not found:
        raise ValueError("these are no times")
    start, end = (60 * int(found[i]) + int(found[i + 1]) for i in (1, 3))
    if end > DAY_MIN or start == end:
        raise ValueError("a day has 24 hours")
    return Span(start, end if end > start else end + DAY_MIN)


def _show(span: Span) -> str:
    end = span.end if span.end <= DAY_MIN else span.end - DAY_MIN
    return f"{span.start // 60:02}:{span.start % 60:02}-{end // 60:02}:{end % 60:02}"
