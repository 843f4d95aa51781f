"""From a scenario's TOML to a `Scenario`, or everything that is wrong with it. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import partial
from typing import Any

from . import reading
from .reading import BadScenario, Table
from .scenario import (
    DROP,
    KILL,
    OBJECTIVES,
    TARGETS,
    Clinicians,
    Fault,
    Habits,
    Objective,
    QueueSpec,
    Scenario,
    Spread,
)
from .spans import clock_s, clocks_s, span_s

MOST_PATIENTS = 1_000_000
MOST_CLINICIANS = 10_000
_HOURS_24 = 24 * 3600.0


def parse(source: str, name: str) -> Scenario:
    """Raises BadScenario with all faults that were found."""
    try:
        held = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise BadScenario([f"no TOML: {error}"]) from None
    faults: list[str] = []
    scenario = _scenario(Table(held, "", faults), name)
    if faults or scenario is None:
        raise BadScenario(faults)
    return scenario


def _scenario(top: Table, name: str) -> Scenario | None:
    begins_s, ends_s = top.get("day", clocks_s) or (0.0, 0.0)
    day = Day(begins_s, ends_s)
    queues = _queues(top.table("queues"))
    found = Scenario(
        name=name,
        title=top.get("title", reading.text),
        about=top.get("about", reading.text, ""),
        begins_s=begins_s,
        day_s=ends_s - begins_s,
        drain_s=top.get("drain", span_s, 0.0),
        compress=top.get("compress", reading.number(1.0, 1000.0), 1.0),
        seed=top.get("seed", reading.whole(0, 2**31), 1),
        patients=top.get("patients", reading.whole(1, MOST_PATIENTS)),
        curve=_curve(top.table("arrivals"), day),
        queues=queues,
        clinicians=tuple(_clinicians(one, day, queues) for one in top.tables("clinicians")),
        habits=_habits(top.table("patients_are"), queues),
        faults=tuple(_fault(one, day) for one in top.tables("faults")),
        objectives=_objectives(top.table("objectives")),
    )
    if not found.clinicians:
        top.wrong("clinicians", "nobody serves: at least one [[clinicians]] is expected")
    top.done()
    return found if not top.faults else None


class Day:
    """Times of the day as seconds of the scenario's clock."""

    def __init__(self, begins_s: float, ends_s: float) -> None:
        self._begins_s, self._ends_s = begins_s, ends_s

    def moment(self, value: Any) -> float:
        """Raises ValueError outside the day."""
        at_s = clock_s(value)
        if at_s < self._begins_s:
            at_s += _HOURS_24  # a day that passes midnight
        if at_s > self._ends_s:
            raise ValueError("is outside the day")
        return at_s - self._begins_s

    def period(self, value: Any) -> tuple[float, float]:
        clocks_s(value)  # says what is wrong with its form
        first, _, last = value.partition("-")
        begin_s, end_s = self.moment(first.strip()), self.moment(last.strip())
        if end_s <= begin_s:
            raise ValueError("ends before it begins")
        return begin_s, end_s

    @property
    def whole(self) -> tuple[float, float]:
        return 0.0, self._ends_s - self._begins_s


def _curve(table: Table, day: Day) -> tuple[tuple[float, float], ...]:
    def read(value: Any) -> tuple[tuple[float, float], ...]:
        if not isinstance(value, dict) or not value:
            raise ValueError('a table such as { "07:00" = 20, "09:00" = 100 } is expected')
        rate = reading.number(0.0, 1e9)
        points = tuple(sorted((day.moment(at), rate(part)) for at, part in value.items()))
        if not any(part for _, part in points):
            raise ValueError("nobody would ever come")
        return points

    everywhere: tuple[tuple[float, float], ...] = ((0.0, 1.0),)
    found = table.get("rate", read, everywhere)
    table.done()
    return found


def _queues(table: Table) -> tuple[QueueSpec, ...]:
    found = []
    for name in table.names():
        one = table.table(name)
        found.append(
            QueueSpec(
                name,
                title=one.get("title", reading.text, name),
                share=one.get("share", reading.number(0.0, 1e6), 1.0),
                visit=one.get("visit", reading.spread),
                languages=one.get("languages", reading.words, ()),
                skills=one.get("skills", reading.words, ()),
                urgent_s=one.get("urgent_counts", span_s, 1800.0),
            )
        )
        one.done()
    if not any(queue.share for queue in found):
        table.wrong("", "at least one [queues.NAME] with a share is expected")
    return tuple(found)


def _clinicians(one: Table, day: Day, queues: tuple[QueueSpec, ...]) -> Clinicians:
    from_s, until_s = one.get("shift", day.period, day.whole)
    found = Clinicians(
        count=one.get("count", reading.whole(1, MOST_CLINICIANS), 1),
        queues=one.get("queues", reading.words, tuple(queue.name for queue in queues)),
        from_s=from_s,
        until_s=until_s,
        languages=one.get("languages", reading.words, ()),
        skills=one.get("skills", reading.words, ()),
        wrap_up=one.get("wrap_up", reading.spread, Spread(0.0)),
        pauses=one.get("pauses", _list(day.period), ()),
        stagger_s=one.get("stagger", span_s, 0.0),
        vanish_s=one.get("vanish", day.moment, None),
    )
    for name in set(found.queues) - {queue.name for queue in queues}:
        one.wrong("queues", f"there is no queue `{name}`")
    one.done()
    return found


def _list(read: Callable[[Any], tuple[float, float]]) -> Callable[[Any], Any]:
    def each(value: Any) -> tuple[tuple[float, float], ...]:
        if not isinstance(value, list):
            raise ValueError('a list such as ["12:00-12:30"] is expected')
        return tuple(read(one) for one in value)

    return each


def _habits(table: Table, queues: tuple[QueueSpec, ...]) -> Habits:
    plain = Habits()
    found = Habits(
        patience=table.get("patience", reading.spread, plain.patience),
        answers_after=table.get("answers_after", reading.spread, plain.answers_after),
        urgent=table.get("urgent", reading.share, 0.0),
        misses_call=table.get("misses_call", reading.share, 0.0),
        declines=table.get("declines", reading.share, 0.0),
        hangs_up_first=table.get("hangs_up_first", reading.share, 0.0),
        loses_network=table.get("loses_network", reading.share, 0.0),
        offline_wire_s=table.get("offline_wire", span_s, plain.offline_wire_s),
        languages=table.get("languages", reading.shares, ()),
        skills=table.get("skills", reading.shares, ()),
    )
    for kind in ("languages", "skills"):
        offered = {word for queue in queues for word in getattr(queue, kind)}
        for word, _ in getattr(found, kind):
            if word not in offered:
                table.wrong(kind, f"no queue has `{word}`")
    table.done()
    return found


def _fault(one: Table, day: Day) -> Fault:
    at_s = one.get("at", day.moment)
    target = one.get(KILL, _target, None)
    dropped = one.get(DROP, reading.share, None)
    offline_s = one.get("offline_wire", span_s, 0.0)
    if (target is None) == (dropped is None):
        one.wrong("", f"either `{KILL}` or `{DROP}` is expected")
    one.done()
    if dropped is None:
        return Fault(at_s, KILL, target=target or "")
    return Fault(at_s, DROP, share=dropped, offline_wire_s=offline_s)


def _target(value: Any) -> str:
    if value not in TARGETS:
        raise ValueError(f"one of {', '.join(TARGETS)} is expected")
    return str(value)


def _objectives(table: Table) -> tuple[Objective, ...]:
    found = []
    for name in table.names():
        if name not in OBJECTIVES:
            table.get(name, lambda value: value, 0)
            table.wrong(name, f"no such objective; there are {', '.join(OBJECTIVES)}")
            continue
        read = partial(_bounds, timed=OBJECTIVES[name] == "time")
        low, high = table.get(name, read, (0.0, 0.0))
        found.append(Objective(name, low, high))
    table.done()
    return tuple(found)


def _bounds(value: Any, timed: bool) -> tuple[float, float]:
    """`50` is "at most", `[0.75, 0.85]` is "between"."""
    read = span_s if timed else reading.number(0.0, 1e9)
    if isinstance(value, list):
        if len(value) != 2:
            raise ValueError("two bounds are expected")
        low, high = read(value[0]), read(value[1])
        if low > high:
            raise ValueError("the lower bound is above the upper one")
        return low, high
    return 0.0, read(value)
