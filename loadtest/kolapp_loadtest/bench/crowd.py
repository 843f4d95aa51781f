"""Worker: patients who wait, see their place change, and do nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from ..demo import demo_token
from ..network import Network
from ..patient import Patient
from .freshness import Places
from .worker import Verb, run_worker

AT_ONCE = 32  # patients that connect at the same time
SAMPLED = 10  # of so many patients one's places are kept


class Crowd:
    def __init__(self, network: Network) -> None:
        self._network = network
        self._patients: list[Patient] = []
        self._frames = 0
        self.places = Places()

    async def join(self, url: str, queue: str, count: int) -> None:
        """Draw numbers for `count` patients more."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one() -> None:
            async with gate:
                token = await demo_token(self._network.session, url, "patient")
                hook = self._count if len(self._patients) % SAMPLED else self._look
                patient = Patient(url, token, network=self._network, on_frame=hook)
                self._patients.append(await patient.__aenter__())
                await patient.join(queue)

        async with asyncio.TaskGroup() as joining:
            for _ in range(count):
                joining.create_task(one())

    async def figures(self) -> dict[str, int]:
        """Frames so far; how many still wait on their first connection."""
        waiting = [p for p in self._patients if p.state == "waiting" and p.connections == 1]
        return {"frames": self._frames, "waiting": len(waiting)}

    def _count(self, message: dict[str, Any], arrived_ns: int, size: int) -> None:
        self._frames += 1

    def _look(self, message: dict[str, Any], arrived_ns: int, size: int) -> None:
        self._count(message, arrived_ns, size)
        self.places.saw(message, arrived_ns)

    async def close(self) -> None:
        await asyncio.gather(*(patient.close() for patient in self._patients))


@asynccontextmanager
async def job() -> AsyncIterator[Mapping[str, Verb]]:
    async with AsyncExitStack() as stack:
        crowd = Crowd(await stack.enter_async_context(Network()))
        stack.push_async_callback(crowd.close)
        yield {
            "join": crowd.join,
            "figures": crowd.figures,
            "begin": crowd.places.begin,
            "seen": crowd.places.seen,
        }


if __name__ == "__main__":
    run_worker(job())
