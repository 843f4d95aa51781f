"""Every key and every value of a store, for tests that look for what must not be there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from kolapp_queue.cluster import ClusterClient
from kolapp_queue.link import Link
from redis.asyncio import Redis

READS: dict[bytes, Callable[[Redis, bytes | str], Awaitable[Any]]] = {
    b"string": lambda redis, key: redis.get(key),
    b"hash": lambda redis, key: redis.hgetall(key),
    b"set": lambda redis, key: redis.smembers(key),
    b"zset": lambda redis, key: redis.zrange(key, 0, -1),
    b"list": lambda redis, key: redis.lrange(key, 0, -1),
    b"stream": lambda redis, key: redis.xrange(key),
}


async def everything(link: Link) -> bytes:
    """As a reader can get it; a needle of plain ASCII is found as it is."""
    found = []
    redis = link._redis
    for node in await redis.nodes() if isinstance(redis, ClusterClient) else [redis]:
        for key in await node.keys("*"):
            found += [key, await content(link, key)]
    return repr(found).encode()


async def content(link: Link, key: bytes | str) -> Any:
    kind = await link.do(lambda redis: redis.type(key))
    return await link.do(lambda redis: READS[kind](redis, key)) if kind != b"none" else None
