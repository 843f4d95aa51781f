"""What became of all tickets: lost, doubled, overtaken, and how long people waited. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..bench.figures import percentile

Ticket = Mapping[str, Any]
LOST = frozenset({"lost"})
# How much later a frame of an earlier event may arrive, in another process too.
SLACK_NS = 250_000_000


def lost(tickets: Iterable[Ticket]) -> int:
    return sum(ticket["outcome"] in LOST for ticket in tickets)


def unanswered(tickets: Iterable[Ticket]) -> int:
    """Who asked for a number, was told nothing, and gave up."""
    return sum(one["outcome"] == "refused_no_answer" and not one["ticket"] for one in tickets)


def unseen(tickets: Iterable[Ticket]) -> int:
    """Calls that people missed without having seen them, with a lost network for a reason."""
    return sum(one.get("unseen", 0) for one in tickets if one["disturbed"])


def doubled(tickets: Sequence[Ticket], doubled_visits: Iterable[str]) -> int:
    """Two people with one ticket or one number, or one visit that two people hold."""
    held = [ticket for ticket in tickets if ticket["ticket"]]
    ids = Counter(ticket["ticket"] for ticket in held)
    numbers = Counter((ticket["queue"], ticket["drawn"]) for ticket in held)
    twice = sum(n - 1 for n in (*ids.values(), *numbers.values()))
    return twice + len(set(doubled_visits))


def overtaken(tickets: Iterable[Ticket]) -> dict[str, int]:
    """By kind: tickets that waited undisturbed while one of their kind with a higher number was
    called first. Versions of the store say which call came first."""
    by_kind: dict[str, list[Ticket]] = defaultdict(list)
    for ticket in tickets:
        if ticket["ticket"] and not ticket["disturbed"]:
            by_kind[ticket["kind"]].append(ticket)
    return {kind: _overtaken(found) for kind, found in sorted(by_kind.items())}


def _overtaken(tickets: list[Ticket]) -> int:
    found = 0
    first_version, first_ns = float("inf"), float("inf")  # of the calls of all higher numbers
    for ticket in sorted(tickets, key=lambda one: -one["drawn"]):
        if ticket["visits"]:
            _, _, version, at_ns = ticket["visits"][0]
            found += version > first_version
            first_version, first_ns = min(first_version, version), min(first_ns, at_ns)
        else:
            found += ticket["ended_ns"] > first_ns + SLACK_NS
    return found


def waits_s(tickets: Iterable[Ticket]) -> list[float]:
    """From the planned arrival to the first "your turn", seconds of the wire."""
    return [
        (ticket["visits"][0][3] - ticket["joined_ns"]) / 1e9
        for ticket in tickets
        if ticket["visits"]
    ]


def fairness(tickets: Sequence[Ticket]) -> list[dict[str, Any]]:
    """A row for each kind; waits in seconds of the wire."""
    behind = overtaken(tickets)
    by_kind: dict[str, list[Ticket]] = defaultdict(list)
    for ticket in tickets:
        by_kind[ticket["kind"]].append(ticket)
    return [_row(kind, found, behind.get(kind, 0)) for kind, found in sorted(by_kind.items())]


def _row(kind: str, tickets: list[Ticket], behind: int) -> dict[str, Any]:
    waits = sorted(waits_s(tickets))
    return {
        "kind": kind,
        "tickets": len(tickets),
        "called": len(waits),
        "mean_s": sum(waits) / len(waits) if waits else None,
        "p90_s": percentile(waits, 0.9) if waits else None,
        "overtaken": behind,
    }


def recovery_s(outages: Iterable[tuple[int, int]], from_ns: int, until_ns: int) -> float:
    """From a fault to the end of the last outage that began before `until_ns`; 0.0 for none."""
    ends = [end for begin, end in outages if end >= from_ns and begin <= until_ns]
    return max(0.0, (max(ends) - from_ns) / 1e9) if ends else 0.0
