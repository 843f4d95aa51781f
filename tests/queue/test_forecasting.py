"""Two nodes, a real store: ranges come, go on when the node that computes dies, and no promise is
broken on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from kolapp_queue.bulletin import Bulletin
from kolapp_queue.eta.facts import Facts
from kolapp_queue.eta.live import LiveForecast
from kolapp_queue.eta.published import Published
from kolapp_queue.feed import Feed
from kolapp_queue.forecast_lease import ForecastLease
from kolapp_queue.forecasting import Forecasted, Forecasting, ForecastTimes
from kolapp_queue.link import Link
from kolapp_queue.model import ClinicianKey, PatientKey, QueueRef, TicketId
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, join, pull

DEADLINE_S = 8.0
TIMES = ForecastTimes(lease_ms=300, gather_ms=1, least_ms=10, refresh_ms=60_000)


def configured() -> Forecasted:
    return Forecasted(600_000, lambda ms: 0.0, last_number)


def last_number(bulletin: Bulletin, now_ms: int) -> int | None:
    return None if bulletin.closing is None else now_ms


class Node:
    """One process's part: its own link to the store and its own task."""

    def __init__(self, url: str, ref: QueueRef, times: ForecastTimes = TIMES) -> None:
        self.link = Link(url, 2_000)
        self.forecasting = Forecasting(self.link, ref, configured, times)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self.forecasting.run())

    async def die(self) -> None:
        """Nothing more comes from it, no good-bye either."""
        await self.link.close()
        await self.stop()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self.link.close()


@asynccontextmanager
async def two_nodes(
    url: str, ref: QueueRef, times: ForecastTimes = TIMES
) -> AsyncIterator[tuple[Node, Node]]:
    here, there = Node(url, ref, times), Node(url, ref, times)
    try:
        yield here, there
    finally:
        await here.stop()
        await there.stop()


class Reader:
    """What a node that only reads sees: it looks again with each hint."""

    def __init__(self, store: QueueStore, ref: QueueRef, feed: Feed) -> None:
        self._store, self._ref, self._feed = store, ref, feed

    async def until(self, seen: Callable[[Published], object]) -> Published:
        async with asyncio.timeout(DEADLINE_S):
            while True:
                published = await self._store.forecast(self._ref)
                if published is not None and seen(published):
                    return published
                await anext(self._feed)


@pytest.fixture
async def reader(store: QueueStore, store_url: str, ref: QueueRef) -> AsyncIterator[Reader]:
    feed = await Feed.open(store_url, QueueSettings())
    await feed.subscribe(ref)
    yield Reader(store, ref, feed)
    await feed.close()


def promised(count: int) -> Callable[[Published], bool]:
    return lambda published: len(list(published.promises())) == count


async def test_a_dead_node_is_succeeded_and_no_promise_is_broken(
    store: QueueStore, store_url: str, ref: QueueRef, reader: Reader
) -> None:
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    for number in range(5):
        await join(store, ref, f"p{number}")
    async with two_nodes(store_url, ref) as (here, there):
        here.start()
        before = await reader.until(promised(5))
        there.start()
        await here.die()
        await join(store, ref, "late")
        there.forecasting.touched()
        after = await reader.until(promised(6))
    assert after.at_ms > before.at_ms
    old, new = dict(before.promises()), dict(after.promises())
    assert {number: new[number] for number in old} == old


async def test_an_urgent_patient_is_named_as_the_cause(
    store: QueueStore, store_url: str, ref: QueueRef, reader: Reader
) -> None:
    await pull_somebody(store, ref)
    for number in range(4):
        await join(store, ref, f"p{number}")
    async with two_nodes(store_url, ref) as (here, _):
        here.start()
        before = dict((await reader.until(promised(4))).promises())
        for number in range(6):
            key, ticket = PatientKey(f"u{number}"), TicketId(f"u{number}-t")
            await store.join(ref, key, ticket, "c", credit_ms=3_600_000)
        here.forecasting.touched()
        after = dict((await reader.until(promised(10))).promises())
    for number, (until_ms, _, cause) in before.items():
        assert cause == ""
        assert after[number][0] > until_ms
        assert after[number][2] == "urgent"


async def test_who_waits_when_a_queue_closes_is_passed_no_more(
    store: QueueStore, store_url: str, ref: QueueRef, reader: Reader
) -> None:
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    for number in range(12):
        credit_ms = 3_600_000 * (number % 2)
        key, ticket = PatientKey(f"p{number}"), TicketId(f"p{number}-t")
        await store.join(ref, key, ticket, "c", credit_ms=credit_ms)
    async with two_nodes(store_url, ref) as (here, _):
        here.start()
        before = await reader.until(promised(12))
        await store.close_early(ref, None, "", "operator")
        here.forecasting.touched()
        after = await reader.until(lambda one: one.version > before.version)
    waits_s = [one.curves[0].at_place(12, "q50") for one in (before, after)]
    assert waits_s[0] > 1.1 * waits_s[1]


async def test_a_burst_of_changes_is_computed_at_once(
    store: QueueStore, store_url: str, ref: QueueRef, reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    computed, loop = [], asyncio.get_running_loop()
    publish = LiveForecast.publish

    def counted(live: LiveForecast, facts: Facts) -> Published:
        computed.append(facts.version)
        return publish(live, facts)

    monkeypatch.setattr(LiveForecast, "publish", counted)
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    second = replace(TIMES, lease_ms=9_000, least_ms=1_000)
    async with two_nodes(store_url, ref, second) as (here, _):
        since = loop.time()
        here.start()
        for number in range(60):
            await join(store, ref, f"p{number}")
            here.forecasting.touched()
        await reader.until(promised(60))
    # One at the beginning, then one a second.
    assert len(computed) <= loop.time() - since + 1


async def test_a_cause_that_came_while_nobody_served_is_not_forgotten(
    store: QueueStore, store_url: str, ref: QueueRef, reader: Reader
) -> None:
    team = [ClinicianKey(f"c{number}") for number in range(8)]
    for clinician in team:
        await store.set_duty(ref.provider, clinician, [ref.queue])
    for number in range(12):
        await join(store, ref, f"p{number}")
    async with two_nodes(store_url, ref) as (here, _):
        here.start()
        before = dict((await reader.until(promised(12))).promises())
        for clinician in team:
            await store.set_duty(ref.provider, clinician, [])
        here.forecasting.touched()
        nobody = await reader.until(lambda published: published.why == "nobody_on_duty")
        # They leave one by one, so a promise may have been moved on the way; none is forgotten.
        kept = dict(nobody.promises())
        assert all(kept[number][0] >= until_ms for number, (until_ms, _, _) in before.items())
        await store.set_duty(ref.provider, team[0], [ref.queue])
        here.forecasting.touched()
        after = dict((await reader.until(lambda one: not one.why)).promises())
    last = max(after)
    assert after[last][0] > before[last][0]
    assert after[last][2] == "clinician_left"


async def test_what_was_learned_survives_a_stop(
    store: QueueStore, store_url: str, ref: QueueRef, reader: Reader
) -> None:
    for number in range(6):
        await join(store, ref, f"p{number}")
    for _ in range(3):
        visit = await pull(store, ref)
        ticket = await store.read_ticket(ref, visit.ticket)
        await store.answer(ref, visit.ticket, ticket.patient, visit.epoch)
        await store.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    async with two_nodes(store_url, ref) as (here, there):
        here.start()
        await reader.until(promised(3))
        await here.stop()
        _, memory = await ForecastLease(store._link, ref, "", 1).left()
        known = LiveForecast(600.0, memory)
        assert known.learned >= 3
        # At once: whoever stops gives the lease away.
        version = await store.version(ref)
        there.start()
        await join(store, ref, "another")
        await reader.until(lambda one: one.version > version)
        await there.stop()
        _, again = await ForecastLease(store._link, ref, "", 1).left()
    assert LiveForecast(600.0, again).learned == known.learned


async def pull_somebody(store: QueueStore, ref: QueueRef) -> None:
    await join(store, ref, "first")
    await pull(store, ref)
