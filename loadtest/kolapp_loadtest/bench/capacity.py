"""From the figures of the benchmarks to what one core carries, and what a country needs. Pure.

Every step is kept as it is worked out, so that the report can show it and a reader can put in
figures of their own. What was not measured makes a line unknown, never a guess.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .budgets import Report


@dataclass(frozen=True, slots=True)
class Core:
    """What things cost in cores (1.0: a core all the time); None where it was not measured."""

    waiting: float | None = None  # signalling, for each who waits
    pull: float | None = None  # signalling, for one pull a second and the visit that follows
    join: float | None = None  # signalling, for one arrival a second: connect, hello, join
    store_pull: float | None = None
    store_join: float | None = None
    client_bytes: float | None = None
    call: float | None = None  # media node, for each call
    call_mb: float | None = None
    note: str = ""  # why something could not be told


@dataclass(frozen=True, slots=True)
class Country:
    """A Monday; what is assumed beside the three figures that were asked for."""

    waiting: int = 100_000
    clinicians: int = 2_000
    calls: int = 2_000
    cycle_s: float = 600.0  # a visit of 8 minutes and 2 of notes: a clinician pulls so often
    joins_per_pull: float = 3.0  # at nine more come than are served
    reconnects_s: float = 1_200.0  # a waiting phone loses its connection so often
    busy: float = 0.5  # of a core that is planned to be used: beyond it latency suffers
    mbit: float = 1.05  # picture and sound of one direction

    @property
    def pulls_per_s(self) -> float:
        return self.clinicians / self.cycle_s

    @property
    def arrivals_per_s(self) -> float:
        """New ones, and those who come back."""
        return self.pulls_per_s * self.joins_per_pull + self.waiting / self.reconnects_s


@dataclass(frozen=True, slots=True)
class Step:
    what: str
    arithmetic: str
    result: float | None
    unit: str


def one_core(results: Mapping[str, Report]) -> Core:
    many, few = results.get("turn", {}), results.get("turn_fewer", {})
    waiting, pull, note = _signalling(many, few)
    joining = many.get("joining", {})
    media = results.get("media", {}).get("kolapp", {})
    calls = media.get("calls_per_core")
    seconds, store_s = many.get("duration_s"), many.get("cpu_s", {}).get("store")
    rate = many.get("pulls_per_s")
    return Core(
        waiting=waiting,
        pull=pull,
        join=_ms(joining.get("signalling_ms")),
        store_pull=store_s / seconds / rate if store_s is not None and seconds and rate else None,
        store_join=_ms(joining.get("store_ms")),
        client_bytes=many.get("bytes_per_client"),
        call=1.0 / calls if calls else None,
        call_mb=media.get("mb_per_call"),
        note=note,
    )


def _ms(value: float | None) -> float | None:
    """Milliseconds an event are thousandths of a core at one a second."""
    return value / 1000 if value is not None else None


def _signalling(many: Report, few: Report) -> tuple[float | None, float | None, str]:
    """Two loads, two unknowns: share = clients x waiting + pulls x pull."""
    points = []
    for report in (many, few):
        share = report.get("fanout_core_share")
        if share is None:
            return None, None, "not both loads of the turn benchmark were measured"
        points.append((report["clients"] + report["probes"], report["pulls_per_s"], share))
    (clients, pulls, share), (fewer, more, other) = points
    determinant = clients * more - fewer * pulls
    if not determinant:
        return None, None, "both loads are the same: nothing tells waiting from pulls"
    waiting = (share * more - other * pulls) / determinant
    pull = (clients * other - fewer * share) / determinant
    if waiting < 0 or pull < 0:
        return None, None, "the two loads contradict each other: the machine was too busy"
    return waiting, pull, ""


def carried(core: Core, country: Country) -> list[Step]:
    """By one core, each thing alone, planned to be used as `busy` says."""
    busy = country.busy
    return [
        _alone("waiting patients (signalling)", core.waiting, busy, "patients"),
        _alone("pulls a second, with their visits (signalling)", core.pull, busy, "a second"),
        _alone("arrivals or reconnections a second (signalling)", core.join, busy, "a second"),
        _alone("pulls a second (store)", core.store_pull, busy, "a second"),
        _alone("arrivals a second (store)", core.store_join, busy, "a second"),
        _alone("calls (media node)", core.call, busy, "calls"),
    ]


def _alone(what: str, cost: float | None, busy: float, unit: str) -> Step:
    if not cost:
        return Step(what, "not measured", None, unit)
    return Step(what, f"{_time(busy)} / {_time(cost)}", busy / cost, unit)


def needed(core: Core, country: Country) -> list[Step]:
    """By the whole country."""
    pulls, arrivals, waiting = country.pulls_per_s, country.arrivals_per_s, country.waiting
    signalling = _sum(
        ("waiting", waiting, core.waiting), ("pulls", pulls, core.pull),
        ("arrivals", arrivals, core.join), busy=country.busy,
    )  # fmt: skip
    store = _sum(
        ("pulls", pulls, core.store_pull), ("arrivals", arrivals, core.store_join),
        busy=country.busy,
    )  # fmt: skip
    media = _sum(("calls", country.calls, core.call), busy=country.busy)
    return [
        Step("pulls a second", f"{country.clinicians:,} clinicians / {country.cycle_s:g} s",
             pulls, "a second"),
        Step("arrivals a second",
             f"{country.joins_per_pull:g} x {pulls:.2f} new + {waiting:,} / "
             f"{country.reconnects_s:g} s come back", arrivals, "a second"),
        _whole("signalling", signalling),
        _whole("store", store),
        _whole("media", media),
        _memory(core, country),
        _traffic(country),
    ]  # fmt: skip


def _time(cores: float) -> str:
    return f"{cores * 1000:.3g} ms"


def _sum(*parts: tuple[str, float, float | None], busy: float) -> tuple[str, float | None]:
    words, total = [], 0.0
    for name, count, cost in parts:
        if cost is None:
            return f"{name}: not measured", None
        words.append(f"{count:,.0f} {name} x {_time(cost)}" if count >= 100
                     else f"{count:.3g} {name} x {_time(cost)}")  # fmt: skip
        total += count * cost
    return f"({' + '.join(words)}) / {busy * 1000:g} ms", total / busy


def _whole(what: str, found: tuple[str, float | None]) -> Step:
    words, cores = found
    return Step(f"cores for {what}", words, None if cores is None else math.ceil(cores), "cores")


def _memory(core: Core, country: Country) -> Step:
    what = "memory of the signalling nodes"
    if core.client_bytes is None:
        return Step(what, "not measured", None, "GB")
    words = f"{country.waiting:,} x {core.client_bytes / 1000:.3g} kB, without TLS"
    return Step(what, words, country.waiting * core.client_bytes / 1e9, "GB")


def _traffic(country: Country) -> Step:
    words = f"{country.calls:,} calls x 2 legs x {country.mbit:g} Mbit/s"
    result = country.calls * 2 * country.mbit / 1000
    return Step("traffic of the media nodes, each way", words, result, "Gbit/s")
