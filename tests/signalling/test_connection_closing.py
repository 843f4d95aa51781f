"""Both ways a connection is closed on purpose: whoever closes, the client sees the code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import WSMsgType
from drivers import QUEUE, Driver, People, Start
from kolapp_queue.model import QueueRef, Ticket
from kolapp_signalling.app import Served
from kolapp_signalling.inbox import READ_AHEAD

PROMPT_S = 1.0  # the handshake's own deadline on either side is 2 s


async def goodbye(driver: Driver, payload: bytes) -> int | None:
    """Send this Close frame; the code of the one that comes back. None: none came."""
    async with asyncio.timeout(PROMPT_S):
        await driver.ws.send_frame(payload, WSMsgType.CLOSE)
        while not driver.ws.closed:
            frame = await driver.ws.receive()
            if frame.type is WSMsgType.CLOSE:
                return int(frame.data)
    return None


def close_payload(code: int, reason: bytes = b"") -> bytes:
    return code.to_bytes(2, "big") + reason


@asynccontextmanager
async def held_up(node: Served) -> AsyncIterator[asyncio.Event]:
    """Inside, joins reach the store and their replies do not come back. The event: one is there."""
    store, there, go_on = node.node.store, asyncio.Event(), asyncio.Event()
    join = store.join

    async def slow_join(*args: Any, **kwargs: Any) -> Ticket:
        ticket = await join(*args, **kwargs)
        there.set()
        await go_on.wait()
        return ticket

    store.join = slow_join  # type: ignore[method-assign]  # the reply is held up, nothing else
    try:
        yield there
    finally:
        store.join = join  # type: ignore[method-assign]
        go_on.set()


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (close_payload(1000), 1000),
        (close_payload(1001, b"The page is left."), 1001),
        (close_payload(4321), 4321),
        (b"", 0),  # without a code, as it came
        (close_payload(1006), 1002),  # must never be on the wire (RFC 6455, 7.4.1)
        (close_payload(5000), 1002),  # nobody's (7.4.2)
    ],
)
async def test_who_closes_gets_the_own_code_back(
    node: Served, crowd: People, payload: bytes, code: int
) -> None:
    anna = await crowd.waiting(node, "anna")
    assert await goodbye(anna, payload) == code


async def test_who_closes_before_the_greeting_too(node: Served, crowd: People) -> None:
    assert await goodbye(await crowd.connect(node), close_payload(1000)) == 1000


async def test_a_request_under_way_holds_no_goodbye_up(node: Served, crowd: People) -> None:
    anna = await crowd.patient(node, "anna")
    async with held_up(node) as there:
        for _ in range(READ_AHEAD):
            await anna.send("join", queue=QUEUE)
        await there.wait()
        assert await goodbye(anna, close_payload(1000)) == 1000
    again = await crowd.patient(node, "anna")
    await again.until_position(1)  # what was asked is done


async def test_everything_asked_before_the_goodbye_is_done(node: Served, crowd: People) -> None:
    anna = await crowd.waiting(node, "anna")
    for _ in range(READ_AHEAD):
        await anna.send("find", queue=QUEUE)
    await anna.send("leave", ticket=anna.ticket["ticket"])
    assert await goodbye(anna, close_payload(1001)) == 1001
    again = await crowd.patient(node, "anna")
    assert await again.errors("find", queue=QUEUE) == "no_ticket"


async def test_our_code_arrives_while_a_request_is_under_way(node: Served, crowd: People) -> None:
    anna = await crowd.patient(node, "anna")
    async with held_up(node) as there:
        await anna.send("join", queue=QUEUE)
        await there.wait()
        await crowd.patient(node, "anna")
        assert await anna.closed(PROMPT_S) == 4502


async def test_what_was_asked_before_we_closed_is_not_begun(node: Served, crowd: People) -> None:
    anna = await crowd.patient(node, "anna")
    async with held_up(node) as there:
        await anna.send("join", queue=QUEUE)
        await there.wait()
        [ours] = node.node.connections
        await anna.send("leave", ticket="t")
        await anna.send("join", queue=QUEUE, needs={"age": 5})
        again = await crowd.patient(node, "anna")
        assert await anna.closed(PROMPT_S) == 4502
    await again.until_position(1)
    await ours.ended
    assert [frame["type"] for frame in anna.frames] == ["welcome"]
    assert await node.node.store.version(QueueRef(again_provider(node), QUEUE)) == 1


def again_provider(node: Served) -> str:
    return node.node.settings.demo_provider


async def test_every_connection_hears_that_the_node_stops(start: Start, crowd: People) -> None:
    node = await start()
    anna, silent = await crowd.patient(node, "anna"), await crowd.connect(node)
    async with held_up(node) as there:
        await anna.send("join", queue=QUEUE)
        await there.wait()
        dismissing = asyncio.create_task(node.node.dismiss())
        assert [await driver.closed(PROMPT_S) for driver in (anna, silent)] == [4000, 4000]
    await dismissing
