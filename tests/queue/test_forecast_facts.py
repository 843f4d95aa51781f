from __future__ import annotations

from typing import Any

import pytest
from kolapp_queue import keys
from kolapp_queue.eta.facts import Facts
from kolapp_queue.eta.servers import Server
from kolapp_queue.forecast_facts import Elsewhere, Reading, ask, reading_of
from kolapp_queue.model import ClinicianKey, Needs, PatientKey, Profile, QueueRef, TicketId
from kolapp_queue.states import Rise
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, join, pull

NURSE = ClinicianKey("nurse")


async def read(store: QueueStore, ref: QueueRef, after: str = "0-0") -> Reading:
    return reading_of(
        await store._link.together(lambda pipeline: ask(ref, pipeline, after, line=True))
    )


async def test_everything_is_of_one_moment(store: QueueStore, ref: QueueRef) -> None:
    await store.set_duty(ref.provider, DOCTOR, [ref.queue], Profile(languages=("sv",)))
    await store.set_duty(ref.provider, NURSE, [ref.queue])
    anna = await join(store, ref, "anna")
    swedish = Needs(language="sv")
    bo = await store.join(ref, PatientKey("bo"), TicketId("bo"), "c", swedish, credit_ms=60_000)
    found = await read(store, ref)
    assert found.version == await store.version(ref)
    assert set(found.facts.on_duty) == {DOCTOR, NURSE}
    assert [told["step"] for _, told in found.events] == ["join", "join"]
    assert found.line == (
        [(anna.order_key, anna.number), (bo.order_key, bo.number)],
        [0, 1],
    )
    fits = found.facts.fits()
    assert (fits["00"], fits["01"]) == ({DOCTOR, NURSE}, {DOCTOR})
    assert found.facts.causes[-1].rise == Rise.URGENT
    assert found.facts.anybody == 0
    assert not (await read(store, ref, found.events[-1][0])).events


async def test_who_means_to_stop_has_said_so(store: QueueStore, ref: QueueRef) -> None:
    version = await store.version(ref)
    await store.set_shift_end(ref.provider, DOCTOR, [ref.queue], 9_000)  # not on duty
    assert await store.version(ref) == version
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    await store.set_shift_end(ref.provider, DOCTOR, [ref.queue], 9_000)
    assert (await read(store, ref)).facts.leaves_ms == {DOCTOR: 9_000}
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])  # a renewal changes nothing
    assert (await read(store, ref)).facts.leaves_ms == {DOCTOR: 9_000}
    for queues in ([], [ref.queue]):
        await store.set_duty(ref.provider, DOCTOR, queues)
    assert (await read(store, ref)).facts.leaves_ms == {}


async def test_who_means_to_come_back_has_said_so(store: QueueStore, ref: QueueRef) -> None:
    provider, queues, later_ms = ref.provider, [ref.queue], 2**52
    swedish = Profile(languages=("sv",))
    await join(store, ref, "anna")
    await store.join(ref, PatientKey("bo"), TicketId("bo"), "c", Needs(language="fi"))
    version = await store.version(ref)
    await store.set_return(provider, DOCTOR, queues, later_ms, swedish)
    assert await store.version(ref) > version
    facts = (await read(store, ref)).facts
    assert (facts.on_duty, facts.returns_ms) == ([], {DOCTOR: later_ms})
    assert facts.expected() == (0,)  # nobody speaks Finnish
    version = await store.version(ref)
    await store.set_return(provider, NURSE, queues, 0)
    assert await store.version(ref) == version
    await store.set_duty(provider, NURSE, queues)
    assert (await read(store, ref)).facts.expected() == ()
    # Who is there is not expected.
    await store.set_duty(provider, DOCTOR, queues, swedish)
    await store.set_return(provider, DOCTOR, queues, later_ms)
    assert not (await read(store, ref)).facts.returns_ms
    await store.set_duty(provider, DOCTOR, [])
    assert not (await read(store, ref)).facts.returns_ms
    for back_ms in (later_ms, 0):
        await store.set_return(provider, DOCTOR, queues, back_ms)
        assert bool((await read(store, ref)).facts.returns_ms) == bool(back_ms)


async def test_who_is_late_is_not_expected(store: QueueStore, ref: QueueRef) -> None:
    await store.set_return(ref.provider, NURSE, [ref.queue], 1)
    assert not (await read(store, ref)).facts.returns_ms
    await store.set_return(ref.provider, DOCTOR, [ref.queue], 2**52)
    fields = await store._link.do(lambda redis: redis.hkeys(keys.queue_key(ref, "profiles")))
    assert fields == [f"b{DOCTOR}".encode()]


async def test_an_early_closing_is_seen(store: QueueStore, ref: QueueRef) -> None:
    assert (await read(store, ref)).bulletin.closing is None
    await store.close_early(ref, None, "", "operator")
    closing = (await read(store, ref)).bulletin.closing
    assert closing is not None
    assert closing.until_ms is None


async def test_what_cannot_be_read_is_passed_over(store: QueueStore, ref: QueueRef) -> None:
    from kolapp_queue.keys import queue_key

    for content in (b"\xc1", b"\x01"):
        await store._link.do(
            lambda redis, content=content: redis.xadd(queue_key(ref, "events"), {"e": content})
        )
    await join(store, ref, "anna")
    assert [bool(told) for _, told in (await read(store, ref)).events] == [False, False, True]


async def test_a_visit_in_another_queue_is_seen(store: QueueStore, ref: QueueRef) -> None:
    other = QueueRef(ref.provider, "other")
    await join(store, other, "anna")
    await pull(store, other)
    await store.set_duty(ref.provider, DOCTOR, [ref.queue, other.queue])
    await store.set_duty(ref.provider, NURSE, [ref.queue])
    facts = (await read(store, ref)).facts
    look = Elsewhere(store._link, ref)
    assert set((await look.look(facts, {})).elsewhere_ms) == {DOCTOR}
    since_ms = (await look.look(facts, {})).elsewhere_ms[DOCTOR]
    assert 0 <= facts.now_ms - since_ms < 60_000
    assert not (await look.look(facts, {DOCTOR: Server(ticket=1)})).elsewhere_ms  # busy here
    # Who serves this queue alone is not looked up each time.
    asked: list[str] = []

    async def visit(name: str) -> int:
        asked.append(name)
        return 0

    look._visit = visit  # type: ignore[method-assign]  # to see whom it asks for
    await look.look(facts, {})
    assert asked == [DOCTOR]


@pytest.mark.parametrize("masks", [{}, {0: 0b01, 1: 0b11}])
def test_who_fits_follows_from_the_bits(masks: dict[int, int]) -> None:
    facts: Any = Facts(0, 1, ["a", "b"], masks)
    assert facts.fits() == ({"00": {"a"}, "01": {"a", "b"}} if masks else {})
