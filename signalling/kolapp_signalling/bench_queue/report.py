"""From the figures of single runs to the report: JSON, and what a person reads. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

SYSTEMS = ("kolapp", "bullmq", "saq")
HEADLINE_IN_FLIGHT = 32
RULES = (
    "join: Kolapp's join, BullMQ's Queue.add, SAQ's Queue.enqueue. pull: Kolapp's pull (lock the"
    " clinician, choose the queue, call the patient), BullMQ's Worker.getNextJob, SAQ's dequeue and"
    " the update to active, as its worker does it. end: Kolapp's answer and hang-up, BullMQ's"
    " moveToCompleted, SAQ's finish. Each is timed alone, in batches, by one process a system with"
    " one closed loop; the systems take turns on one store in every round. All figures are medians"
    " of the rounds; join_per_s and pull_per_s are those with 32 in flight and most waiting."
    " store_us and driver_us: CPU time a call, of the store and of the driver. The append-only"
    " file is rewritten before the first turn and not again. The floor: an HSET of a record's size,"
    " and a script that does nothing with the keys and arguments of a join, each a call by itself."
)
Figures = Mapping[str, float]


def cell(in_flight: int, waiting: int, verb: str, rounds: Sequence[Figures]) -> dict[str, Any]:
    """One line of the report: medians over the rounds, and how many calls there were."""
    middle = {
        name: round(median(one[name] for one in rounds), 3)
        for name in ("per_s", "p50_ms", "p99_ms", "store_us", "driver_us")
    }
    calls = int(sum(one["n"] for one in rounds))
    return {"in_flight": in_flight, "waiting": waiting, "verb": verb, "n": calls} | middle


def system(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """What is said of one system: its headline figures and all its cells."""
    deepest = max(one["waiting"] for one in cells)
    return {
        f"{one['verb']}_per_s": one["per_s"]
        for one in cells
        if one["in_flight"] == HEADLINE_IN_FLIGHT and one["waiting"] == deepest
    } | {"cells": cells}


def ratios(report: Mapping[str, Any]) -> dict[str, float | None]:
    """How many times as many joins and pulls we do as each peer; null for who is missing."""
    return {
        f"{verb}_to_{peer}": (
            round(report["kolapp"][f"{verb}_per_s"] / report[peer][f"{verb}_per_s"], 2)
            if report[peer] is not None
            else None
        )
        for peer in SYSTEMS[1:]
        for verb in ("join", "pull")
    }


def summary(report: Mapping[str, Any]) -> str:
    """What a person reads at the end of a run."""
    lines = [
        "            verb  in flight  waiting     per s    p50 ms    p99 ms  store us driver us"
    ]
    for name in (*SYSTEMS, "floor"):
        if report[name] is None:
            lines.append(f"  {name:<7} not measured: {report['missing'][name]}")
            continue
        for one in report[name]["cells"]:
            lines.append(
                f"  {name:<7} {one['verb']:>6} {one['in_flight']:>10} {one['waiting']:>8}"
                f" {one['per_s']:>9.0f} {one['p50_ms']:>9.3f} {one['p99_ms']:>9.3f}"
                f" {one['store_us']:>9.1f} {one['driver_us']:>9.1f}"
            )
    lines += [f"  {name:<16} {ratio}" for name, ratio in report["ratios"].items()]
    lines.append(f"  rare skill, pull in the store, p99 ms: {report['rare_skill_pull_ms_p99']}")
    return "\n".join(lines) + "\n"
