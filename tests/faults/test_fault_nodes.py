"""Faults by number that only whole processes can show."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from processes import Serve, serving
from redis.asyncio import Redis
from story import QUEUE, Town, town_of

RESYNC_S = 2.0  # the promise of fault 8
BACK_S = 15.0  # a restart on a busy machine
ROUNDS = 3


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serve") / "data"


@pytest.fixture(scope="module")
def serve(data: Path) -> Iterator[Serve]:
    with serving(data) as serve:
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
