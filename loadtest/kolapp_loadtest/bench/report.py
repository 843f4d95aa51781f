"""The report of a turn benchmark: from raw samples to JSON, and to what a person reads. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .figures import floor_ns, summary_ms, turns_ns
from .freshness import Seen, fresh_ns


def latencies(
    pulls: list[dict[str, Any]], floors: list[dict[str, int]], turns: dict[str, list[int]]
) -> dict[str, Any]:
    """The figures of a run. `turn_ms` counts from the planned moment of the pull,
    `turn_from_send_ms` from its real sending; `send_lag_ms` is what lies between."""
    answered = [pull for pull in pulls if "visit" in pull]
    arrived = {visit: turn[0] for visit, turn in turns.items()}
    due = {pull["visit"]: pull["due_ns"] for pull in answered}
    sent = {pull["visit"]: pull["sent_ns"] for pull in answered}
    script = [sample["script_ns"] for sample in floors]
    echo = [sample["echo_ns"] for sample in floors]
    turn, floor = summary_ms(turns_ns(due, arrived)), summary_ms(floor_ns(script, echo))
    return {
        "pulls": len(pulls),
        "pulls_failed": [pull["failed"] for pull in pulls if "failed" in pull][:10],
        "turns_missing": len(answered) - len(arrived),
        "turn_ms": turn,
        "turn_from_send_ms": summary_ms(turns_ns(sent, arrived)),
        "send_lag_ms": summary_ms([pull["sent_ns"] - pull["due_ns"] for pull in pulls]),
        "pull_reply_ms": summary_ms([pull["replied_ns"] - pull["sent_ns"] for pull in answered]),
        "floor_ms": floor,
        "floor_script_ms": summary_ms(script),
        "floor_echo_ms": summary_ms(echo),
        "ratio_p50": _ratio(turn, floor, "p50"),
        "ratio_p99": _ratio(turn, floor, "p99"),
    }


def freshness(pulls: list[dict[str, Any]], seen: list[Seen]) -> dict[str, Any]:
    """From a pull to the frame with the new place, in the clients."""
    sent = [pull["sent_ns"] for pull in pulls if "visit" in pull]
    found = {where: summary_ms(samples) for where, samples in fresh_ns(sent, seen).items()}
    return {
        "front_fresh_ms": found["front"],
        "tail_fresh_ms": found["tail"],
        "front_fresh_ms_p99": found["front"].get("p99"),
        "tail_fresh_ms_p99": found["tail"].get("p99"),
    }


def shares(cpu_s: Mapping[str, float], memory: Mapping[str, float], for_s: float) -> dict[str, Any]:
    """`fanout_core_share` is all that the signalling node did, pulls and visits too: what of it is
    fan-out cannot be told apart from outside, so this is its upper bound."""
    node_s = cpu_s.get("signalling")
    return {
        "fanout_core_share": None if node_s is None else round(node_s / for_s, 3),
        "bytes_per_client": round(memory["server_kb_per_client"] * 1000),
    }


def joining(cpu_s: Mapping[str, float], clients: int) -> dict[str, Any]:
    """CPU time of one arrival: connect, hello, join, and being shown a place; of those before too,
    who are told that somebody came. Milliseconds."""
    roles = [role for role in ("signalling", "store") if role in cpu_s]
    return {"joining": {f"{role}_ms": round(1000 * cpu_s[role] / clients, 4) for role in roles}}


def _ratio(turn: dict[str, float], floor: dict[str, float], key: str) -> float | None:
    return round(turn[key] / floor[key], 2) if key in turn and key in floor else None


def _peer(peer: dict[str, Any] | None) -> str:
    if peer is None:
        return ""
    if "missing" in peer:
        return f"  not measured: {peer['missing']}\n"
    turn = peer["turn_ms"]
    return (
        f"  Socket.IO, the same scenario: p50 {turn['p50']:.2f}   p99 {turn['p99']:.2f}   "
        f"of a core {peer['fanout_core_share']}   per client {peer['bytes_per_client'] / 1000} kB\n"
    )


def summary(report: dict[str, Any]) -> str:
    """What a person reads at the end of a run."""

    def line(name: str, figures: dict[str, float]) -> str:
        if not figures["n"]:
            return f"  {name:<28} nothing measured\n"
        shown = "   ".join(f"{key} {figures[key]:7.2f}" for key in ("p50", "p99", "max"))
        return f"  {name:<28} {shown}   n {figures['n']}\n"

    cpu = ", ".join(f"{name} {used:.2f}" for name, used in report["cpu_s"].items())
    lost = report["pulls"] - report["turn_ms"]["n"]
    first = (report["pulls_failed"] or ["the turn never came"])[0]
    return (
        f"{report['clients']} waiting clients, {report['pulls_per_s']:g} pulls/s, open loop (ms)\n"
        + line("pull -> your turn", report["turn_ms"])
        + line("floor (script + echo)", report["floor_ms"])
        + line("  script", report["floor_script_ms"])
        + line("  echo", report["floor_echo_ms"])
        + line("late sending (in the turn)", report["send_lag_ms"])
        + line("place on screen, front", report["front_fresh_ms"])
        + line("place on screen, the rest", report["tail_fresh_ms"])
        + f"  ratio to the floor           p50 {report['ratio_p50']}   p99 {report['ratio_p99']}\n"
        + f"  CPU seconds in {report['duration_s']:g} s: {cpu}\n"
        + f"  of a core, the signalling node: {report['fanout_core_share']}\n"
        + f"  server memory per client: {report['memory']['server_kb_per_client']} kB\n"
        + _peer(report.get("socketio"))
        + (f"  FAILED: {lost} of {report['pulls']} turns did not come: {first}\n" if lost else "")
    )
