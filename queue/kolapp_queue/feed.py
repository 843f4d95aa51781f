"""Hints as the store publishes them: one pub/sub connection per process, or one per node of a
cluster.

A hint may be lost: pub/sub knows no replay, and redis-py reconnects without a word. So every
confirmed subscription, first or repeated, is a `Resync`: what was read of that queue before may
be old. So is a hint nobody can read, and a consumer that lags behind the bounded buffer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from . import keys, records
from .cluster import ClusterClient
from .link import client
from .listening import Listener
from .model import Hint, QueueRef
from .settings import QueueSettings
from .shards import Shards

BUFFER = 4_096  # events a consumer may lag behind; one more and all become one `Resync(None)`
# To each server: what listens, and what asks a node of a cluster for the map.
_CONNECTIONS = 2


@dataclass(frozen=True, slots=True)
class Resync:
    """Hints may have been lost: read this queue anew; None: every queue."""

    ref: QueueRef | None


class Feed:
    """Hints of the subscribed queues, for one consumer: `async for event in feed`. Connects by
    itself, again and again."""

    def __init__(self, url: str, settings: QueueSettings, buffer: int = BUFFER) -> None:
        quiet_s = settings.command_timeout_ms / 1000
        self._redis = client(
            url, max_connections=_CONNECTIONS, timeout=quiet_s, socket_connect_timeout=quiet_s
        )
        self._buffer = buffer
        self._events: deque[Hint | Resync] = deque()
        self._news = asyncio.Event()
        self._wanted: dict[str, QueueRef] = {}
        self._ended = False
        self._listener: Listener | Shards = (
            Shards(self._redis, quiet_s, self)
            if isinstance(self._redis, ClusterClient)
            else Listener(self._redis, quiet_s, self)
        )

    @classmethod
    async def open(cls, url: str, settings: QueueSettings, buffer: int = BUFFER) -> Feed:
        """A running feed. A store that is not there yet is no error: the first Resync says when."""
        feed = cls(url, settings, buffer)
        feed._listener.start()
        return feed

    @property
    def connected(self) -> bool:
        return self._listener.connected

    async def close(self) -> None:
        """End the connections and every iteration; safe to repeat."""
        self._ended = True
        await self._listener.close()
        self._news.set()
        await self._redis.aclose()

    async def subscribe(self, ref: QueueRef) -> None:
        """Hints of this queue from now on, each (re)start of them announced by a `Resync`."""
        channel = keys.hints(ref)
        self._wanted[channel] = ref
        await self._listener.want(channel)

    async def unsubscribe(self, ref: QueueRef) -> None:
        channel = keys.hints(ref)
        self._wanted.pop(channel, None)
        await self._listener.drop(channel)

    def __aiter__(self) -> Feed:
        return self

    async def __anext__(self) -> Hint | Resync:
        while not self._events:
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._events.popleft()

    # What the listener says

    def subscribed(self, channel: str) -> None:
        if channel in self._wanted:
            self._put(Resync(self._wanted[channel]))

    def heard(self, channel: str, data: bytes) -> None:
        if (ref := self._wanted.get(channel)) is None:
            return
        try:
            self._put(records.hint(ref, data))
        except Exception:
            # Whatever it was, it came from the queue's channel: go and read.
            self._put(Resync(ref))

    def trouble(self, channel: str | None) -> None:
        """The next subscription is a Resync."""

    def _put(self, event: Hint | Resync) -> None:
        if len(self._events) >= self._buffer:
            self._events.clear()
            event = Resync(None)
        self._events.append(event)
        self._news.set()
