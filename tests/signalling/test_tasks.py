from __future__ import annotations

import asyncio

import pytest
from kolapp_signalling import tasks as module
from kolapp_signalling.tasks import Tasks


async def fail() -> None:
    raise ValueError("nobody should read this")


async def test_a_failure_is_logged_unless_somebody_waits_for_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks = Tasks()
    await asyncio.wait([tasks.start(fail())])
    assert "A background task failed." in caplog.text
    assert "nobody should read this" not in caplog.text
    caplog.clear()
    with pytest.raises(ValueError, match="nobody"):
        await tasks.start(fail(), waited_for=True)
    assert caplog.text == ""


async def test_a_loop_that_fails_begins_anew(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_RESTART_S", 0.0)
    tasks, begun, twice = Tasks(), 0, asyncio.Event()

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            await fail()
        twice.set()

    tasks.keep(work)
    async with asyncio.timeout(5):
        await twice.wait()
    assert "A background loop failed." in caplog.text
    await tasks.stop()


async def test_stopping_ends_everything_also_what_starts_meanwhile() -> None:
    tasks, forever = Tasks(), asyncio.Event()
    late: list[asyncio.Task[object]] = []

    async def stubborn() -> None:
        try:
            await forever.wait()
        finally:
            late.append(tasks.start(forever.wait()))

    first = tasks.start(stubborn())
    await asyncio.sleep(0)
    await tasks.stop()
    assert first.cancelled()
    assert late[0].cancelled()


async def test_who_swallows_a_cancellation_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_CANCEL_AGAIN_S", 0.02)
    swallowed = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed.set()
            await asyncio.Event().wait()

    tasks = Tasks()
    tasks.start(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await tasks.stop()
    assert swallowed.is_set()
