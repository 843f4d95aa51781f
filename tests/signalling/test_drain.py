"""A node that stops: everybody is sent off in time, in batches, with a hint."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import ClientSession
from drivers import People, Start
from kolapp_signalling.codes import CloseCode
from kolapp_signalling.drain import Drain


@pytest.mark.parametrize(
    ("count", "batch"), [(0, 25), (3, 25), (1_000, 25), (1_500, 25), (3_000, 50), (60_000, 1_000)]
)
def test_batches_are_small_unless_time_is_short(count: int, batch: int) -> None:
    assert Drain(per_s=500, within_s=3.0, hint_ms=1_000).batch(count) == batch


async def test_everybody_is_sent_off_a_few_at_a_time_with_a_hint(
    start: Start, crowd: People
) -> None:
    node = await start()
    everybody = [await crowd.patient(node, f"patient{number}") for number in range(6)]
    connections = list(node.node.connections)
    gone: list[int] = []

    async def pause(seconds: float) -> None:
        assert 0 < seconds <= 0.05
        gone.append(sum(each.close_code is not None for each in connections))

    sending_off = asyncio.create_task(
        Drain(40, 3.0, 777, pause).send_off(connections, CloseCode.CUT_OFF)
    )
    assert await asyncio.gather(*(each.closed() for each in everybody)) == [4006] * 6
    await sending_off
    assert gone == [2, 4]
    for each in everybody:
        assert each.frames[-1] == {"type": "reconnect", "after_ms": 777}


async def test_a_node_that_leaves_is_not_ready(start: Start) -> None:
    node = await start()
    async with ClientSession() as http:
        for status, text in ((200, "ready\n"), (503, "leaving\n")):
            async with http.get(node.url + "/readyz") as answer:
                assert (answer.status, await answer.text()) == (status, text)
            node.node.leaving.set()
