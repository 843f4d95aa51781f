"""Fault 6: a cluster loses a primary in the middle of the traffic, with its last writes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from drivers import QUEUE, Closed, Driver, People
from kolapp_queue import keys
from kolapp_queue.cluster import ClusterClient
from kolapp_queue.errors import NoSuchTicket, StoreUnavailable
from kolapp_queue.model import QueueRef
from kolapp_queue.store import QueueStore
from kolapp_signalling.app import Served
from outages import two_nodes
from redis.crc import key_slot
from store_servers import cluster

FORGET_MS = 2_000  # a silent node is given up by the others; a replica then takes a moment
TRUTH_S = 5.0
TRAFFIC = 40  # joins at both nodes before that
COME_S = 60.0
LAST = 3  # joins that no replica hears of


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with cluster(tmp_path, forget_ms=FORGET_MS) as url:
        yield url


@dataclass
class Person:
    """Whoever is sent away comes back with the signed copy, as the pages do."""

    name: str
    driver: Driver
    number: int = 0
    signed: str = ""
    told: list[tuple[float, dict[str, Any]]] = field(default_factory=list)  # when, which snapshot

    async def live(self, node: Served, crowd: People) -> None:
        while True:
            try:
                while True:
                    message = await self.driver.receive()
                    if message["type"] == "ticket":
                        self.told.append((asyncio.get_running_loop().time(), message))
            except Closed:
                self.driver = await crowd.patient(node, self.name)
                await self.driver.send("find", queue=QUEUE, signed=self.signed)

    def knows_the_truth(self, since: float) -> bool:
        """That the place is the last one known, or where it is now."""
        return any(at >= since for at, _ in self.told)


async def joined(node: Served, crowd: People, name: str) -> Person:
    person = Person(name, await crowd.patient(node, name))
    ticket = await person.driver.join()
    person.number, person.signed = ticket["number"], ticket["signed"]
    return person


async def primary_of(store: QueueStore, ref: QueueRef) -> Any:
    redis = store._link._redis
    assert isinstance(redis, ClusterClient)
    return await redis._node_of(key_slot(keys.queue_keys(ref)[0].encode()))


async def pid_of(node: Any) -> int:
    return int((await node.info("server"))["process_id"])


async def replica_pid(store: QueueStore, node: Any) -> int:
    told = (await node.info("replication"))["slave0"]
    redis = store._link._redis
    assert isinstance(redis, ClusterClient)
    return await pid_of(redis.at((told["ip"], int(told["port"]))))


async def test_fault_6_a_primary_is_killed_in_mid_traffic(url: str, tmp_path: Path) -> None:
    """Every join that reached a replica is there, everybody is told the truth within five seconds,
    and what the store itself lost comes back from the patients' signed tickets."""
    now = asyncio.get_running_loop().time
    async with two_nodes(url, url, tmp_path / "data") as (here, there, crowd):
        store = here.node.store
        ref = QueueRef(here.node.settings.demo_provider, QUEUE)
        people = await _traffic(here, there, crowd)
        primary = await primary_of(store, ref)
        assert await primary.execute_command("WAIT", 1, 5_000) == 1
        replicated = len(people)
        replica, victim = await replica_pid(store, primary), await pid_of(primary)
        os.kill(replica, signal.SIGSTOP)  # what is acknowledged now, it never hears of
        people += [await joined(here, crowd, f"last{number}") for number in range(LAST)]
        living = [asyncio.create_task(each.live(here, crowd)) for each in people]
        os.kill(victim, signal.SIGKILL)
        killed = now()
        os.kill(replica, signal.SIGCONT)
        async with asyncio.timeout(COME_S):
            while not all(each.knows_the_truth(killed) for each in people):  # noqa: ASYNC110  # of many
                await asyncio.sleep(0.05)
            truth_s = now() - killed
            there_before = await _whole(store, ref, people)
        for task in living:
            task.cancel()
        await asyncio.wait(living)
    sys.stderr.write(
        f"{replicated} joins replicated and {LAST} lost; everybody told after {truth_s:.1f} s, "
        f"everybody in the line again after {there_before - killed:.1f} s\n"
    )
    assert truth_s < TRUTH_S


async def _traffic(here: Served, there: Served, crowd: People) -> list[Person]:
    async with asyncio.timeout(COME_S):
        return [
            await joined(there if number % 2 else here, crowd, f"patient{number}")
            for number in range(TRAFFIC)
        ]


async def _whole(store: QueueStore, ref: QueueRef, people: list[Person]) -> float:
    """When each has the number that was acknowledged, and all are in its order."""
    wanted = [each.number for each in people]
    while True:
        numbers = []
        for each in people:
            tickets = [told for _, told in each.told if told["number"] == each.number]
            numbers += [each.number] if tickets and tickets[-1]["state"] == "waiting" else []
        try:
            line = await store.line(ref)
            found = [(await store.read_ticket(ref, ticket)).number for ticket in line.waiting]
        except (StoreUnavailable, NoSuchTicket):  # while the cluster has no primary there
            found = []
        if found == wanted == numbers:
            return asyncio.get_running_loop().time()
        await asyncio.sleep(0.1)
