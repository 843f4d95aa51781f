"""Several signalling nodes as processes of one `kolapp serve`, on one port; and each of them
restarted in turn while people wait and are called."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from kolapp_loadtest.patient import Patient
from processes import Serve, serving, started
from rolling import Waiting, restarted_in_turn
from story import QUEUE, Town, town_of

SOON_S = 15.0
CLIENTS, PULLS_PER_S = 40, 5
LEAST_PULLS = 5


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    data = tmp_path_factory.mktemp("serve") / "data"
    with serving(data, "--workers", "2", environment={"KOLAPP_NODE_ID": "here"}) as serve:
        yield serve


@pytest.fixture
async def town(serve: Serve) -> AsyncIterator[Town]:
    async with town_of(serve.url) as town:
        yield town


def node_of(patient: Patient) -> str:
    assert patient.welcome is not None
    return patient.welcome["node"]


async def test_all_serve_on_one_port_and_when_one_dies_its_people_go_on(
    serve: Serve, town: Town
) -> None:
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(town.patient()) for _ in range(16)]
        assert {node_of(each) for each in people} == {"here-signalling-1", "here-signalling-2"}
        tickets = [(await each.join(QUEUE))["ticket"] for each in people]
        before = serve.pids_of("signalling")
        os.kill(before[0], signal.SIGKILL)
        serve.wait_back("signalling-1")
        async with asyncio.timeout(SOON_S):
            await asyncio.gather(*(each.until(lambda one: one.connected) for each in people))
            found = [(await each.find(QUEUE))["ticket"] for each in people]
        assert found == tickets
        assert before[1] in serve.pids_of("signalling")
        for each in people:
            await each.leave()


async def test_fault_20_each_is_restarted_while_people_wait(serve: Serve, town: Town) -> None:
    """Nobody loses the place or the turn, all are back soon, and calls come in their order."""
    async with Waiting(town, CLIENTS) as waiting:
        seen = await restarted_in_turn(serve, waiting, PULLS_PER_S, LEAST_PULLS)
    assert seen.pulled == list(range(seen.first, seen.first + len(seen.pulled)))
    assert seen.rung == seen.pulled
    assert len(seen.pulled) >= LEAST_PULLS
    assert seen.kept == seen.drawn
    assert max(seen.back_s) < SOON_S


def test_the_port_is_nobody_elses(serve: Serve, tmp_path: Path) -> None:
    """Sharing it must not let a second server in unnoticed."""
    port = serve.url.rpartition(":")[2]
    with started(tmp_path / "data", "--workers", "2", "--port", port) as other:
        assert "cannot share" in other.next_event()["refused"]
        assert other.process.wait(SOON_S) == 1
