"""When a queue is open: from hours of the wall clock to moments, and what holds at one moment.

Pure; all moments are milliseconds of the store's clock. The days on which clocks are changed:

- A part of a day is one stretch, from the first to the last moment at which the clock shows a time
  inside it. The hour that comes twice is open twice, and nobody closes between the two.
- A time that a clock skips counts as the moment of the skip.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from .hours import OpeningHours

# A closing time further ahead than this is not told; a queue open around the clock has none.
CLOSING_DAYS = 15
# The next opening is looked for so far ahead: a year with its special days, and a little.
OPENING_DAYS = 400

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
# A part that passes midnight began yesterday, and a zone may have skipped a day (Apia, 2011).
_DAYS_BACK = 2


@dataclass(frozen=True, slots=True)
class Stretch:
    """Open from `opens_ms` to before `closes_ms`."""

    opens_ms: int
    closes_ms: int


@dataclass(frozen=True, slots=True)
class Open:
    closes_ms: int | None  # None: not within `CLOSING_DAYS`


@dataclass(frozen=True, slots=True)
class Shut:
    closed_ms: int | None  # when it closed last; None: not within the days looked back
    opens_ms: int | None  # None: not within `OPENING_DAYS`


def at(hours: OpeningHours, zone: ZoneInfo, now_ms: int) -> Open | Shut:
    """What the hours alone say of this moment."""
    if hours.always:
        return Open(None)
    closed_ms: int | None = None
    for stretch in stretches(hours, zone, now_ms, OPENING_DAYS):
        if stretch.opens_ms > now_ms:
            return Shut(closed_ms, stretch.opens_ms)
        if now_ms < stretch.closes_ms:
            limit_ms = now_ms + CLOSING_DAYS * _DAY // _MS
            return Open(stretch.closes_ms if stretch.closes_ms <= limit_ms else None)
        closed_ms = stretch.closes_ms
    return Shut(closed_ms, None)


def stretches(hours: OpeningHours, zone: ZoneInfo, now_ms: int, days: int) -> Iterator[Stretch]:
    """From about two days before `now_ms` on, in order; what touches or overlaps is one. One that
    goes on is cut off a day after the closing times that are told."""
    today = (_EPOCH + now_ms * _MS).astimezone(zone).date()
    longest_ms = (CLOSING_DAYS + _DAYS_BACK + 1) * _DAY // _MS
    open_now: Stretch | None = None
    for ahead in range(-_DAYS_BACK, days):
        for stretch in _of_day(hours, zone, today + ahead * _DAY):
            if open_now is None:
                open_now = stretch
            elif stretch.opens_ms <= open_now.closes_ms:
                closes_ms = max(open_now.closes_ms, stretch.closes_ms)
                open_now = Stretch(open_now.opens_ms, closes_ms)
            else:
                yield open_now
                open_now = stretch
        if open_now is not None and open_now.closes_ms > now_ms + longest_ms:
            break
    if open_now is not None:
        yield open_now


def _of_day(hours: OpeningHours, zone: ZoneInfo, day: date) -> Iterator[Stretch]:
    midnight = datetime.combine(day, datetime.min.time())
    for span in hours.of(day):
        opens_ms = _first_ms(midnight + timedelta(minutes=span.start), zone)
        closes_ms = _last_ms(midnight + timedelta(minutes=span.end), zone)
        if opens_ms < closes_ms:  # else the clock skips all of it
            yield Stretch(opens_ms, closes_ms)


@lru_cache(maxsize=4_096)
def _first_ms(wall: datetime, zone: ZoneInfo) -> int:
    """When the clock first shows `wall`, or skips it."""
    moment = wall.replace(tzinfo=zone, fold=0)
    return _ms(moment.astimezone(UTC) if _exists(moment) else _skip(moment))


@lru_cache(maxsize=4_096)
def _last_ms(wall: datetime, zone: ZoneInfo) -> int:
    """The end of the last minute before `wall` that the clock shows, or of what it shows before
    skipping that minute. Not when it last shows `wall`: where an hour begins a second time, who is
    open until then has closed the first time."""
    minute = (wall - _MINUTE).replace(tzinfo=zone, fold=1)
    return _ms(minute.astimezone(UTC) + _MINUTE if _exists(minute) else _skip(minute))


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // _MS


def _exists(local: datetime) -> bool:
    """Does the clock ever show this time?"""
    there = local.astimezone(UTC).astimezone(local.tzinfo)
    return there.replace(tzinfo=None) == local.replace(tzinfo=None)


def _skip(local: datetime) -> datetime:
    """The moment at which the clock skips the time `local`, to the second. Read with the offset
    from after the skip it is before that moment, with the one from before it is after it (PEP
    495)."""
    early = local.replace(fold=1).astimezone(UTC)
    late = local.replace(fold=0).astimezone(UTC)
    before = early.astimezone(local.tzinfo).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(local.tzinfo).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late
