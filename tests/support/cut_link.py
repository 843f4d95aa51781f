"""A link that dies at a chosen step, as a process does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from kolapp_queue.link import Link


class Cut(Exception):
    """The process died here."""


class CutLink(Link):
    """`before` or `after` names a script (`folder/verb`): the next call of it dies at that side
    of it. After: the step is done, but nobody got the answer. Before: the step may yet arrive
    late, see `arrive`. `meanwhile` runs before the next call of a script: somebody was faster."""

    def __init__(
        self,
        url: str,
        one_server: bool = False,
        timeout_ms: int = 30_000,
    ) -> None:
        """Steps on two records are two scripts, as in a cluster, so that one can die between them;
        with `one_server` they are one, if the store is one."""
        super().__init__(url, timeout_ms)
        self.one_server &= one_server
        self.before = ""
        self.after = ""
        self.meanwhile: dict[str, Callable[[], Awaitable[object]]] = {}
        self.under_way: list[tuple[str, Sequence[str], Sequence[str], Sequence[str | int]]] = []

    async def arrive(self, newest: bool = False) -> dict[str, Any]:
        """The oldest (or the newest) step that was cut off reaches the store at last."""
        return await super()._run(*self.under_way.pop(-1 if newest else 0))

    async def _run(
        self, name: str, shared: Sequence[str], own: Sequence[str], args: Sequence[str | int]
    ) -> dict[str, Any]:
        if name == self.before:
            self.before = ""
            self.under_way.append((name, shared, own, args))
            raise Cut(f"before {name}")
        if name in self.meanwhile:
            await self.meanwhile.pop(name)()
        reply = await super()._run(name, shared, own, args)
        if name == self.after:
            self.after = ""
            raise Cut(f"after {name}")
        return reply
