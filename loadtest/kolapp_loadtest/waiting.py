"""Waiting for a state instead of polling it: predicates are looked at when something changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from .errors import NotInTime

S = TypeVar("S")
T = TypeVar("T")


class Changes:
    """Costs nothing while nobody waits, which is the life of a load generator's client."""

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: list[tuple[Callable[[Any], Any], asyncio.Future[Any]]] = []

    async def until(
        self, subject: S, predicate: Callable[[S], T | None], timeout: float, what: str
    ) -> T:
        """Wait until `predicate(subject)` is true and return its value.

        Raises NotInTime after `timeout` seconds, or what `end` was told.
        """
        if value := predicate(subject):
            return value
        seen: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        waiter = (predicate, seen)
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(timeout):
                return await seen
        except TimeoutError:
            raise NotInTime(f"no {what or 'such state'} within {timeout} s") from None
        finally:
            self._waiters.remove(waiter)

    def happened(self, subject: object) -> None:
        for predicate, seen in tuple(self._waiters):
            if seen.done():
                continue
            try:
                if value := predicate(subject):
                    seen.set_result(value)
            except Exception as error:  # the predicate's fault: its owner must see it
                seen.set_exception(error)

    def end(self, error: Exception) -> None:
        for _, seen in self._waiters:
            if not seen.done():
                seen.set_exception(error)
