from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from kolapp_signalling.inbox import READ_AHEAD, Inbox
from kolapp_signalling.tasks import Tasks


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    tasks = Tasks()
    yield Inbox(tasks)
    await tasks.stop()


async def test_work_begins_in_order_and_is_waited_for(inbox: Inbox) -> None:
    turn, done = asyncio.Lock(), list[int]()

    async def work(number: int) -> None:
        async with turn:
            await asyncio.sleep(0)
            done.append(number)

    assert inbox.idle
    for number in range(3):
        await inbox.put(work(number))
    assert not inbox.idle
    await inbox.done()
    assert done == [0, 1, 2]
    assert inbox.idle


async def test_reading_ahead_is_bounded(inbox: Inbox) -> None:
    gates = [asyncio.Event() for _ in range(READ_AHEAD)]
    for gate in gates:
        await inbox.put(wait(gate))
    one_more = asyncio.create_task(inbox.put(wait(gates[1])))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not one_more.done()
    gates[-1].set()
    await one_more
    for gate in gates:
        gate.set()
    await inbox.done()


async def wait(gate: asyncio.Event) -> None:
    await gate.wait()
