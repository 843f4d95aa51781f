"""A fresh `kolapp serve` for a scenario: its queues, our signing key, room for everybody."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from ..bench.machine import PROC, command_line, descendants
from ..bench.server import OwnServer
from .scenario import QueueSpec, Scenario
from .tokens import AUDIENCE, ISSUER, PROVIDER

LISTENING = "0A"  # state of a socket in /proc/net/tcp
SHORTEST_RING_S = 5  # the server allows no less
RING_S = 45.0
VISIT_GRACE_S = 120.0


def queues_file(scenario: Scenario) -> str:
    """The scenario's queues as the server reads them. Times of people are compressed as theirs,
    but for what only forecasts go by: these are told the day's own time."""
    return "\n".join(_queue(scenario, queue) for queue in scenario.queues)


def _queue(scenario: Scenario, queue: QueueSpec) -> str:
    ring_s = max(SHORTEST_RING_S, round(scenario.wire(RING_S)))
    lines = [
        f"[queues.{PROVIDER}.{queue.name}]",
        f"title = {json.dumps(queue.title)}",
        f"languages = {json.dumps(list(queue.languages))}",
        f"skills = {json.dumps(list(queue.skills))}",
        f'ring = "{ring_s} s"',
        'undo = "0 s"',
        f'visit_grace = "{max(1, round(scenario.wire(VISIT_GRACE_S)))} s"',
        "take_over = false",  # nobody here looks at a board: such a visit ends
        f"rehearsal = {scenario.rehearsal}",
        f'visit_prior = "{max(10, round(queue.visit.mean_s))} s"',
        f'bands = {{ urgent = "{max(1, round(scenario.wire(queue.urgent_s)))} s" }}',
    ]
    return "\n".join(lines) + "\n"


def environment(queues: Path, verify: Path) -> dict[str, str]:
    """Everybody comes from one address here."""
    many = "50000"
    return {
        "KOLAPP_QUEUES_FILE": str(queues),
        "KOLAPP_JWT_KEY_FILE": str(verify),
        "KOLAPP_JWT_ISSUER": ISSUER,
        "KOLAPP_JWT_AUDIENCE": AUDIENCE,
        "KOLAPP_MAX_CONNECTIONS": many,
        "KOLAPP_MAX_PER_ADDRESS": many,
        "KOLAPP_MAX_UNGREETED_PER_ADDRESS": many,
        "KOLAPP_LOG_LEVEL": "error",
    }


class ScenarioServer(OwnServer):
    """Knows which of its processes serve: a spare has the same command, and listens nowhere."""

    def serving(self) -> dict[str, int]:
        """Processes by role, spares left out."""
        assert self._process is not None
        sockets = _listening()
        found = {}
        for pid in descendants(self._process.pid):
            words = command_line(pid)
            if any("valkey" in word for word in words[:1]):
                found["store"] = pid
            for role in ("signalling", "media"):
                if role in words and sockets & _sockets(pid):
                    found[role] = pid
        return found


def _listening() -> set[str]:
    """Inodes of listening TCP sockets (proc(5), /proc/net/tcp)."""
    rows = (PROC / "net/tcp").read_text().splitlines()[1:]
    return {fields[9] for fields in (row.split() for row in rows) if fields[3] == LISTENING}


def _sockets(pid: int) -> set[str]:
    return {link[8:-1] for link in _links(pid) if link.startswith("socket:[")}


def _links(pid: int) -> Iterable[str]:
    folder = PROC / str(pid) / "fd"
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, ProcessLookupError):
        return
    for name in names:
        try:
            yield os.readlink(folder / name)
        except FileNotFoundError:
            continue
