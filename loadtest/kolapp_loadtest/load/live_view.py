"""What is seen while a run goes on: a table in the terminal that replaces itself."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from .announced import announced, held_share
from .live_clock import time_of_day
from .measures import Total
from .run_record import Tick
from .scenario import Scenario

VERBS = ("turn", "join", "answer", "pull", "connect", "place", "generator_late")


class LiveView:
    """`with LiveView(scenario) as view: run(watch=view.show)`. In a terminal a table; elsewhere a
    line every ten seconds, so that a log stays readable."""

    def __init__(self, scenario: Scenario, console: Console | None = None) -> None:
        self._scenario = scenario
        self._console = console or Console(stderr=True)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._told_s = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def say(self, sentence: str) -> None:
        self._console.print(sentence, highlight=False)

    def show(self, tick: Tick, total: Total) -> None:
        if self._console.is_terminal:
            self._live.update(picture(self._scenario, tick, total), refresh=True)
        elif tick.at_s - self._told_s >= 10.0:
            self._told_s = tick.at_s
            self.say(line(self._scenario, tick, total))


def line(scenario: Scenario, tick: Tick, total: Total) -> str:
    turn = total.turns.figures().get("turn", {})
    return (
        f"{clock(scenario, tick.at_s)} waiting {tick.waiting}, in visit {tick.in_visit}, "
        f"visits {tick.visits}, turn p99 {turn.get('p99', 0.0):.1f} ms, errors {tick.errors}"
    )


def clock(scenario: Scenario, at_s: float) -> str:
    return time_of_day(scenario.begins_s + max(0.0, at_s) * scenario.compress)


def picture(scenario: Scenario, tick: Tick, total: Total) -> Table:
    outer = Table.grid(padding=(0, 3))
    outer.add_row(f"[bold]{scenario.title}", f"[bold]{clock(scenario, tick.at_s)}")
    outer.add_row(_people(scenario, tick, total), _latencies(total), _machines(tick))
    return outer


def _people(scenario: Scenario, tick: Tick, total: Total) -> Table:
    table = Table("", "now", title="people")
    rows: list[tuple[str, Callable[[], str]]] = [
        ("connected", lambda: str(tick.connected)),
        ("waiting", lambda: str(tick.waiting)),
        ("in visit", lambda: str(tick.in_visit)),
        ("visits done", lambda: str(tick.visits)),
        ("errors", lambda: str(tick.errors)),
        ("ranges held", lambda: _held(scenario, total)),
    ]
    for name, value in rows:
        table.add_row(name, value())
    return table


def _held(scenario: Scenario, total: Total) -> str:
    held, _ = held_share(announced(total.tickets), scenario.rehearsal)
    return "-" if held is None else f"{held:.0%}"


def _latencies(total: Total) -> Table:
    table = Table("ms", "p50", "p99", "max", "n", title="latency, from when it was due")
    figures = total.latencies().figures()
    for verb in VERBS:
        if verb in figures:
            one = figures[verb]
            table.add_row(verb, *(f"{one[key]:.1f}" for key in ("p50", "p99", "max")),
                          f"{one['n']:.0f}")  # fmt: skip
    return table


def _machines(tick: Tick) -> Table:
    table = Table("process", "cores", "MB", title="processes")
    for name, size in tick.rss_mb.items():
        table.add_row(name, f"{tick.cpu.get(name, 0.0):.2f}", f"{size:.0f}")
    return table
