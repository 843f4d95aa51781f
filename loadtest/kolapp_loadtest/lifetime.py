"""What is opened and closed with `async with`, said once."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Lifetime:
    """Base of what is opened on entering and closed on leaving, and also when opening fails: so
    `close` comes after half an opening too, and may come twice."""

    async def open(self) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        try:
            await self.open()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
