"""What changed between two reports, for people. Pure."""

from __future__ import annotations

from typing import Any

NOTABLE = 0.10  # a smaller change of a latency is the weather


def compared(before: dict[str, Any], after: dict[str, Any]) -> str:
    lines = [f"{_name(before)}  ->  {_name(after)}", ""]
    lines += [*_verdicts(before, after), "", *_latencies(before, after), ""]
    lines += _outcomes(before, after)
    return "\n".join(lines) + "\n"


def _name(report: dict[str, Any]) -> str:
    return f"{report['scenario']['name']} ({report['scenario']['patients']} patients)"


def _verdicts(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    old = {one["name"]: one for one in before["verdicts"]}
    lines = []
    for one in after["verdicts"]:
        then = old.get(one["name"])
        found = then["found"] if then else "not asked"
        mark = " " if then and then["verdict"] == one["verdict"] else "!"
        lines.append(f"{mark} {one['name']:24} {found:>12} -> {one['found']:>12}  {one['verdict']}")
    return lines


def _latencies(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    lines = []
    for verb, now in after["latencies_ms"].items():
        then = before["latencies_ms"].get(verb)
        if then is None:
            lines.append(f"! {verb:24} new")
            continue
        parts = [f"{key} {then[key]:.1f} -> {now[key]:.1f} ms" for key in ("p50", "p99")]
        change = now["p99"] / then["p99"] - 1.0 if then["p99"] else 0.0
        mark = "!" if abs(change) > NOTABLE else " "
        lines.append(f"{mark} {verb:24} {', '.join(parts)} ({change:+.0%})")
    return lines


def _outcomes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    found = sorted(before["outcomes"].keys() | after["outcomes"].keys())
    return [
        f"  {name:24} {before['outcomes'].get(name, 0):>6} -> {after['outcomes'].get(name, 0):>6}"
        for name in found
    ]
