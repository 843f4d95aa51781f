"""Visits that carry real sound and picture: what the people of one process have of them.

Who shall is planned with the patients, who say so in what they write to the clinician (`intake`);
so both sides know it by the public protocol alone, and the clinician's leg is on its way while the
call rings, as the pages do it.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, TypedDict
from urllib.parse import urlsplit

from ..bench.worker import Worker
from ..errors import LoadtestError, RequestRefused
from ..lifetime import Lifetime
from ..peer import NO_MEDIA, OFFER_AGAIN_S, Signature
from ..wire import SdpAnswer, Visit
from .measures import Measures

WRITTEN = "With sound and picture."  # in a patient's intake
PATIENT, CLINICIAN = "patient", "clinician"
LEG_S = 20.0  # a leg is made within this, asking again included
VISIT_S = 3600.0
PREPARE_S = 50.0  # less than a process of people may take to settle
MOST_LEGS = 5  # of one side of a visit
PITCHES = 16
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Person(Protocol):
    """A patient or a clinician, as far as a leg has to do with them."""

    @property
    def visit(self) -> Visit | None: ...

    async def offer(self, sdp: str, generation: int = 1) -> SdpAnswer: ...

    async def until(self, predicate: Callable[[Any], Any], timeout: float) -> Any: ...


class Carried(TypedDict):
    """One side of a visit with media. Times in perf_counter_ns; 0: never."""

    visit: str
    side: str
    put_off: bool  # too many carried media at that moment
    begun_ns: int  # answered, for the patient; pulled, for the clinician
    connected_ns: int
    ended_ns: int
    failed: str
    legs: list[dict[str, Any]]  # figures of each; the second and later replace a lost one


def signatures(visit: str) -> dict[str, Signature]:
    """By side, known to both; people of visits that go on at the same time mostly differ, so that
    pictures that came to the wrong visit would be seen."""
    number = hashlib.sha256(visit.encode()).digest()[0] % (PITCHES // 2)
    marks = {PATIENT: number, CLINICIAN: number + PITCHES // 2}
    return {side: signature(mark) for side, mark in marks.items()}


def signature(mark: int) -> Signature:
    return Signature(mark, 300 + 40 * mark)


def lost(person: Person, side: str) -> bool:
    """Whether the node says that this side's leg is gone."""
    people = person.visit["participants"] if person.visit is not None else []
    return any(one["role"] == side and one["media"] == "lost" for one in people)


class Legs(Lifetime):
    def __init__(self, url: str, measures: Measures, most_at_once: int) -> None:
        self._address = "127.0.0.1" if urlsplit(url).hostname in LOOPBACK else ""
        self._measures = measures
        self._most = most_at_once
        self._worker = Worker(f"{__package__}.leg_worker", inside=True)
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        await self._worker.open()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._worker.close()

    async def prepare(self) -> None:
        await self._worker.call("prepare", PREPARE_S)

    @property
    def pid(self) -> int:
        return self._worker.pid

    @property
    def going_on(self) -> int:
        return len(self._tasks)

    def begin(self, person: Person, visit: str, side: str, due_ns: int) -> asyncio.Event:
        """Make this person's leg of the visit; latencies count from `due_ns`. It ends when the
        event is set, and is recorded."""
        over, now_ns = asyncio.Event(), time.perf_counter_ns()
        carried = Carried(
            visit=visit, side=side, put_off=self.going_on >= self._most,
            begun_ns=due_ns, connected_ns=0, ended_ns=now_ns, failed="", legs=[],
        )  # fmt: skip
        if carried["put_off"]:
            self._measures.media.append(dict(carried))
            return over
        task = asyncio.create_task(self._carry(person, carried, over))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return over

    async def _carry(self, person: Person, carried: Carried, over: asyncio.Event) -> None:
        names: list[str] = []
        going = asyncio.create_task(self._go(person, carried, names))
        ending = asyncio.create_task(over.wait())
        try:
            await asyncio.wait((going, ending), return_when=asyncio.FIRST_COMPLETED)
            if going.done() and (error := going.exception()) is not None:
                carried["failed"] = getattr(error, "code", "") or f"{type(error).__name__}: {error}"
                await ending
        finally:
            going.cancel()
            ending.cancel()
            await asyncio.wait((going, ending))
        carried["ended_ns"] = time.perf_counter_ns()
        for name in names:
            with suppress(LoadtestError):
                carried["legs"].append(await self._worker.call("close", LEG_S, leg=name))
        self._measures.media.append(dict(carried))

    async def _go(self, person: Person, carried: Carried, names: list[str]) -> None:
        """A leg, and the next generation whenever the node has lost it."""
        visit, side = carried["visit"], carried["side"]
        both = signatures(visit)
        own, other = both.pop(side), next(iter(both.values()))
        for generation in range(1, MOST_LEGS + 1):
            names.append(f"{visit} {side} {generation}")
            sdp = await self._worker.call(
                "offer", LEG_S, leg=names[-1], address=self._address,
                sends=[own.mark, own.hertz], sees=[other.mark, other.hertz],
            )  # fmt: skip
            answer = await _answered(person, sdp, generation)
            await self._until_lost(person, carried, names[-1], answer)

    async def _until_lost(self, person: Person, carried: Carried, leg: str, answer: str) -> None:
        """Its node may be gone before the leg is connected."""
        side = carried["side"]
        await person.until(lambda one: not lost(one, side), LEG_S)  # that was the one before
        made = asyncio.create_task(self._worker.call("accept", LEG_S, leg=leg, sdp=answer))
        gone = asyncio.create_task(person.until(lambda one: lost(one, side), VISIT_S))
        try:
            await asyncio.wait((made, gone), return_when=asyncio.FIRST_COMPLETED)
            if made.done():
                carried["connected_ns"] = carried["connected_ns"] or made.result()
                await gone
        finally:
            made.cancel()
            gone.cancel()
            await asyncio.wait((made, gone))


async def _answered(person: Person, sdp: str, generation: int) -> str:
    """Asked again while no media node can take it, as the errors tell a client to do."""
    async with asyncio.timeout(LEG_S):
        while True:
            try:
                return (await person.offer(sdp, generation))["sdp"]
            except RequestRefused as refused:
                if refused.code not in NO_MEDIA:
                    raise
            await asyncio.sleep(OFFER_AGAIN_S)
