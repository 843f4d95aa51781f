"""Hints as the store publishes them: one pub/sub connection per process.

A hint may be lost: pub/sub knows no replay, and redis-py reconnects without a word. So every
confirmed subscription, first or repeated, is a `Resync`: what was read of that queue before may
be old. So is a hint nobody can read, and a consumer that lags behind the bounded buffer.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from dataclasses import dataclass
from typing import Any

from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError

from . import keys, records
from .link import client
from .model import Hint, QueueRef
from .settings import QueueSettings

BUFFER = 4_096  # events a consumer may lag behind; one more and all become one `Resync(None)`
BACK_OFF_FIRST_S = 0.05
BACK_OFF_MAX_S = 2.0

CANCEL_AGAIN_S = 0.02
# Always subscribed, so that the connection lives, and is watched, while no queue is of interest.
_IDLE_CHANNEL = f"{keys.PREFIX}idle"


@dataclass(frozen=True, slots=True)
class Resync:
    """Hints may have been lost: read this queue anew; None: every queue."""

    ref: QueueRef | None


class Feed:
    """Hints of the subscribed queues, for one consumer: `async for event in feed`.

    Connects by itself, again and again with back-off. A connection that is silent for
    `command_timeout_ms` is asked for a sign, and given up if there is none in that time again.
    """

    def __init__(self, url: str, settings: QueueSettings, buffer: int = BUFFER) -> None:
        self._quiet_s = settings.command_timeout_ms / 1000
        self._redis = client(
            url, max_connections=1, timeout=self._quiet_s, socket_connect_timeout=self._quiet_s
        )
        self._buffer = buffer
        self._events: deque[Hint | Resync] = deque()
        self._news = asyncio.Event()
        self._wanted: dict[str, QueueRef] = {}
        self._pubsub: PubSub | None = None  # set while connected
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, settings: QueueSettings, buffer: int = BUFFER) -> Feed:
        """A running feed. A store that is not there yet is no error: the first Resync says when."""
        feed = cls(url, settings, buffer)
        feed._task = asyncio.create_task(feed._run(), name="queue feed")
        return feed

    async def close(self) -> None:
        """End the connection and every iteration; safe to repeat."""
        if self._task is not None:
            # More than once: redis-py swallows a cancellation that meets it while it connects.
            while not self._task.done():
                self._task.cancel()
                await asyncio.wait([self._task], timeout=CANCEL_AGAIN_S)
            self._task = None
        self._news.set()
        await self._redis.aclose()

    async def subscribe(self, ref: QueueRef) -> None:
        """Hints of this queue from now on, each (re)start of them announced by a `Resync`."""
        channel = keys.hints(ref)
        if channel not in self._wanted:
            self._wanted[channel] = ref
            if self._pubsub is not None:
                await self._say(self._pubsub.subscribe(channel))

    async def unsubscribe(self, ref: QueueRef) -> None:
        channel = keys.hints(ref)
        if self._wanted.pop(channel, None) is not None and self._pubsub is not None:
            await self._say(self._pubsub.unsubscribe(channel))

    def __aiter__(self) -> Feed:
        return self

    async def __anext__(self) -> Hint | Resync:
        while not self._events:
            if self._task is None:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._events.popleft()

    async def _say(self, command: Any) -> None:
        """A connection lost in the middle needs no care here: the next one subscribes anew."""
        with contextlib.suppress(RedisError, OSError):
            await command

    async def _run(self) -> None:
        back_off_s = BACK_OFF_FIRST_S
        while True:
            pubsub = self._redis.pubsub()
            try:
                await pubsub.connect()  # type: ignore[no-untyped-call]  # redis-py's gap
                # No await between the two: a queue wanted before is in the list, one wanted later
                # is subscribed by `subscribe` itself.
                self._pubsub = pubsub
                await pubsub.subscribe(_IDLE_CHANNEL, *self._wanted)
                back_off_s = BACK_OFF_FIRST_S
                await self._listen(pubsub)
            except (RedisError, OSError):
                await asyncio.sleep(back_off_s * random.uniform(0.5, 1.0))
                back_off_s = min(2 * back_off_s, BACK_OFF_MAX_S)
            finally:
                self._pubsub = None
                with contextlib.suppress(RedisError, OSError):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]  # redis-py's gap

    async def _listen(self, pubsub: PubSub) -> None:
        asked = False
        while True:
            message = await pubsub.get_message(timeout=self._quiet_s)
            if message is not None:
                asked = False
                self._take(message)
            elif asked:
                raise LostConnection("the store is silent")
            else:
                asked = True
                await pubsub.ping()

    def _take(self, message: dict[str, Any]) -> None:
        ref = self._wanted.get((message["channel"] or b"").decode())
        if ref is None:
            return
        if message["type"] == "subscribe":
            self._put(Resync(ref))
        elif message["type"] == "message":
            try:
                self._put(records.hint(ref, message["data"]))
            except Exception:
                # Whatever it was, it came from the queue's channel: go and read.
                self._put(Resync(ref))

    def _put(self, event: Hint | Resync) -> None:
        if len(self._events) >= self._buffer:
            self._events.clear()
            event = Resync(None)
        self._events.append(event)
        self._news.set()
