"""Faults by number that only whole processes can show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from kolapp_queue.audit_stream import read_after
from kolapp_queue.model import QueueRef, TicketId
from processes import Serve, serving
from redis.asyncio import Redis
from store_servers import connected
from story import QUEUE, Town, town_of

RESYNC_S = 2.0  # the promise of fault 8
BACK_S = 15.0  # a restart on a busy machine
ROUNDS = 3
# Who comes back before the lease is over was never away: time for that on a busy machine.
SOON = {"KOLAPP_NODE_LEASE_MS": "2500", "KOLAPP_ABSENT_AFTER_MS": "500"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serve") / "data"


@pytest.fixture(scope="module")
def serve(data: Path) -> Iterator[Serve]:
    with serving(data, environment=SOON) as serve:
        yield serve


@pytest.fixture
async def town(serve: Serve) -> AsyncIterator[Town]:
    async with town_of(serve.url) as town:
        yield town


async def test_fault_8_the_nodes_hints_are_cut_off_at_the_pull(data: Path, town: Town) -> None:
    """It rings all the same, within two seconds, and once."""
    [socket] = (data / "store").rglob("*.sock")
    async with town.clinician() as doctor, Redis(unix_socket_path=str(socket)) as redis:
        await doctor.ready(QUEUE)
        for _ in range(ROUNDS):
            async with town.patient() as anna:
                await anna.join(QUEUE)
                killed = await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
                assert killed >= 1
                await doctor.pull()
                call = await anna.until_called(RESYNC_S)
                assert doctor.visit is not None
                assert call["visit"] == doctor.visit["id"]
                assert (await anna.decline())["state"] == "left"
                await doctor.until_free()


async def test_fault_12_the_node_is_killed_before_the_turn_is_told(
    serve: Serve, town: Town
) -> None:
    """The node that comes after it tells the turn, from what the store holds."""
    async with town.patient() as anna, town.clinician() as doctor:
        await anna.join(QUEUE)
        await doctor.ready(QUEUE)
        anna.drop()  # nothing of the pull reaches this patient through the node that does it
        await doctor.pull()
        assert doctor.visit is not None
        visit = doctor.visit["id"]
        serve.kill("signalling")
        await anna.until(lambda one: one.connections >= 2, BACK_S, "reconnection")
        await anna.find(QUEUE)
        assert (await anna.until_called(BACK_S))["visit"] == visit
        await anna.answer()
        await doctor.until_live(BACK_S)


async def test_fault_16_a_node_is_killed_with_everybody_who_waits(
    serve: Serve, town: Town, data: Path
) -> None:
    """Who connects again has the same ticket and place and was never away; who does not is away,
    although nobody was left to tell it, and keeps the place too."""
    [socket] = (data / "store").rglob("*.sock")
    ref = QueueRef("demo", QUEUE)
    async with connected(f"unix://{socket}") as store, town.patient() as anna:
        async with town.patient() as bo:
            gone = TicketId((await bo.join(QUEUE))["ticket"])
            here = await anna.join(QUEUE)
            serve.kill("signalling")
        await anna.until(lambda one: one.connections >= 2, BACK_S, "reconnection")
        assert (await anna.find(QUEUE))["number"] == here["number"]
        async with asyncio.timeout(BACK_S):
            while (await store.read_ticket(ref, gone)).present:
                pass
        assert (await store.line(ref)).waiting == (gone, TicketId(here["ticket"]))
        assert (await store.read_ticket(ref, TicketId(here["ticket"]))).present
        told = [entry.event for entry in (await read_after(store._link, ref, None)).entries]
        away = {e["ticket"]: e["reason"] for e in told if e["step"] == "go_away"}
        assert (away[gone], here["ticket"] in away) == ("node_gone", False)
