"""Worker: the clinicians, who pull by the plan, and the floor, sampled between their pulls."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from ..clinician import Clinician
from ..demo import demo_token
from ..errors import LoadtestError
from ..network import Network
from .clockwork import reach
from .floor import Floor, open_floor
from .worker import Verb, run_worker

Sample = dict[str, Any]


class Desk:
    def __init__(self, stack: AsyncExitStack, network: Network) -> None:
        self._stack = stack
        self._network = network
        self._clinicians: list[Clinician] = []
        self._floor: Floor | None = None

    async def ready(self, url: str, queue: str, count: int) -> None:
        for _ in range(count):
            token = await demo_token(self._network.session, url, "clinician")
            clinician = Clinician(url, token, network=self._network)
            self._clinicians.append(await self._stack.enter_async_context(clinician))
            await clinician.ready(queue)

    async def prepare_floor(
        self, store_url: str, echo_url: str, frame_bytes: int, waiting: int
    ) -> None:
        self._floor = await self._stack.enter_async_context(
            open_floor(self._network, store_url, echo_url, frame_bytes, waiting)
        )

    async def run(self, pulls_ns: list[int], floors_ns: list[int]) -> dict[str, list[Sample]]:
        """Carry the plan out, beginning a moment from now. Nothing waits for anything before it:
        a slow answer delays no later pull."""
        gc.collect()
        gc.freeze()
        start_ns = time.perf_counter_ns() + 20_000_000
        pulls = [
            asyncio.create_task(
                self._pull(self._clinicians[i % len(self._clinicians)], start_ns + at)
            )
            for i, at in enumerate(pulls_ns)
        ]
        floors = [asyncio.create_task(self._sample(start_ns + at)) for at in floors_ns]
        return {"pulls": await asyncio.gather(*pulls), "floors": await asyncio.gather(*floors)}

    async def _pull(self, clinician: Clinician, due_ns: int) -> Sample:
        await reach(due_ns)
        sent_ns = time.perf_counter_ns()
        sample: Sample = {"due_ns": due_ns, "sent_ns": sent_ns}
        try:
            duty = await clinician.pull()
        except LoadtestError as error:
            return {**sample, "failed": f"{type(error).__name__}: {error}"}
        visit = duty.get("visit")
        if not visit:
            return {**sample, "failed": "the reply to the pull holds no visit"}
        return {**sample, "visit": visit["id"], "replied_ns": time.perf_counter_ns()}

    async def _sample(self, due_ns: int) -> Sample:
        await reach(due_ns)
        assert self._floor is not None
        script_ns, echo_ns = await self._floor.sample()
        return {"script_ns": script_ns, "echo_ns": echo_ns}


@asynccontextmanager
async def job() -> AsyncIterator[Mapping[str, Verb]]:
    async with AsyncExitStack() as stack:
        desk = Desk(stack, await stack.enter_async_context(Network()))
        yield {"ready": desk.ready, "prepare_floor": desk.prepare_floor, "run": desk.run}


if __name__ == "__main__":
    run_worker(job())
