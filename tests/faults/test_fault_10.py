"""Fault 10: two clinicians pull at the same instant on two nodes. Never the same patient, never one
skipped. `KOLAPP_PULLS` says how often; 10,000 take some minutes."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from kolapp_queue.model import ClinicianKey, PatientKey, QueueRef, TicketId
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore

ROUNDS = int(os.environ.get("KOLAPP_PULLS", "300"))
CLINICIANS = (ClinicianKey("eva"), ClinicianKey("finn"))
SETTINGS = QueueSettings(duty_lease_ms=3_600_000, retention_ms=60_000, command_timeout_ms=10_000)


@pytest.fixture
async def nodes(store_url: str) -> AsyncIterator[list[QueueStore]]:
    """Two nodes: nothing in common but the store."""
    async with AsyncExitStack() as stack:
        found = [await QueueStore.connect(store_url, SETTINGS) for _ in CLINICIANS]
        for node in found:
            stack.push_async_callback(node.close)
        yield found


async def test_fault_10_two_clinicians_pull_at_once(nodes: list[QueueStore], ref: QueueRef) -> None:
    waiting: deque[TicketId] = deque()
    seen: set[TicketId] = set()
    for node, clinician in zip(nodes, CLINICIANS, strict=True):
        await node.set_duty(ref.provider, clinician, [ref.queue])
    for number in range(ROUNDS):
        # Every third time there is one patient for the two of them.
        for _ in range(1 if number % 3 == 2 else 2):
            patient = PatientKey(f"p{len(seen) + len(waiting)}")
            ticket = await nodes[0].join(ref, patient, TicketId(f"t-{patient}"), "c")
            waiting.append(ticket.id)
        visits = await asyncio.gather(
            *(
                node.pull(ref.provider, clinician, f"{clinician}{number}")
                for node, clinician in zip(nodes, CLINICIANS, strict=True)
            )
        )
        called = [visit for visit in visits if visit is not None]
        assert {visit.ticket for visit in called} == set(waiting), "all of them, each one once"
        assert len(called) == len(waiting)
        assert seen.isdisjoint(waiting)
        seen.update(waiting)
        waiting.clear()
        for node, visit in zip(nodes, visits, strict=True):
            if visit is not None:
                patient = PatientKey(visit.ticket.removeprefix("t-"))
                await node.decline(ref, visit.ticket, patient, visit.epoch)
    assert len(seen) == ROUNDS * 2 - ROUNDS // 3
