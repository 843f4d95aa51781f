"""BENCHMARKS.md from the figures of `kolapp bench all`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .budgets import told
from .suite import SUITE

Report = Mapping[str, Any]
_HEAD = """# Benchmarks

Made by `kolapp bench all`; nothing here is written by hand. Each figure is of one machine with
server, store and load generator on it, at one time: compare figures of one run with each other, and
with their floor or peer of the same run, rather than with those of another machine.
"""
_REPRODUCE = """## Again, on your machine

    make setup
    .venv/bin/kolapp bench all --json benchmarks.json --markdown BENCHMARKS.md

It takes about a quarter of an hour, `--quick` three minutes with smaller loads, at which most
budgets are not judged. Close other programs first: on two cores a busy third process is in every
p99. Peers: Node.js with npm for BullMQ and Socket.IO, Debian's `janus` (as root, for a network of
its own), `golang-go golang-github-pion-webrtc.v3-dev` for the media load, Chromium
(`KOLAPP_CHROMIUM`). What is missing is named above, and the rest runs.
"""
_LEFT_OUT = """
Not in it: TLS, a second site, who watches boards, and one queue with far more waiting than was
measured (each node reads a queue's line once for all of its people). The store's cores are those of
one server, which uses one: beyond it a cluster, whose queues lie on different servers.
"""


def markdown(report: Report) -> str:
    parts = (_HEAD, _machine(report), _budgets(report), _capacity(report), _benches(report))
    return "\n".join([*parts, _REPRODUCE])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(c.replace('|', '/') for c in line)} |\n" for line in lines)


def _machine(report: Report) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in report["machine"].items())
    versions = ", ".join(f"{name} {value}" for name, value in sorted(report["versions"].items()))
    load = ", ".join(f"{value:.2f}" for value in report["load_before"])
    minutes, quick = report["took_s"] / 60, ""
    if report["quick"]:
        quick = "\n**A quick run: loads are smaller than the budgets mean.**\n"
    return (
        f"{report['at']}, {minutes:.0f} minutes. Load average before: {load}.\n{quick}\n"
        f"Machine: {machine}.\n\nVersions: {versions}.\n"
    )


def _budgets(report: Report) -> str:
    rows = [
        (row["bench"], row["what"], row["asked"], row["found"], _verdict(row))
        for row in report["budgets"]
    ]
    return "## Budgets\n\n" + table(("bench", "what", "asked", "found", ""), rows)


def _verdict(row: Report) -> str:
    verdict = f"**{row['verdict']}**" if row["verdict"] == "missed" else row["verdict"]
    return f"{verdict}: {row['note']}" if row["note"] else verdict


def _capacity(report: Report) -> str:
    found = report["capacity"]
    note = f"\nNot all could be told: {found['note']}.\n" if found["note"] else ""
    country = found["country"]
    return (
        "## Capacity\n\n"
        "What one core carries, each thing alone. A waiting patient and a pull are told apart by "
        "two runs of the turn benchmark at different loads (two equations, two unknowns). Times "
        "are of a core, for each of them in every second; the store's hold the floor's own calls "
        "too, so they are the most it can be.\n\n"
        + table(("one core", "arithmetic", "carries"), _steps(found["one_core"]))
        + note
        + f"\nA country on a Monday: {country['waiting']:,} wait, {country['clinicians']:,} "
        f"clinicians, {country['calls']:,} calls at once. Assumed: a clinician pulls every "
        f"{country['cycle_s']:g} s, {country['joins_per_pull']:g} new patients come for each who "
        f"is called, a waiting phone loses its connection every {country['reconnects_s']:g} s, "
        f"and cores are planned to be used to {country['busy']:.0%}.\n\n"
        + table(("needed", "arithmetic", "is"), _steps(found["needed"]))
        + _LEFT_OUT
    )


def _steps(steps: Sequence[Report]) -> list[tuple[str, str, str]]:
    return [
        (
            step["what"],
            step["arithmetic"],
            "not known" if step["result"] is None else told(step["result"], step["unit"]),
        )
        for step in steps
    ]


def _benches(report: Report) -> str:
    parts = []
    for bench in SUITE:
        found = report["results"].get(bench.name)
        if found is None:
            continue
        command = report["commands"][bench.name]
        lines = [f"## {bench.name}", "", bench.about, "", f"    {command}", ""]
        if "failed" in found:
            lines += [f"**Not measured:** {found['failed']}", ""]
        else:
            took, others = report["each_took_s"][bench.name], report["others_cores"][bench.name]
            lines += [f"{took:.0f} s; other programs took {others:.2f} cores meanwhile.", ""]
            lines += ["```", report["texts"][bench.name].rstrip(), "```", ""]
        parts.append("\n".join(lines))
    return "\n".join(parts)
