"""A client for Redis or Valkey Cluster: single-node clients and the map of who has which slot.

redis-py has a cluster client too, but its transactions run each queued command in a thread with
an event loop of its own, and its pool refuses where ours waits. What is needed here is less: every
command and every transaction of this package concerns one slot.

Only primaries are asked, so that nobody reads what is old. When the map turns out to be wrong
(MOVED, a node gone), it is read anew from any node that answers; how long that may take is the
caller's deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.crc import key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError, RedisError, TryAgainError
from redis.exceptions import ConnectionError as LostConnection

SCHEME = "redis+cluster"  # redis+cluster://host:port, rediss+cluster for TLS: any node of it
REDIRECTIONS = 8  # of one command; more than a map that was just read can need
SETTLE_S = 0.05  # between them: a slot that moves, or a node that takes over, needs a moment

Address = tuple[str, int]
NodeClient = Callable[[str], Redis]
# What a node sends when it is not the one to ask, or not yet.
_ELSEWHERE = (MovedError, AskError, TryAgainError, ClusterDownError)


def is_cluster(url: str) -> bool:
    return urlsplit(url).scheme in (SCHEME, SCHEME.replace("redis", "rediss"))


def node_url(url: str, address: Address | None = None) -> str:
    """The URL of one node, with the credentials of the cluster's; its own node for None."""
    parts = urlsplit(url)
    place = parts.netloc
    if address is not None:
        host, port = address
        login, at, _ = parts.netloc.rpartition("@")
        place = f"{login}{at}{f'[{host}]' if ':' in host else host}:{port}"
    return urlunsplit(parts._replace(scheme=parts.scheme.partition("+")[0], netloc=place))


class ClusterClient(Redis):
    """Looks like a client of one server. Each command goes to the node that has its key."""

    def __init__(self, url: str, make: NodeClient) -> None:
        self._url = url
        self._make = make
        self._seed = make(node_url(url))
        super().__init__(connection_pool=self._seed.connection_pool)
        self._nodes: dict[Address, Redis] = {}
        self._slots: list[tuple[int, int, Address]] = []  # first, last, primary
        self._members: list[Address] = []  # every node of the last map, replicas too
        self._known = False
        self._learning = asyncio.Lock()

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        for node in (self._seed, *self._nodes.values()):
            await node.aclose()

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        if args[0] in _OF_ONE_SERVER:
            raise ValueError(f"{args[0]} asks one server only: ask each of `nodes()`")
        if args[0] == "SCRIPT LOAD":  # whichever node asked for it: they all get it
            loaded = [await _ask(node, *args, **options) for node in await self.nodes()]
            return loaded[0]
        return await self.routed(_slot_of(args), lambda node: _ask(node, *args, **options))

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        return _Transaction(self, transaction)

    async def nodes(self) -> list[Redis]:
        """A client of every primary."""
        await self._learn_once()
        return [self.at(address) for address in dict.fromkeys(it[2] for it in self._slots)]

    async def learn(self) -> None:
        """Read the map anew. Raises what the last node raised, if none answers."""
        self._known = False
        await self._learn_once()

    def primary_of(self, slot: int) -> Address | None:
        """By the map as it was last read; None while one node takes over from another."""
        return next((where for first, last, where in self._slots if first <= slot <= last), None)

    def at(self, address: Address) -> Redis:
        """A client of this node alone, closed with this one."""
        if address not in self._nodes:
            self._nodes[address] = self._make(node_url(self._url, address))
        return self._nodes[address]

    async def routed(self, slot: int | None, call: Callable[[Redis], Any]) -> Any:
        """Call it with the client of the node that has this slot; None: of any node."""
        for _ in range(REDIRECTIONS):
            node = await self._node_of(slot)
            try:
                return await call(node)
            except _ELSEWHERE as error:
                why = error
                self._known = False
                await asyncio.sleep(SETTLE_S)
            except (LostConnection, OSError):
                self._known = False
                raise
        raise why

    async def _node_of(self, slot: int | None) -> Redis:
        await self._learn_once()
        address = self.primary_of(slot) if slot is not None else self._slots[0][2]
        if address is not None:
            return self.at(address)
        self._known = False  # while one node takes over from another, nobody has it
        raise LostConnection(f"no node of the cluster has slot {slot}")

    async def _learn_once(self) -> None:
        if not self._known:
            async with self._learning:
                if not self._known:
                    await self._learn()

    async def _learn(self) -> None:
        """Ask the nodes one after the other for the map; replicas know it as well."""
        failed: Exception = LostConnection("the cluster has no nodes")
        for node in (self._seed, *map(self.at, self._members)):
            try:
                told = await _ask(node, "CLUSTER SHARDS")
            except (RedisError, OSError) as error:
                failed = error
                continue
            slots = _slots(told)
            if slots:
                self._slots, self._known = slots, True
                # Whom we have not talked to yet may be the only one left to ask.
                self._members = _members(told)
                return
            failed = ClusterDownError("no node of the cluster has any slot")
        raise failed


class _Transaction(Pipeline):
    """Queued like any other; where it goes is known by its first key."""

    def __init__(self, cluster: ClusterClient, transaction: bool) -> None:
        super().__init__(cluster.connection_pool, cluster.response_callbacks, transaction, None)
        self._cluster = cluster

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        stack = list(self.command_stack)
        slot = next(found for args, _ in stack if (found := _slot_of(args)) is not None)

        async def run(node: Redis) -> list[Any]:
            self.command_stack, self.connection_pool = list(stack), node.connection_pool
            return await Pipeline.execute(self, raise_on_error)

        done: list[Any] = await self._cluster.routed(slot, run)
        return done


async def _ask(node: Redis, *args: Any, **options: Any) -> Any:
    return await node.execute_command(*args, **options)  # type: ignore[no-untyped-call]  # its gap


# Answers that would be wrong in silence.
_OF_ONE_SERVER = ("KEYS", "SCAN", "FLUSHALL", "FLUSHDB", "DBSIZE")
# Commands whose first word is not followed by a key.
_KEYLESS = ("PING", "TIME", "INFO", "BGREWRITEAOF", "WAIT", "WAITAOF")


def _slot_of(args: Any) -> int | None:
    """The slot of a command's first key; None: any node will do."""
    name = args[0]
    if name in ("EVALSHA", "EVAL"):
        key = args[3]
    elif name in _KEYLESS or name.split(" ")[0] in ("CONFIG", "CLIENT", "SCRIPT", "CLUSTER"):
        return None
    else:
        key = args[1]
    return key_slot(key.encode() if isinstance(key, str) else key)


def _slots(shards: Any) -> list[tuple[int, int, Address]]:
    """The map in the answer to CLUSTER SHARDS, only what has a primary that answers."""
    found = []
    for shard in map(_plain, shards):
        for node in map(_plain, shard["nodes"]):
            if node["role"] == b"master" and node["health"] == b"online":
                address = _address(node)
                ranges = shard["slots"]
                found += [
                    (int(first), int(last), address)
                    for first, last in zip(ranges[::2], ranges[1::2], strict=True)
                ]
    return sorted(found)


def _members(shards: Any) -> list[Address]:
    return [_address(node) for shard in map(_plain, shards) for node in map(_plain, shard["nodes"])]


def _address(node: dict[str, Any]) -> Address:
    return ((node.get("endpoint") or node["ip"]).decode(), int(node["port"]))


def _plain(answer: Any) -> dict[str, Any]:
    """A map with names for keys, whether it came as one (RESP3) or as a flat list."""
    pairs = (
        answer.items() if isinstance(answer, dict) else zip(answer[::2], answer[1::2], strict=True)
    )
    return {name.decode() if isinstance(name, bytes) else name: value for name, value in pairs}
