"""Ranges as patients see them, through two nodes: they come soon, go on when the node that computed
them dies, and no promise is broken."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

from drivers import QUEUE, Driver, Message, People, Start
from kolapp_queue import keys
from kolapp_queue.model import PatientKey, QueueRef, TicketId
from kolapp_queue.store import QueueStore
from kolapp_signalling.app import Served

LEASE_MS = 1_500


def wait_of(ticket: Message) -> Message:
    wait: Message = ((ticket.get("place") or {}).get("wait")) or {}
    return wait


def is_known(driver: Driver) -> bool:
    return bool(wait_of(driver.ticket).get("known"))


def rises(driver: Driver) -> list[str]:
    """Causes with which the upper end was higher than in the frame before."""
    shown = [wait_of(frame) for frame in driver.frames if frame["type"] == "ticket"]
    known = [wait for wait in shown if wait.get("known")]
    steps = pairwise(known)
    return [after["cause"] for before, after in steps if after["high_s"] > before["high_s"]]


async def holder(store: QueueStore, ref: QueueRef) -> bytes | None:
    key = keys.forecast(ref)
    found: bytes | None = await store._link.do(lambda redis: redis.hget(key, "holder"))
    return found


async def test_ranges_go_on_when_the_computing_node_dies(
    start: Start, crowd: People, store: QueueStore
) -> None:
    here = await start(queue_forecast_lease_ms=LEASE_MS)
    ref = QueueRef(here.node.settings.demo_provider, QUEUE)
    doctor = await crowd.clinician(here)
    await doctor.ask("ready", queues=[QUEUE])  # opens the queue: this node computes
    first = await crowd.waiting(here, "first")
    await first.until(is_known)
    before = await holder(store, ref)

    there = await start(queue_forecast_lease_ms=LEASE_MS)
    people = [await crowd.waiting(there, f"p{number}") for number in range(4)]
    for patient in people:
        await patient.until(is_known)
    assert await holder(store, ref) == before

    promised = await promises(store, ref)
    await silenced(here)
    late = await crowd.waiting(there, "late")
    await late.until(is_known)
    assert await holder(store, ref) != before
    after = await promises(store, ref)
    assert {number: after[number] for number in promised} == promised
    await people[0].ask("leave", ticket=people[0].ticket["ticket"])
    await people[3].until_position(4)
    for patient in people[1:]:
        assert rises(patient) == []


async def promises(store: QueueStore, ref: QueueRef) -> dict[int, Any]:
    published = await store.forecast(ref)
    return dict(published.promises()) if published is not None else {}


async def silenced(served: Served) -> None:
    """As if it had died: nothing more comes from it to the store, no good-bye either."""
    await served.node.store._link.close()


async def test_an_urgent_patient_is_named_when_the_upper_end_rises(
    start: Start, crowd: People, store: QueueStore
) -> None:
    node = await start()
    ref = QueueRef(node.node.settings.demo_provider, QUEUE)
    doctor = await crowd.clinician(node)
    await doctor.ask("ready", queues=[QUEUE])
    anna = await crowd.waiting(node, "anna")
    await anna.until(is_known)
    async with asyncio.TaskGroup() as tasks:
        for number in range(8):
            key, ticket = PatientKey(f"urgent{number}"), TicketId(f"urgent{number}")
            tasks.create_task(store.join(ref, key, ticket, "c", credit_ms=3_600_000))
    await anna.until(lambda anna: wait_of(anna.ticket)["cause"])
    assert set(rises(anna)) == {"urgent"}


async def test_while_the_only_clinician_pauses_their_return_is_waited_for(
    start: Start, crowd: People
) -> None:
    node = await start()
    doctor = await crowd.clinician(node)
    await doctor.ask("ready", queues=[QUEUE])
    anna = await crowd.waiting(node, "anna")
    await anna.until(is_known)
    await doctor.ask("pause", back_in_s=7_200)
    await anna.until(lambda anna: wait_of(anna.ticket).get("high_s", 0) >= 7_200)
    assert wait_of(anna.ticket)["cause"] == "clinician_left"
    await doctor.ask("ready", queues=[QUEUE])
    await doctor.ask("pause")
    await anna.until(lambda anna: wait_of(anna.ticket).get("why") == "nobody_on_duty")
    await doctor.ask("pause", queues=[QUEUE], back_in_s=7_200)  # said later in the pause
    await anna.until(lambda anna: wait_of(anna.ticket).get("high_s", 0) >= 7_200)
    await doctor.ask("pause", queues=[QUEUE])  # and taken back
    await anna.until(lambda anna: wait_of(anna.ticket).get("why") == "nobody_on_duty")
    assert await doctor.errors("pause", queues=["nowhere"]) == "unknown_queue"


async def test_a_clinician_says_when_they_mean_to_stop(
    start: Start, crowd: People, store: QueueStore
) -> None:
    node = await start()
    doctor = await crowd.clinician(node)
    ref = QueueRef(node.node.settings.demo_provider, QUEUE)

    async def leaves_ms() -> int:
        key = keys.queue_key(ref, "profiles")
        found = await store._link.do(lambda redis: redis.hgetall(key))
        return max(
            (int(value) for name, value in found.items() if name.startswith(b"l")), default=0
        )

    await doctor.ask("ready", queues=[QUEUE], leaves_in_s=3_600)
    assert await leaves_ms() > 0
    await doctor.ask("ready", queues=[QUEUE])
    assert await leaves_ms() == 0
    assert await doctor.errors("ready", queues=[QUEUE], leaves_in_s=100_000) == "bad_message"
