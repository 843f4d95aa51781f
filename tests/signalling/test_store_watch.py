"""The store goes and comes back, or has forgotten: everybody is told what is true."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from drivers import QUEUE, Driver, People, Start
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.errors import StoreUnavailable
from kolapp_queue.keys import queue_key, queue_keys
from kolapp_queue.model import ClinicianKey, QueueRef
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from kolapp_signalling.app import serving
from kolapp_signalling.codes import CloseCode
from kolapp_signalling.setting_kinds import QueueTitle
from kolapp_signalling.settings import Settings
from redis.asyncio import Redis
from tcp_proxy import tcp_proxy


@pytest.fixture
def own_store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """One that this test may kill."""
    store = EmbeddedStore(tmp_path / "store")
    store.start()
    store.wait_ready(10)
    yield store
    store.stop()


def kill(store: EmbeddedStore) -> None:
    os.kill(store.pid, signal.SIGKILL)


async def test_a_store_that_goes_is_told_and_one_that_comes_back_forgets_nobody(
    own_store: EmbeddedStore, start: Start, crowd: People
) -> None:
    node = await start(store_url=own_store.url, queue_command_timeout_ms=300)
    anna, bo = [await crowd.waiting(node, name) for name in ("anna", "bo")]
    doctor = await crowd.clinician(node)
    kill(own_store)

    # Requests say so; connections stay, and what needs no store works.
    assert await anna.errors("find", queue=QUEUE) == "store_unavailable"
    assert await doctor.errors("ready", queues=[QUEUE]) == "store_unavailable"
    assert (await bo.ask("ping"))["type"] == "pong"
    late = await crowd.patient(node, "late")
    assert late.welcome["type"] == "welcome"
    assert late.ticket == {}

    own_store.start()
    own_store.wait_ready(10)
    assert (await anna.ask("find", queue=QUEUE))["place"]["position"] == 1
    assert (await bo.ask("find", queue=QUEUE))["number"] == 2
    await late.join()
    assert late.position == 3
    await doctor.pull()
    await anna.until_state("called")
    await bo.until_position(1)


async def test_what_happened_behind_a_nodes_back_is_found_when_the_store_is_back(
    own_store: EmbeddedStore, start: Start, crowd: People
) -> None:
    node = await start(store_url=own_store.url, queue_command_timeout_ms=300)
    anna, bo = [await crowd.waiting(node, name) for name in ("anna", "bo")]
    kill(own_store)
    assert await anna.errors("find", queue=QUEUE) == "store_unavailable"
    own_store.start()
    own_store.wait_ready(10)
    # Another node is quicker to connect than ours, and its hint is heard by nobody.
    ref = QueueRef(node.node.settings.demo_provider, QUEUE)
    other = await QueueStore.connect(own_store.url, QueueSettings())
    try:
        doctor = ClinicianKey("doctor")
        await other.set_duty(ref.provider, doctor, [QUEUE])
        visit = await other.pull(ref.provider, doctor, "key-1")
        assert visit is not None
    finally:
        await other.close()
    await anna.until_state("called")
    assert anna.ticket["call"]["visit"] == visit.id
    await bo.until_position(1)


async def test_fault_6_a_place_that_the_store_lost_is_restored_from_its_copy(
    own_store: EmbeddedStore, start: Start, crowd: People
) -> None:
    node = await start(store_url=own_store.url)
    anna = await crowd.waiting(node, "anna")
    ref = QueueRef(node.node.settings.demo_provider, QUEUE)
    async with Redis.from_url(own_store.url) as redis:
        old = {key: await redis.dump(key) for key in queue_keys(ref)}
        bo, cleo = await crowd.waiting(node, "bo"), await crowd.waiting(node, "cleo")
        copy = bo.ticket["signed"]
        await anna.until(lambda anna: anna.ticket["place"]["waiting"] == 3)
        await redis.delete(*old)
        for key, value in old.items():
            if value is not None:
                await redis.restore(key, 0, value)
    for patient in (anna, bo, cleo):
        assert await patient.closed() == 4003

    cleo = await crowd.patient(node, "cleo")
    assert await cleo.errors("find", queue=QUEUE) == "no_ticket"
    assert await cleo.errors("find", queue=QUEUE, signed=copy) == "no_ticket"  # bo's, not hers
    assert await cleo.errors("find", queue=QUEUE, signed="nonsense") == "no_ticket"
    bo = await crowd.patient(node, "bo")
    found = await bo.ask("find", queue=QUEUE, signed=copy)
    assert (found["number"], found["place"]["position"]) == (2, 2)
    assert (await cleo.join())["number"] > 2


async def test_fault_6_after_the_store_lost_writes_everybody_begins_anew(
    own_store: EmbeddedStore, start: Start, crowd: People
) -> None:
    node = await start(store_url=own_store.url)
    anna, bo = [await crowd.waiting(node, name) for name in ("anna", "bo")]
    await bo.until(lambda bo: bo.ticket["place"]["waiting"] == 2)
    ref = QueueRef(node.node.settings.demo_provider, QUEUE)
    async with Redis.from_url(own_store.url) as redis:
        # As after a fail-over to a replica that had not heard of bo yet.
        await redis.hset(queue_key(ref, "meta"), "version", 1)
    for patient in (anna, bo):
        assert await patient.closed() == 4003
    again = await crowd.patient(node, "anna", resume=anna.welcome["resume"])
    assert again.welcome["resumed"] is False
    await again.until_position(1)


def stale(driver: Driver) -> bool:
    return bool((driver.ticket.get("place") or {}).get("stale"))


async def test_who_waits_is_told_that_the_place_is_the_last_one_known(
    own_store: EmbeddedStore, start: Start, town: People
) -> None:
    node = await start(store_url=own_store.url, queue_command_timeout_ms=300)
    anna, bo = [await town.waiting(node, name) for name in ("anna", "bo")]
    os.kill(own_store.pid, signal.SIGSTOP)
    for position, patient in enumerate((anna, bo), 1):
        await patient.until(stale)
        assert patient.position == position
        assert patient.state == "waiting"
    os.kill(own_store.pid, signal.SIGCONT)
    for position, patient in enumerate((anna, bo), 1):
        await patient.until(lambda patient: not stale(patient))
        assert patient.position == position


async def test_a_node_stops_in_time_while_the_store_is_frozen(
    own_store: EmbeddedStore, settings: Settings, crowd: People
) -> None:
    """Everybody is sent off all the same, and nothing waits for the store longer than a command."""
    quick = replace(settings.queue, command_timeout_ms=300)
    async with AsyncExitStack() as running:
        node = await running.enter_async_context(
            serving(replace(settings, store_url=own_store.url, queue=quick))
        )
        waiting = [await crowd.waiting(node, f"patient{number}") for number in range(12)]
        os.kill(own_store.pid, signal.SIGSTOP)
        try:
            for patient in waiting:
                await patient.send("find", queue=QUEUE)
            closing = asyncio.gather(*(patient.closed(10) for patient in waiting))
            async with asyncio.timeout(10):
                await running.aclose()
        finally:
            os.kill(own_store.pid, signal.SIGCONT)
        assert set(await closing) == {CloseCode.SHUTTING_DOWN}


async def test_a_queue_that_cannot_be_read_holds_no_other_up(
    start: Start, crowd: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a cluster that has lost a node: only those are told who wait there."""
    two = (QueueTitle(QUEUE, "One"), QueueTitle("other", "Two"))
    node = await start(queues=two, queue_resync_ms=200)
    anna, bo = await crowd.waiting(node, "anna"), await crowd.patient(node, "bo")
    await bo.join("other")
    asked, version = asyncio.Event(), node.node.store.version

    async def half(ref: QueueRef) -> int:
        if ref.queue == QUEUE:
            raise StoreUnavailable
        asked.set()
        return await version(ref)

    with monkeypatch.context() as patch:
        patch.setattr(node.node.store, "version", half)
        await anna.until(stale)
        for _ in range(3):
            asked.clear()
            await asyncio.wait_for(asked.wait(), 5)
        assert (await bo.ask("ping"))["type"] == "pong"
        assert not stale(bo)
    await anna.until(lambda anna: not stale(anna))


async def test_a_node_that_is_cut_off_sends_its_people_elsewhere_once(
    own_store: EmbeddedStore, start: Start, crowd: People
) -> None:
    """Who comes back to it all the same may stay, and nobody has lost the place."""
    node = await start(store_url=own_store.url, queue_command_timeout_ms=200, store_patience_ms=300)
    there = await start(store_url=own_store.url)
    anna = await crowd.waiting(node, "anna")
    async with tcp_proxy(own_store.url) as proxy:
        cut_off = await start(
            store_url=proxy.url, queue_command_timeout_ms=200, store_patience_ms=300
        )
        bo = await crowd.waiting(cut_off, "bo")
        proxy.cut()
        assert await bo.closed() == CloseCode.CUT_OFF
        assert bo.frames[-1] == {"type": "reconnect", "after_ms": 1_000}
        stubborn = await crowd.patient(cut_off, "bo", resume=bo.welcome["resume"])
        assert stubborn.welcome["resumed"]
        elsewhere = await crowd.patient(there, "bo")
        await elsewhere.until(lambda bo: bo.position == 2)
        assert not stubborn.ws.closed
        proxy.mend()
        assert (await anna.ask("ping"))["type"] == "pong"
