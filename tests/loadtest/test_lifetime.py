from __future__ import annotations

import pytest
from kolapp_loadtest.lifetime import Lifetime


class Thing(Lifetime):
    def __init__(self, failure: BaseException | None = None) -> None:
        self.failure = failure
        self.done: list[str] = []

    async def open(self) -> None:
        self.done.append("open")
        if self.failure is not None:
            raise self.failure

    async def close(self) -> None:
        self.done.append("close")


async def test_it_is_open_inside_and_closed_after() -> None:
    async with Thing() as thing:
        assert thing.done == ["open"]
    assert thing.done == ["open", "close"]


async def test_it_is_closed_after_half_an_opening() -> None:
    thing = Thing(RuntimeError("half-way"))
    with pytest.raises(RuntimeError, match="half-way"):
        await thing.__aenter__()
    assert thing.done == ["open", "close"]
