"""Hints of a cluster: a queue's are published in its slot, and heard at the node that has it.

Where that is may change at any time. So whenever something is wrong (a connection is lost, a node
gives a channel away or never had it) the map is read anew, and channels move to where their slots
are, until all of them are somewhere.
"""

from __future__ import annotations

import asyncio
import random

from redis.crc import key_slot
from redis.exceptions import RedisError

from .cluster import Address, ClusterClient
from .listening import BACK_OFF_FIRST_S, CANCEL_AGAIN_S, Ear, Listener

# A fail-over takes seconds; the map is read so often meanwhile.
LOOK_AGAIN_MAX_S = 0.5


class Shards:
    """To its owner like one `Listener`; to those that it has, one for each node, their `Ear`."""

    def __init__(self, cluster: ClusterClient, quiet_s: float, ear: Ear) -> None:
        self._cluster = cluster
        self._quiet_s = quiet_s
        self._ear = ear
        self._at: dict[str, Address | None] = {}  # every wanted channel; None: nowhere yet
        self._listeners: dict[Address, Listener] = {}
        self._stirred = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        return all(listener.connected for listener in self._listeners.values())

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep(), name="queue feed of a cluster")

    async def close(self) -> None:
        if self._task is not None:
            while not self._task.done():
                self._task.cancel()
                await asyncio.wait([self._task], timeout=CANCEL_AGAIN_S)
            self._task = None
        for listener in self._listeners.values():
            await listener.close()

    async def want(self, channel: str) -> None:
        self._at.setdefault(channel, None)
        self._stirred.set()

    async def drop(self, channel: str) -> None:
        address = self._at.pop(channel, None)
        if address is not None:
            await self._listeners[address].drop(channel)

    # What the listeners say

    def subscribed(self, channel: str) -> None:
        self._ear.subscribed(channel)

    def heard(self, channel: str, data: bytes) -> None:
        self._ear.heard(channel, data)

    def trouble(self, channel: str | None) -> None:
        if channel in self._at:
            self._at[channel] = None
        self._stirred.set()

    # Where the channels are

    async def _keep(self) -> None:
        back_off_s = BACK_OFF_FIRST_S
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            try:
                await self._cluster.learn()
                await self._move()
            except (RedisError, OSError):
                self._stirred.set()
            if self._settled():
                back_off_s = BACK_OFF_FIRST_S
            else:
                await asyncio.sleep(back_off_s * random.uniform(0.5, 1.0))
                back_off_s = min(2 * back_off_s, LOOK_AGAIN_MAX_S)
                self._stirred.set()

    async def _move(self) -> None:
        """Every channel to the node that has its slot, by the present map."""
        for channel, before in list(self._at.items()):
            now = self._cluster.primary_of(key_slot(channel.encode()))
            if now == before or channel not in self._at:
                continue
            self._at[channel] = now
            if before is not None:
                await self._listeners[before].drop(channel)
            if now is not None:
                await self._listener(now).want(channel)
        for address in self._listeners.keys() - self._at.values():
            await self._listeners.pop(address).close()

    def _listener(self, address: Address) -> Listener:
        if address not in self._listeners:
            client = self._cluster.at(address)
            listener = Listener(client, self._quiet_s, self, sharded=True)
            self._listeners[address] = listener
            listener.start()
        return self._listeners[address]

    def _settled(self) -> bool:
        return not self._stirred.is_set() and None not in self._at.values()
