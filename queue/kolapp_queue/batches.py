"""Group commit: calls of one script that wait at the same time go to the store as one.

A store that keeps every write on the disk before it answers does so once for all that came
together, and most of what a call costs, on both sides, it costs once for all of them too. Each call
keeps its own arguments, its own answer, its own error and its own deadline; what became of a call
whose answer did not come is as unknown as ever.

A call never waits for company: it goes out at the end of the loop's present turn. Only while a
batch of its script has not been answered does it wait, and more calls with it. So the slower the
store is with its disk, the more go together.

Refused: calls that are written one behind the other, without making them one. The store would keep
them on the disk together as well, but take in, run and answer each by itself. And a second batch
under way, so that store and process work at the same time: half as many calls for one turn of the
disk made fewer calls a second.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import StoreUnavailable

MOST_CALLS = 64  # in one script: some milliseconds in which the store does nothing else
MOST_WAITING = 10_000  # calls of one script; one more is refused as `OVERFLOW`
OVERFLOW = "too many calls wait for the store"
CLOSED = "the link to the store is closed"


@dataclass(slots=True, eq=False)
class Call:
    own: Sequence[str]  # the keys that are this call's alone
    args: Sequence[str | int | bytes]
    answer: asyncio.Future[Any]


Send = Callable[[str, Sequence[str], list[Call]], Awaitable[list[Any]]]


@dataclass(slots=True, eq=False)
class _Group:
    """Calls that may go together, while there are any."""

    name: str
    shared: Sequence[str]
    waiting: deque[Call] = field(default_factory=deque)


class Batches:
    def __init__(self, send: Send, timeout_s: float) -> None:
        """`send` runs a script once for the given calls and answers with what became of each: a
        reply or an exception. What it raises is everybody's."""
        self._send = send
        self._timeout_s = timeout_s
        self._groups: dict[Hashable, _Group] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def close(self) -> None:
        """Whoever still waits is told that nothing is known."""
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def call(
        self,
        name: str,
        shared: Sequence[str],
        own: Sequence[str],
        args: Sequence[str | int | bytes],
        alone: bool = False,
    ) -> Any:
        """`shared`: keys of all calls that go together; `own`: those of this one. `alone`: only
        with calls whose own keys are the same. Raises StoreUnavailable, and what `send` does."""
        if self._closed:
            raise StoreUnavailable(CLOSED)
        waiting = self._waiting((name, shared, own) if alone else (name, shared))
        if len(waiting) >= MOST_WAITING:
            raise StoreUnavailable(OVERFLOW)
        loop = asyncio.get_running_loop()
        call = Call(own, args, loop.create_future())
        waiting.append(call)
        late = loop.call_later(self._timeout_s, _expire, call.answer)
        try:
            return await call.answer
        finally:
            late.cancel()

    def _waiting(self, key: tuple[Any, ...]) -> deque[Call]:
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(key[0], key[1])
            task = asyncio.create_task(self._serve(key, group), name="store batches")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return group.waiting

    async def _serve(self, key: Hashable, group: _Group) -> None:
        """Batch after batch, until nobody waits."""
        waiting = group.waiting
        try:
            while waiting:
                calls = [waiting.popleft() for _ in range(min(MOST_CALLS, len(waiting)))]
                await self._run(group, calls)
                # To the end of this turn: who has just been answered may ask again in it.
                await asyncio.sleep(0)
        finally:
            _tell(waiting, StoreUnavailable(CLOSED))
            del self._groups[key]

    async def _run(self, group: _Group, calls: list[Call]) -> None:
        try:
            replies = await self._send(group.name, group.shared, calls)
        except Exception as error:
            _tell(calls, error)
        except asyncio.CancelledError:
            _tell(calls, StoreUnavailable(CLOSED))
            raise
        else:
            for call, reply in zip(calls, replies, strict=True):
                if call.answer.done():
                    continue
                if isinstance(reply, Exception):
                    call.answer.set_exception(reply)
                else:
                    call.answer.set_result(reply)


def _expire(answer: asyncio.Future[Any]) -> None:
    if not answer.done():
        answer.set_exception(StoreUnavailable("the store did not answer in time"))


def _tell(calls: Iterable[Call], error: Exception) -> None:
    for call in calls:
        if not call.answer.done():
            # Each its own: an exception carries where it was raised.
            call.answer.set_exception(type(error)(*error.args))
