"""The tables that may be written behind a key of the queues' file: titles, hours, bands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from .hours import ALWAYS, AROUND_THE_CLOCK, DAY_ALLOWED, DAYS, Day, parse_day, show_day
from .model import NAME
from .policy_kinds import Kind, Place, duration, quoted, table, text

# `daily` first, then these, then the days themselves: the narrower one wins.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "daily": DAYS,
    "weekdays": DAYS[:5],
    "weekend": DAYS[5:],
}
LANGUAGES = ("en", "sv", "nb")  # of the pages
MOST_SPECIAL_DAYS = 1_000
MOST_BANDS = 8


def inline(items: Iterable[tuple[str, str]]) -> str:
    """A table on one line, as TOML."""
    inner = ", ".join(f"{key} = {value}" for key, value in items)
    return f"{{ {inner} }}" if inner else "{}"


TITLE_TEXT = text(1, 80)
Titles = tuple[tuple[str, str], ...]  # (language, text); "" is the language of any other


def _read_titles(value: object, place: Place) -> Titles:
    if isinstance(value, str):
        return (("", TITLE_TEXT.read(value, place)),)
    found: list[tuple[str, str]] = []
    for language, title in table(value).items():
        if language not in LANGUAGES:
            place.unknown(language, LANGUAGES)
        else:
            read = place.inside(language).take(TITLE_TEXT, title)
            found += ((language, text) for text in read)
    return tuple(found)


def _show_titles(titles: Titles) -> str:
    if len(titles) == 1 and not titles[0][0]:
        return quoted(titles[0][1])
    return inline((language, quoted(title)) for language, title in titles)


TITLES = Kind(
    f"{TITLE_TEXT.allowed}, or a table of such by language ({', '.join(LANGUAGES)})",
    _read_titles,
    _show_titles,
)


def _day(value: object, _: Place) -> Day:
    if not isinstance(value, str):
        raise ValueError
    return parse_day(value)


DAY = Kind(DAY_ALLOWED, _day, lambda day: f'"{show_day(day)}"')
Week = tuple[Day, ...]


def _read_week(value: object, place: Place) -> Week:
    if value == ALWAYS:
        return AROUND_THE_CLOCK.week
    week: dict[str, Day] = dict.fromkeys(DAYS, ())
    given = table(value)
    for key in given:
        if key not in DAYS and key not in GROUPS:
            place.unknown(key, (*GROUPS, *DAYS))
    for key, days in (*GROUPS.items(), *((day, (day,)) for day in DAYS)):
        if key in given:
            for hours in place.inside(key).take(DAY, given[key]):
                week |= dict.fromkeys(days, hours)
    return tuple(week.values())


def _show_week(week: Week) -> str:
    if week == AROUND_THE_CLOCK.week:
        return f'"{ALWAYS}"'
    days = zip(DAYS, week, strict=True)
    return inline((name, DAY.show(day)) for name, day in days if day)


WEEK = Kind(
    f'"{ALWAYS}", or a table of hours by {", ".join((*GROUPS, *DAYS))}',
    _read_week,
    _show_week,
)

Special = tuple[tuple[date, Day], ...]


def _read_special(value: object, place: Place) -> Special:
    given = table(value)
    if len(given) > MOST_SPECIAL_DAYS:
        raise ValueError
    found: dict[date, Day] = {}
    for key, hours in given.items():
        inside = place.inside(key)
        try:
            day = date.fromisoformat(key)
            if key != str(day):  # 20261224 is the same day, and would be a second key for it
                raise ValueError
        except ValueError:
            inside.fault("not a date", "a key such as 2026-12-24")
            continue
        for read in inside.take(DAY, hours):
            found[day] = read
    return tuple(sorted(found.items()))


SPECIAL: Kind[Special] = Kind(
    f"a table of hours by date, at most {MOST_SPECIAL_DAYS}",
    _read_special,
    lambda days: inline((str(day), DAY.show(hours)) for day, hours in days),
)

CREDIT = duration("0 s", "24 h")
Bands = tuple[tuple[str, int], ...]  # (name, credit in ms)


def _read_bands(value: object, place: Place) -> Bands:
    given = table(value)
    if len(given) > MOST_BANDS:
        raise ValueError
    found: list[tuple[str, int]] = []
    for name, credit in given.items():
        inside = place.inside(name)
        if not NAME.match(name):
            inside.fault("not a name", "1 to 64 of A-Z a-z 0-9 _ -")
        else:
            found += ((name, ms) for ms in inside.take(CREDIT, credit))
    return tuple(found)


BANDS = Kind(
    f"a table of at most {MOST_BANDS} names, each with {CREDIT.allowed}",
    _read_bands,
    lambda bands: inline((name, CREDIT.show(ms)) for name, ms in bands),
)
