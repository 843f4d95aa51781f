"""Fault 10: two clinicians press pull at the same instant on two nodes, which are two processes.
Never the same patient, never one skipped. `KOLAPP_PULLS` says how often; `make pulls`: 10,000."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pulling_node
from kolapp_queue.model import QueueRef
from pulling_node import Press, waiting_in

ROUNDS = int(os.environ.get("KOLAPP_PULLS", "200"))
DEADLINE_S = 60 + ROUNDS


def both(url: str, ref: QueueRef) -> list[list[Press]]:
    """What each of the two got, round by round."""
    partners = socket.socketpair()
    nodes = [
        subprocess.Popen(
            [sys.executable, pulling_node.__file__, url, ref.provider, ref.queue]
            + [str(argument) for argument in (own, ROUNDS, partner.fileno())],
            pass_fds=[partner.fileno()],
            stdout=subprocess.PIPE,
        )
        for own, partner in enumerate(partners)
    ]
    for partner in partners:
        partner.close()
    try:
        told = [node.communicate(timeout=DEADLINE_S)[0] for node in nodes]
    finally:
        for node in nodes:
            node.kill()
            node.communicate()
    assert [node.returncode for node in nodes] == [0, 0]
    return [[Press(**press) for press in json.loads(one)] for one in told]


def test_fault_10_two_clinicians_pull_at_once(store_url: str, ref: QueueRef) -> None:
    rounds = list(zip(*both(store_url, ref), strict=True))
    next_number, pulled = 1, []
    for round_, presses in enumerate(rounds):
        called = sorted(press.number for press in presses if press.number)
        wanted = list(range(next_number, next_number + waiting_in(round_)))
        assert called == wanted, "all who wait, each one once"
        next_number += len(wanted)
        pulled += [(press.epoch, press.number) for press in presses if press.number]
    numbers = [number for _, number in sorted(pulled)]
    assert numbers == sorted(numbers), "in the order of the line"
    at_once = [max(p.began for p in two) < min(p.ended for p in two) for two in rounds]
    assert sum(at_once) > ROUNDS / 10, "or nothing was shown"
