"""People who wait while the signalling nodes are restarted one after the other."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from kolapp_loadtest.clinician import Clinician
from kolapp_loadtest.errors import NotInTime, RequestRefused
from kolapp_loadtest.patient import Patient
from processes import Serve
from story import QUEUE, Town

CLINICIANS = 4
AT_A_TIME = 25
BACK_S = 20.0
INSIST_S = 40.0
T = TypeVar("T")


@dataclass
class Seen:
    drawn: dict[str, int]  # number by ticket, before anything
    first: int = 0  # number that was next when it began
    pulled: list[int] = field(default_factory=list)  # in the order of numbers
    rung: list[int] = field(default_factory=list)
    turn_ms: list[int] = field(default_factory=list)  # from the pull in the store to the ring
    back_s: list[float] = field(default_factory=list)  # of each client whose node went
    kept: dict[str, int] = field(default_factory=dict)  # afterwards, those who were pulled too


class Waiting:
    """So many patients with a number each, and some clinicians on duty."""

    def __init__(self, town: Town, count: int, leave: bool = True) -> None:
        """`leave`: the line is to be empty afterwards."""
        self._town, self._count, self._leave = town, count, leave
        self._stack = AsyncExitStack()
        self.patients: list[Patient] = []
        self.clinicians: list[Clinician] = []

    async def __aenter__(self) -> Self:
        for first in range(0, self._count, AT_A_TIME):
            some = range(first, min(first + AT_A_TIME, self._count))
            self.patients += await asyncio.gather(*(self._patient() for _ in some))
        for _ in range(CLINICIANS):
            clinician = await self._stack.enter_async_context(self._town.clinician())
            await clinician.ready(QUEUE)
            self.clinicians.append(clinician)
        return self

    async def _patient(self) -> Patient:
        patient = await self._stack.enter_async_context(self._town.patient())
        await patient.join(QUEUE)
        return patient

    async def __aexit__(self, *error: Any) -> None:
        for patient in self.patients if self._leave else ():
            if patient.ticket is not None and patient.ticket["state"] == "waiting":
                await patient.leave()
        await self._stack.aclose()


async def restarted_in_turn(
    serve: Serve, waiting: Waiting, pulls_per_s: float, least: int = 0
) -> Seen:
    """SIGTERM to each signalling node, the next when the one before is back and so are all its
    clients; pulls go on all the time and until there were `least`, and each patient who is called
    says no."""
    drawn = {each.ticket["ticket"]: each.ticket["number"] for each in waiting.patients}  # type: ignore[index]  # all have joined
    seen = Seen(drawn, min(drawn.values()))
    answering = [asyncio.create_task(_declines(each, seen)) for each in waiting.patients]
    over = asyncio.Event()
    pulling = asyncio.create_task(_pulls(waiting, pulls_per_s, seen, over))
    try:
        for pid in serve.pids_of("signalling"):
            before = [(each, each.connections) for each in _all(waiting)]
            os.kill(pid, signal.SIGTERM)
            began = asyncio.get_running_loop().time()
            await asyncio.to_thread(serve.wait_back, "signalling")
            for each, connections in before:
                await each.until(lambda one: one.connected, BACK_S, "reconnection")
                if each.connections > connections:
                    seen.back_s.append(each._opened_s - began)
        async with asyncio.timeout(INSIST_S):
            while len(seen.pulled) < least:  # noqa: ASYNC110  # of a task that is at work
                await asyncio.sleep(1 / pulls_per_s)
        over.set()
        await pulling
        for task in answering:
            if task.done():
                task.result()  # whatever hindered somebody from saying no is what to hear of
        for clinician in waiting.clinicians:  # whoever they called has said no
            await clinician.until_free(BACK_S)
        assert seen.back_s, "nobody was sent elsewhere"
        for each in waiting.patients:
            assert each.ticket is not None
            seen.kept[each.ticket["ticket"]] = each.ticket["number"]
    finally:
        over.set()
        for task in (*answering, pulling):
            task.cancel()
        await asyncio.wait((*answering, pulling))
    seen.pulled.sort()
    seen.rung.sort()
    return seen


def _all(waiting: Waiting) -> list[Patient | Clinician]:
    return [*waiting.patients, *waiting.clinicians]


async def _declines(patient: Patient, seen: Seen) -> None:
    call = await patient.until(_call, 600.0, "turn")
    assert patient.ticket is not None
    seen.turn_ms.append(RING_MS - call["answer_within_ms"])
    seen.rung.append(patient.ticket["number"])
    await _insisted(patient.decline)


RING_MS = 45_000


def _call(patient: Patient) -> Any:
    ticket = patient.ticket
    return ticket["call"] if ticket is not None and ticket["state"] == "called" else None


async def _pull(clinician: Clinician) -> int:
    key = secrets.token_urlsafe(12)
    visit = (await _insisted(lambda: clinician.pull(key)))["visit"]
    assert visit is not None
    return visit["number"]


async def _insisted(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again until there is an answer, as people do."""
    async with asyncio.timeout(INSIST_S):
        while True:
            try:
                return await ask()
            except NotInTime:
                continue
            except RequestRefused as refused:
                if refused.code != "store_unavailable":
                    raise


async def _pulls(waiting: Waiting, per_s: float, seen: Seen, over: asyncio.Event) -> None:
    """At an even pace; a clinician whose patient has not said no yet is passed over."""
    turn = 0
    while not over.is_set():
        turn += 1
        clinician = waiting.clinicians[turn % CLINICIANS]
        if clinician.visit is None and clinician.connected:
            seen.pulled.append(await _pull(clinician))
        try:
            await asyncio.wait_for(over.wait(), 1 / per_s)
        except TimeoutError:
            continue
