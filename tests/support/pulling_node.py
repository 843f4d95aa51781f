"""The process of one node and its clinician, who presses pull whenever the partner's does."""

from __future__ import annotations

import asyncio
import json
import select
import socket
import sys
import time
from dataclasses import asdict, dataclass

from kolapp_queue.model import ClinicianKey, PatientKey, QueueRef, TicketId, Visit
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore

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


def together(partner: socket.socket) -> None:
    """Go on when the other process is here too."""
    partner.send(b".")
    if not select.select([partner], [], [], ROUND_S)[0] or not partner.recv(1):
        raise TimeoutError


async def presses(
    url: str, ref: QueueRef, own: int, rounds: int, partner: socket.socket
) -> list[Press]:
    """The first one's process (`own` 0) has the patients too."""
    store = await QueueStore.connect(url, SETTINGS)
    try:
        await store.set_duty(ref.provider, CLINICIANS[own], [ref.queue])
        return [await _round(store, ref, own, partner, round_) for round_ in range(rounds)]
    finally:
        await store.close()


async def _round(
    store: QueueStore, ref: QueueRef, own: int, partner: socket.socket, round_: int
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


def main() -> None:
    url, provider, queue, own, rounds, descriptor = sys.argv[1:]
    ref = QueueRef(provider, queue)
    with socket.socket(fileno=int(descriptor)) as partner:
        done = asyncio.run(presses(url, ref, int(own), int(rounds), partner))
    json.dump([asdict(press) for press in done], sys.stdout)


if __name__ == "__main__":
    main()
