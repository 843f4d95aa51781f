"""A store that is away for a while, and somebody who is called meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from drivers import ENCODINGS, QUEUE, Closed, Driver, People, people
from kolapp_signalling.app import Served, serving
from kolapp_signalling.development import prepare
from kolapp_signalling.setting_kinds import SIGNALLING
from kolapp_signalling.settings import Settings
from tcp_proxy import TcpProxy

GIVE_UP_S = 60.0  # after the outage


class Outage(Protocol):
    def begin(self) -> None: ...

    def end(self) -> None: ...


@dataclass
class Frozen:
    """The store's process is stopped, and goes on (SIGSTOP, SIGCONT)."""

    pid: int

    def begin(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def end(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


@dataclass
class Cut:
    """The network between one node and the store. `lost`: the connections do not outlive it."""

    proxy: TcpProxy
    lost: bool

    def begin(self) -> None:
        self.proxy.cut()

    def end(self) -> None:
        self.proxy.mend(lost=self.lost)


@asynccontextmanager
async def two_nodes(
    here_url: str, there_url: str, directory: Path
) -> AsyncIterator[tuple[Served, Served, People]]:
    """Of one installation, each with its way to the store; and people to connect to them."""
    plain = Settings(http_port=0, store_url=there_url, data_dir=directory, audit=False)
    there = prepare(plain, SIGNALLING)
    async with (
        serving(there) as second,
        serving(replace(there, store_url=here_url)) as first,
        people(ENCODINGS[0]) as everybody,
    ):
        yield first, second, everybody


async def told_after(
    outage: Outage, lasts_s: float, here: Served, there: Served, crowd: People
) -> float:
    """A patient who waits `here` is pulled `there` during the outage. Returns how many seconds
    after its end "your turn" came; it came once."""
    now = asyncio.get_running_loop().time
    anna = await crowd.waiting(here, "anna")
    await crowd.waiting(here, "bo")
    doctor = await crowd.clinician(there)
    await doctor.ask("ready", queues=[QUEUE])
    outage.begin()
    try:
        waiting = asyncio.create_task(_until_called(here, crowd, anna))
        pulling = asyncio.create_task(_pulled(there, crowd, doctor))
        await asyncio.sleep(lasts_s)
    finally:
        outage.end()
    ended = now()
    async with asyncio.timeout(GIVE_UP_S):
        told, call = await waiting
        visit = await pulling
    assert (visit["number"], call) == (anna.ticket["number"], visit["id"]), "the first, once"
    return told - ended


async def _until_called(node: Served, crowd: People, driver: Driver) -> tuple[float, str]:
    """Whoever is sent away comes back, as clients do; to the same node, which is the worst."""
    while True:
        try:
            await driver.until_state_whenever("called")
            return asyncio.get_running_loop().time(), driver.ticket["call"]["visit"]
        except Closed:
            driver = await crowd.patient(node, "anna")


async def _pulled(node: Served, crowd: People, doctor: Driver) -> dict[str, object]:
    """Asked with one key until there is an answer."""
    while True:
        try:
            reply = await doctor.ask("pull", key="the-key")
        except Closed:
            doctor = await crowd.clinician(node)
            continue
        if reply["type"] == "duty":
            visit: dict[str, object] = reply["visit"]
            return visit
        assert reply["code"] == "store_unavailable"
