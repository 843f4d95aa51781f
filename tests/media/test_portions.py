"""Much work lets others go between; work that was none does not count."""

from __future__ import annotations

import asyncio

from kolapp_media.portions import PORTION, in_portions


async def test_others_go_between_portions() -> None:
    order: list[str] = []

    def piece(worked: bool) -> bool:
        order.append("piece" if worked else "none")
        return worked

    async def other() -> None:
        while True:
            order.append("other")
            await asyncio.sleep(0)

    going = asyncio.create_task(other())
    await in_portions(piece(worked) for worked in [True, False] * 2 * PORTION)
    going.cancel()

    between = "".join(each[0] for each in order).split("o")
    assert [part.count("p") for part in between if "p" in part] == [PORTION, PORTION]


async def test_what_was_no_work_is_passed_over_at_once() -> None:
    loop, turned = asyncio.get_running_loop(), []
    loop.call_soon(turned.append, 1)
    await in_portions(False for _ in range(1_000))
    assert turned == []
