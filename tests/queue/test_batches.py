"""Calls that come together: how they go out, and that each keeps what is its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from kolapp_queue import batches, keys
from kolapp_queue.audit_stream import read_after
from kolapp_queue.batches import CLOSED, MOST_CALLS, OVERFLOW, Batches, Call
from kolapp_queue.errors import QueueFull, StoreUnavailable
from kolapp_queue.feed import Feed, Resync
from kolapp_queue.model import ClinicianKey, PatientKey, QueueRef, Ticket, TicketId
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from redis.exceptions import ResponseError
from store_people import join

SHARED = ("queue",)
DEADLINE_S = 10.0


class Sender:
    """Answers each call with its argument, when told to."""

    def __init__(self) -> None:
        self.sent: list[list[int]] = []
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def send(self, name: str, shared: Sequence[str], calls: list[Call]) -> list[Any]:
        self.sent.append([int(call.args[0]) for call in calls])
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return [ValueError("negative") if int(c.args[0]) < 0 else c.args[0] for c in calls]

    def ask(self, batches: Batches, number: int, own: Sequence[str] = ()) -> asyncio.Task[Any]:
        return asyncio.create_task(batches.call("queue/join", SHARED, own, (number,)))


@pytest.fixture
def sender() -> Sender:
    return Sender()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_calls_of_one_turn_go_out_as_one_and_each_has_its_own_answer(sender: Sender) -> None:
    calls = Batches(sender.send, DEADLINE_S)
    asked = [sender.ask(calls, number) for number in (1, -2, 3)]
    sender.go.set()
    got = await asyncio.gather(*asked, return_exceptions=True)
    assert sender.sent == [[1, -2, 3]]
    assert got[::2] == [1, 3]
    assert isinstance(got[1], ValueError)


async def test_what_comes_while_a_batch_is_under_way_waits_and_goes_together(
    sender: Sender,
) -> None:
    calls = Batches(sender.send, DEADLINE_S)
    asked = [sender.ask(calls, number) for number in range(MOST_CALLS + 3)]
    await settled()
    asked += [sender.ask(calls, number) for number in range(MOST_CALLS + 3, MOST_CALLS + 5)]
    await settled()
    assert [len(batch) for batch in sender.sent] == [MOST_CALLS]
    sender.go.set()
    assert await asyncio.gather(*asked) == list(range(MOST_CALLS + 5))
    assert [len(batch) for batch in sender.sent] == [MOST_CALLS, 5]


async def test_who_asks_again_at_once_goes_with_those_who_waited(sender: Sender) -> None:
    """Else two crowds would take turns for ever, each alone."""
    calls = Batches(sender.send, DEADLINE_S)

    async def insist(number: int) -> None:
        for _ in range(3):
            await calls.call("queue/join", SHARED, (), (number,))

    first = [asyncio.create_task(insist(number)) for number in range(3)]
    await settled()
    second = [asyncio.create_task(insist(number)) for number in range(3, 6)]
    await settled()
    sender.go.set()
    await asyncio.gather(*first, *second)
    assert [len(batch) for batch in sender.sent] == [3, 6, 6, 3]


async def test_only_calls_for_the_same_record_go_together_where_records_lie_apart(
    sender: Sender,
) -> None:
    calls, sent = Batches(sender.send, DEADLINE_S), ("anna", "bo", "anna")
    asked = [
        asyncio.create_task(calls.call("patient/enter", (), (name,), (number,), alone=True))
        for number, name in enumerate(sent)
    ]
    sender.go.set()
    await asyncio.gather(*asked)
    assert sender.sent == [[0, 2], [1]]


async def test_an_error_of_all_is_each_ones_own(sender: Sender) -> None:
    calls = Batches(sender.send, DEADLINE_S)
    sender.error = StoreUnavailable("gone")
    sender.go.set()
    got = await asyncio.gather(*(sender.ask(calls, n) for n in range(2)), return_exceptions=True)
    assert [str(error) for error in got] == ["gone", "gone"]
    assert got[0] is not got[1]


async def test_a_call_that_is_given_up_takes_no_other_with_it(sender: Sender) -> None:
    calls = Batches(sender.send, DEADLINE_S)
    asked = [sender.ask(calls, number) for number in range(3)]
    await settled()
    asked[1].cancel()
    await settled()
    sender.go.set()
    got = await asyncio.gather(*asked, return_exceptions=True)
    assert got[::2] == [0, 2]
    assert isinstance(got[1], asyncio.CancelledError)


async def test_every_call_has_its_own_deadline_wherever_it_waits(sender: Sender) -> None:
    calls = Batches(sender.send, 0.05)
    many = MOST_CALLS + 1  # the last one never goes out
    asked = [sender.ask(calls, number) for number in range(many)]
    got = await asyncio.gather(*asked, return_exceptions=True)
    assert {str(error) for error in got} == {"the store did not answer in time"}
    await calls.close()


async def test_too_many_are_refused_by_name(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MOST_WAITING", 3)
    calls = Batches(sender.send, DEADLINE_S)
    asked = [sender.ask(calls, number) for number in range(5)]
    sender.go.set()
    got = await asyncio.gather(*asked, return_exceptions=True)
    assert got[:3] == [0, 1, 2]
    assert {str(error) for error in got[3:]} == {OVERFLOW}


async def test_who_waits_when_it_is_closed_is_told(sender: Sender) -> None:
    calls = Batches(sender.send, DEADLINE_S)
    asked = [sender.ask(calls, number) for number in range(MOST_CALLS + 1)]
    await settled()
    await calls.close()
    got = await asyncio.gather(*asked, sender.ask(calls, 99), return_exceptions=True)
    assert {str(error) for error in got} == {CLOSED}


async def test_nothing_is_kept_of_a_queue_that_is_quiet(sender: Sender) -> None:
    calls = Batches(sender.send, DEADLINE_S)
    sender.go.set()
    await sender.ask(calls, 1)
    await settled()
    assert not calls._groups
    assert not calls._tasks


# In the store


async def test_a_crowd_that_draws_together_is_drawn_one_by_one(
    store: QueueStore, store_url: str, ref: QueueRef
) -> None:
    """Each has a number, a version, an event and a hint of its own; who is refused changes
    nothing."""
    feed = await Feed.open(store_url, QueueSettings())
    try:
        await feed.subscribe(ref)
        async with asyncio.timeout(DEADLINE_S):
            while await anext(feed) != Resync(ref):
                pass
        crowd, places = 40, 30

        async def draw(number: int) -> Ticket:
            ids = (PatientKey(f"p{number}"), TicketId(f"t{number}"), f"c{number}")
            return await store.join(ref, *ids, capacity=places)

        got = await asyncio.gather(*map(draw, range(crowd)), return_exceptions=True)
        drawn = [one for one in got if isinstance(one, Ticket)]
        tickets = sorted(drawn, key=lambda ticket: ticket.number)
        assert [ticket.number for ticket in tickets] == list(range(1, places + 1))
        assert [type(one) for one in got].count(QueueFull) == crowd - places
        assert len({ticket.version for ticket in tickets}) == places
        events = [entry.event for entry in (await read_after(store._link, ref, None)).entries]
        assert [event["ticket"] for event in events] == [ticket.id for ticket in tickets]
        async with asyncio.timeout(DEADLINE_S):
            hints = [await anext(feed) for _ in tickets]
        assert [hint.ticket for hint in hints] == [ticket.id for ticket in tickets]  # type: ignore[union-attr]  # no Resync
        assert await store.version(ref) == tickets[-1].version
    finally:
        await feed.close()


async def test_one_patient_who_draws_many_times_at_once_has_one_ticket(
    store: QueueStore, ref: QueueRef
) -> None:
    tickets = await asyncio.gather(*(join(store, ref, "anna") for _ in range(20)))
    assert {ticket.number for ticket in tickets} == {1}
    assert len((await store.line(ref)).waiting) == 1


async def test_as_many_clinicians_as_patients_pull_one_each(
    store: QueueStore, ref: QueueRef
) -> None:
    patients = [await join(store, ref, f"patient{number}") for number in range(20)]
    clinicians = [ClinicianKey(f"doctor{number}") for number in range(21)]
    for clinician in clinicians:
        await store.set_duty(ref.provider, clinician, [ref.queue])
    visits = await asyncio.gather(*(store.pull(ref.provider, who, "key") for who in clinicians))
    called = [visit.ticket for visit in visits if visit]
    assert sorted(called) == sorted(patient.id for patient in patients)
    assert len({visit.epoch for visit in visits if visit}) == 20


async def test_what_is_wrong_with_one_record_is_its_own_calls_error(
    store: QueueStore, ref: QueueRef
) -> None:
    broken = keys.patient(ref.provider, PatientKey("bo"))
    await store._link.do(lambda redis: redis.set(broken, "no hash"))
    people = ("anna", "bo", "cecilia")
    got = await asyncio.gather(*(join(store, ref, name) for name in people), return_exceptions=True)
    assert isinstance(got[1], ResponseError)
    assert "WRONGTYPE" in str(got[1])
    assert {ticket.number for ticket in got[::2] if isinstance(ticket, Ticket)} == {1, 2}
