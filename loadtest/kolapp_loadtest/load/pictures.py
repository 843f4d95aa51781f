"""The pictures of a report: which figures go on which axes. Pure."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

from .charts import Axis, Line, axis, line_chart, log_axis, scatter
from .live_clock import clock

LATENCIES = ("turn", "join", "answer", "pull", "connect")


def figure(caption: str, picture: str) -> str:
    return f"<figure><figcaption>{escape(caption)}</figcaption>{picture}</figure>"


def latencies(report: dict[str, Any]) -> str:
    """Shares on an axis of nines, as HdrHistogram's own plots have it."""
    lines = [
        Line(verb, [(n / 15.0, ms) for n, (_, ms) in enumerate(report["curves"][verb])])
        for verb in LATENCIES
        if verb in report["curves"]
    ]
    values = [ms for line in lines for _, ms in line.points]
    x = Axis("share of all that were faster", 0.0, 4.0, tell=_nines)
    y = log_axis("ms", values)
    return figure("Latency of each verb", line_chart("Latency by share of requests", x, y, lines))


def _nines(value: float) -> str:
    return ("0 %", "90 %", "99 %", "99.9 %", "99.99 %")[int(value)] if value == int(value) else ""


def turns(report: dict[str, Any]) -> str:
    points = [(at_s, ms) for at_s, ms in report["turns"]]
    y = log_axis("ms", [ms for _, ms in points])
    drawn = scatter("Latency of each turn over the day", _day(report), y, points)
    return figure("Each pull until its “your turn”, over the day", drawn)


def waits(report: dict[str, Any]) -> str:
    lines = [
        Line(name, [(5.0 * n, wait_s / 60) for n, wait_s in enumerate(found["deciles_s"], 1)])
        for name, found in report["waits"].items()
    ]
    y = axis("minutes", [minutes for line in lines for _, minutes in line.points])
    x = Axis("share of patients that waited less, %", 0.0, 100.0)
    return figure("Waits, measured and as the model has them",
                  line_chart("Distribution of waits", x, y, lines))  # fmt: skip


def line(report: dict[str, Any]) -> str:
    lines = [
        Line(title, [(tick["at_s"], float(tick[name])) for tick in report["ticks"]])
        for name, title in (("waiting", "waiting"), ("in_visit", "in a visit"))
    ]
    y = axis("people", [value for line in lines for _, value in line.points])
    drawn = line_chart("People over the day", _day(report), y, lines, _marks(report))
    return figure("People over the day", drawn)


def ranges(report: dict[str, Any]) -> str:
    """Where real waits lay against what was forecast when people were first told."""
    found = report["ranges"]
    points = [(high_s / 60, wait_s / 60) for _, high_s, wait_s in found["points"]]
    if not points:
        return "<p>Nobody was told a range.</p>"
    top = max(max(point) for point in points)
    x = axis("upper end of the 80 % forecast, minutes", [top])
    y = axis("waited, minutes", [top])
    drawn = scatter("Real waits by forecast upper end", x, y, points, [(0.0, 0.0), (top, top)])
    words = (
        f"80 % forecasts: {_shares(found['forecast'])}. As shown, in steps: "
        f"{_shares(found['shown'])}. Above the dashed line: longer than forecast."
    )
    return figure(words, drawn)


def _shares(sides: dict[str, int]) -> str:
    count = max(1, sum(sides.values()))
    return ", ".join(f"{n / count:.0%} {side}" for side, n in sides.items())


def cores(report: dict[str, Any]) -> str:
    others = Line("other programs", [(t["at_s"], t.get("others", 0.0)) for t in report["ticks"]])
    return _resources(report, "cpu", "cores", "CPU time of each process", others)


def memory(report: dict[str, Any]) -> str:
    return _resources(report, "rss_mb", "MB", "Memory of each process")


def _resources(report: dict[str, Any], key: str, unit: str, caption: str, *more: Line) -> str:
    ticks = report["ticks"]
    names = list(dict.fromkeys(name for tick in ticks for name in tick[key]))
    lines = [
        Line(name, [(tick["at_s"], tick[key][name]) for tick in ticks if name in tick[key]])
        for name in names
    ] + list(more)
    y = axis(unit, [value for line in lines for _, value in line.points])
    return figure(caption, line_chart(caption, _day(report), y, lines, _marks(report)))


def _day(report: dict[str, Any]) -> Axis:
    scenario = report["scenario"]
    last_s = max([1.0, *(tick["at_s"] for tick in report["ticks"])])
    return Axis("time of the scenario's day", 0.0, last_s, tell=partial(clock, scenario))


def _marks(report: dict[str, Any]) -> list[tuple[float, str]]:
    """By their numbers in the table of faults: there is no room for words."""
    return [(fault["at_s"], str(number)) for number, fault in enumerate(report["faults"], 1)]
