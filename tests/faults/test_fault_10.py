"""Fault 10: two clinicians press pull at the same instant on two nodes, which are two processes.
Never the same patient, never one skipped. `KOLAPP_PULLS` says how often; `make pulls`: 10,000."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

from kolapp_queue.model import ClinicianKey, PatientKey, QueueRef, TicketId, Visit
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore

ROUNDS = int(os.environ.get("KOLAPP_PULLS", "200"))
CLINICIANS = (ClinicianKey("eva"), ClinicianKey("finn"))
SETTINGS = QueueSettings(
    duty_lease_ms=3_600_000,
    retention_ms=60_000,
    command_timeout_ms=10_000,
    one_call_at_a_time=False,
)
ROUND_S = 30.0  # a partner that is not there by then has failed


@dataclass(frozen=True, slots=True)
class Press:
    """What one clinician got in one round, and from when to when it took."""

    number: int  # of the ticket; 0: nobody waited
    epoch: int
    began: float
    ended: float


def waiting_in(round_: int) -> int:
    """Every third time there is one patient for the two of them."""
    return 1 if round_ % 3 == 2 else 2


def node(url: str, ref: QueueRef, own: int, partner: Connection, told: Connection) -> None:
    """The process of one node and its clinician; the first one's has the patients too."""
    told.send(asyncio.run(_node(url, ref, own, partner)))


def together(partner: Connection) -> None:
    """Go on when the other process is here too."""
    partner.send_bytes(b".")
    if not partner.poll(ROUND_S):
        raise TimeoutError
    partner.recv_bytes()


async def _node(url: str, ref: QueueRef, own: int, partner: Connection) -> list[Press]:
    store = await QueueStore.connect(url, SETTINGS)
    try:
        await store.set_duty(ref.provider, CLINICIANS[own], [ref.queue])
        return [await _round(store, ref, own, partner, round_) for round_ in range(ROUNDS)]
    finally:
        await store.close()


async def _round(
    store: QueueStore, ref: QueueRef, own: int, partner: Connection, round_: int
) -> Press:
    if own == 0:
        for one in range(waiting_in(round_)):
            name = f"p{round_}-{one}"
            await store.join(ref, PatientKey(name), TicketId(f"t-{name}"), "c")
    together(partner)
    began = time.monotonic()
    visit = await store.pull(ref.provider, CLINICIANS[own], f"key{round_}")
    ended = time.monotonic()
    together(partner)  # who finds nobody must not find the next round's
    if visit is None:
        return Press(0, 0, began, ended)
    await _decline(store, visit)
    return Press(visit.number, visit.epoch, began, ended)


async def _decline(store: QueueStore, visit: Visit) -> None:
    patient = PatientKey(visit.ticket.removeprefix("t-"))
    await store.decline(visit.ref, visit.ticket, patient, visit.epoch)


def both(url: str, ref: QueueRef) -> list[list[Press]]:
    """What each of the two got, round by round."""
    fork = multiprocessing.get_context("fork")
    partners = fork.Pipe()
    pipes = [fork.Pipe(duplex=False) for _ in CLINICIANS]
    processes = [
        fork.Process(target=node, args=(url, ref, own, partners[own], told), daemon=True)
        for own, (_, told) in enumerate(pipes)
    ]
    for process in processes:
        process.start()
    for theirs in (*partners, *(told for _, told in pipes)):
        theirs.close()
    try:
        return [heard.recv() for heard, _ in pipes]  # EOFError: that process has failed
    finally:
        for process in processes:
            process.join(ROUND_S)
            process.kill()
            process.join()
            process.close()
        for heard, _ in pipes:
            heard.close()


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
