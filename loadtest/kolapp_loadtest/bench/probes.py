"""Worker: the patients at the front, whose "your turn" is measured.

Each one called answers, hangs up and draws a new number behind everybody, so the queue keeps its
length and a run can last.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from ..demo import demo_token
from ..errors import BenchFailed, LoadtestError
from ..network import Network
from ..patient import Patient
from ..waiting import Changes
from ..wire import Message
from .freshness import Places
from .worker import Verb, run_worker


class Probes:
    def __init__(self, network: Network) -> None:
        self._network = network
        self.places = Places()
        self._patients: list[Patient] = []
        self._turns: dict[str, int] = {}  # visit -> arrival of the first frame that says so
        self._sizes: dict[str, int] = {}
        self._failures: list[str] = []
        self._changes = Changes()

    async def join(self, url: str, queue: str, count: int) -> None:
        """Draw the first numbers; refuse a queue in which others wait already."""
        for number in range(count):
            token = await demo_token(self._network.session, url, "patient")
            place = len(self._patients)
            hook = partial(self._saw, place, queue)
            patient = Patient(url, token, network=self._network, on_frame=hook)
            self._patients.append(await patient.__aenter__())
            ticket = await patient.join(queue)
            position = (ticket.get("place") or {"position": 0})["position"]
            if number == 0 and position != 1:
                raise BenchFailed(f"somebody waits in `{queue}` already; measure in an empty queue")

    async def settle(self) -> None:
        """Before measuring: what was set up must not be collected in the middle of it."""
        gc.collect()
        gc.freeze()

    async def turns(self, visits: list[str], within_s: float) -> dict[str, list[int]]:
        """Arrival (perf_counter_ns) and size of each visit's turn. What has not come
        within `within_s` seconds is left out."""
        with contextlib.suppress(TimeoutError):  # the caller counts what is missing
            await self._changes.until(
                self, lambda probes: probes._turns.keys() >= set(visits), within_s, "turn"
            )
        return {
            visit: [self._turns[visit], self._sizes[visit]]
            for visit in visits
            if visit in self._turns
        }

    async def failures(self) -> list[str]:
        return self._failures

    def _saw(self, place: int, queue: str, message: Message, arrived_ns: int, size: int) -> None:
        self.places.saw(message, arrived_ns)
        call = message.get("call")
        if not call or call["visit"] in self._turns:
            return
        self._turns[call["visit"]] = arrived_ns
        self._sizes[call["visit"]] = size
        self._changes.happened(self)
        self._network.spawn(self._take_part(self._patients[place], queue))

    async def _take_part(self, patient: Patient, queue: str) -> None:
        try:
            await patient.until_called()
            await patient.answer()
            await patient.hang_up()
            await patient.join(queue)
        except LoadtestError as error:
            self._failures.append(f"{type(error).__name__}: {error}")

    async def close(self) -> None:
        await asyncio.gather(*(patient.close() for patient in self._patients))


@asynccontextmanager
async def job() -> AsyncIterator[Mapping[str, Verb]]:
    async with AsyncExitStack() as stack:
        probes = Probes(await stack.enter_async_context(Network()))
        stack.push_async_callback(probes.close)
        yield {
            "join": probes.join,
            "settle": probes.settle,
            "turns": probes.turns,
            "failures": probes.failures,
            "begin": probes.places.begin,
            "seen": probes.places.seen,
        }


if __name__ == "__main__":
    run_worker(job())
