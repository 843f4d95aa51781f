"""Drives SAQ. Runs with SAQ's own packages first on the path, so it imports nothing of ours but
the loop, and the client it uses is the one SAQ asks for."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import Any

import saq  # type: ignore[import-not-found]  # installed by the benchmark, not with Kolapp
import uvloop
from redis.asyncio import Redis
from saq.queue.redis import RedisQueue  # type: ignore[import-not-found]

from .closed_loop import fill, measure, obey

PULL_S = 5.0
IN_FLIGHT = 64  # of SAQ's own limit; its default of 20 would be less than we put in flight


class Saq:
    def __init__(self, url: str) -> None:
        self._url = url
        self._queues: dict[str, Any] = {}

    def _queue(self, name: str) -> Any:
        if name not in self._queues:
            client = Redis.from_url(self._url)  # SAQ's own `from_url` knows no Unix sockets
            self._queues[name] = RedisQueue(client, name=name, max_concurrent_ops=IN_FLIGHT)
        return self._queues[name]

    async def join(self, queue: str) -> None:
        await self._queue(queue).enqueue("visit")

    async def pull(self, queue: str, hand: int) -> Any:
        """As SAQ's worker does it: fetch, then note that it has begun."""
        job = await self._queue(queue).dequeue(timeout=PULL_S)
        if job is not None:
            job.started = saq.utils.now()
            job.attempts += 1
            await job.update(status=saq.Status.ACTIVE)
        return job

    async def end(self, queue: str, job: Any) -> None:
        await job.finish(saq.Status.COMPLETE)

    async def close(self) -> None:
        for queue in self._queues.values():
            await queue.disconnect()


async def main(url: str) -> None:
    system = Saq(url)
    try:
        await obey({"fill": partial(fill, system), "measure": partial(measure, system)})
    finally:
        await system.close()


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(main(sys.argv[1]))
