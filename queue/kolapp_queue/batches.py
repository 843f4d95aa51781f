"""Group commit: calls of one script that wait at the same time go to the store as one.

A store that keeps every write on the disk before it answers does so once for all that came
together, and most of what a call costs, on both sides, it costs once for all of them too. Each call
keeps its own arguments, its own answer, its own error and its own deadline; what became of a call
whose answer did not come is as unknown as ever.

A call never waits for company: it goes out at the end of the loop's present turn. Only while
`UNDER_WAY` batches of its script have not been answered does it wait, and more calls with it.

Refused: one connection on which calls are written one behind the other, without making them one.
The store would keep them on the disk together as well, but run, answer and be told each by itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import StoreUnavailable

# So few that the store works on the first half of many calls while the second is written.
MOST_CALLS = 16
UNDER_WAY = 2
MOST_WAITING = 10_000  # calls of one script; one more is refused as `OVERFLOW`
OVERFLOW = "too many calls wait for the store"
CLOSED = "the link to the store is closed"


@dataclass(slots=True, eq=False)
class Call:
    own: Sequence[str]  # the keys that are this call's alone
    args: Sequence[str | int]
    answer: asyncio.Future[Any]


Send = Callable[[str, Sequence[str], list[Call]], Awaitable[list[Any]]]


@dataclass(slots=True, eq=False)
class _Group:
    """Calls that may go together."""

    key: Hashable
    name: str
    shared: Sequence[str]
    waiting: deque[Call] = field(default_factory=deque)
    under_way: int = 0
    called: bool = False  # the end of this turn has been asked for


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
        for group in self._groups.values():
            _tell(group.waiting, StoreUnavailable(CLOSED))

    async def call(
        self,
        name: str,
        shared: Sequence[str],
        own: Sequence[str],
        args: Sequence[str | int],
        alone: bool = False,
    ) -> Any:
        """`shared`: keys of all calls that go together; `own`: those of this one. `alone`: only
        with calls whose own keys are the same. Raises StoreUnavailable, and what `send` does."""
        loop = asyncio.get_running_loop()
        key = (name, shared, own) if alone else (name, shared)
        group = self._groups.get(key) or self._groups.setdefault(key, _Group(key, name, shared))
        if self._closed or len(group.waiting) >= MOST_WAITING:
            raise StoreUnavailable(CLOSED if self._closed else OVERFLOW)
        call = Call(own, args, loop.create_future())
        group.waiting.append(call)
        if len(group.waiting) >= MOST_CALLS:
            self._flush(group)
        elif not group.called:
            group.called = True
            loop.call_soon(self._end_of_turn, group)
        late = loop.call_later(self._timeout_s, _expire, call.answer)
        try:
            return await call.answer
        finally:
            late.cancel()

    def _end_of_turn(self, group: _Group) -> None:
        group.called = False
        self._flush(group)

    def _flush(self, group: _Group) -> None:
        waiting = group.waiting
        while waiting and group.under_way < UNDER_WAY and not self._closed:
            calls = [waiting.popleft() for _ in range(min(MOST_CALLS, len(waiting)))]
            group.under_way += 1
            task = asyncio.create_task(self._run(group, calls), name="store batch")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if not waiting and not group.under_way:
            self._groups.pop(group.key, None)

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
        finally:
            group.under_way -= 1
            self._flush(group)


def _expire(answer: asyncio.Future[Any]) -> None:
    if not answer.done():
        answer.set_exception(StoreUnavailable("the store did not answer in time"))


def _tell(calls: Sequence[Call] | deque[Call], error: Exception) -> None:
    for call in calls:
        if not call.answer.done():
            # Each its own: an exception carries where it was raised.
            call.answer.set_exception(type(error)(*error.args))
