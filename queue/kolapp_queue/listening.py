"""One pub/sub connection to one server, kept up for as long as somebody listens."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError

from . import keys

BACK_OFF_FIRST_S = 0.05
BACK_OFF_MAX_S = 2.0

CANCEL_AGAIN_S = 0.02
# Always subscribed, so that the connection lives, and is watched, while no channel is wanted.
_IDLE_CHANNEL = f"{keys.PREFIX}idle"


class Ear(Protocol):
    """Who hears of the channels that are wanted."""

    def subscribed(self, channel: str) -> None:
        """For the first time, or again: what was published before may be lost."""

    def heard(self, channel: str, data: bytes) -> None: ...

    def trouble(self, channel: str | None) -> None:
        """The server gave this channel away; None: the connection was lost, and is looked for."""


class Listener:
    """Connects by itself, again and again with back-off. A connection that is silent for `quiet_s`
    is asked for a sign, and given up if there is none in that time again. `sharded`: the channels
    are those of slots, as a cluster has them."""

    def __init__(self, redis: Redis, quiet_s: float, ear: Ear, *, sharded: bool = False) -> None:
        self._redis = redis
        self._quiet_s = quiet_s
        self._ear = ear
        self._sharded = sharded
        self._wanted: dict[str, None] = {}
        self._pubsub: PubSub | None = None  # set while connected
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        return self._pubsub is not None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="queue feed")

    async def close(self) -> None:
        """Safe to repeat. The client stays open."""
        if self._task is not None:
            # More than once: redis-py swallows a cancellation that meets it while it connects.
            while not self._task.done():
                self._task.cancel()
                await asyncio.wait([self._task], timeout=CANCEL_AGAIN_S)
            self._task = None

    async def want(self, channel: str) -> None:
        if channel not in self._wanted:
            self._wanted[channel] = None
            if self._pubsub is not None:
                await self._say(self._subscribe(self._pubsub, channel))

    async def drop(self, channel: str) -> None:
        if channel in self._wanted:
            del self._wanted[channel]
            if (pubsub := self._pubsub) is not None:
                leave = pubsub.sunsubscribe if self._sharded else pubsub.unsubscribe
                await self._say(leave(channel))

    async def _say(self, command: Any) -> None:
        """A connection lost in the middle needs no care here: the next one subscribes anew."""
        with contextlib.suppress(RedisError, OSError):
            await command

    async def _subscribe(self, pubsub: PubSub, *channels: str) -> None:
        if not self._sharded:
            await pubsub.subscribe(*channels)
            return
        for channel in channels:  # one by one: they may be of several slots
            await pubsub.ssubscribe(channel)

    async def _run(self) -> None:
        back_off_s = BACK_OFF_FIRST_S
        while True:
            pubsub = self._redis.pubsub()
            try:
                await pubsub.connect()  # type: ignore[no-untyped-call]  # redis-py's gap
                # No await between the two: a channel wanted before is in the list, one wanted later
                # is subscribed by `want` itself.
                self._pubsub = pubsub
                await self._subscribe(pubsub, *self._idle(), *self._wanted)
                back_off_s = BACK_OFF_FIRST_S
                await self._listen(pubsub)
            except (RedisError, OSError):
                self._pubsub = None
                self._ear.trouble(None)
                await asyncio.sleep(back_off_s * random.uniform(0.5, 1.0))
                back_off_s = min(2 * back_off_s, BACK_OFF_MAX_S)
            finally:
                self._pubsub = None
                with contextlib.suppress(RedisError, OSError):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]  # redis-py's gap

    def _idle(self) -> tuple[str, ...]:
        return () if self._sharded else (_IDLE_CHANNEL,)

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
        channel = (message["channel"] or b"").decode()
        if channel not in self._wanted:
            return
        match message["type"]:
            case "subscribe" | "ssubscribe":
                self._ear.subscribed(channel)
            case "message" | "smessage":
                self._ear.heard(channel, message["data"])
            case "sunsubscribe":  # its slot is another node's now
                del self._wanted[channel]
                self._ear.trouble(channel)
