from __future__ import annotations

from dataclasses import replace

from kolapp_queue.model import QueueRef
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, join

SHORT = replace(QueueSettings(), duty_lease_ms=1)


async def test_tickets_are_read_in_the_order_asked_for(store: QueueStore, ref: QueueRef) -> None:
    assert await store.tickets(ref, []) == []
    anna, bo = await join(store, ref, "anna"), await join(store, ref, "bo")
    line = await store.line(ref)
    assert [ticket.id for ticket in await store.tickets(ref, line.waiting)] == [anna.id, bo.id]
    assert [ticket.number for ticket in await store.tickets(ref, [bo.id, anna.id])] == [2, 1]
    assert await store.tickets(ref, [anna.id + "x"]) == []


async def test_a_visit_is_listed_while_it_is_held(
    store_url: str, store: QueueStore, ref: QueueRef
) -> None:
    anna = await join(store, ref, "anna")
    assert await store.held_visits(ref) == []
    hasty = await QueueStore.connect(store_url, SHORT)
    try:
        await store.set_duty(ref.provider, DOCTOR, [ref.queue])
        visit = await hasty.pull(ref.provider, DOCTOR, "key")
        assert visit is not None
        await store.answer(ref, anna.id, anna.patient, visit.epoch)
        while not (held := await store.held_visits(ref)):
            await store.sweep(ref)
        assert [(found.id, found.state) for found in held] == [(visit.id, "held")]
        await store.set_duty(ref.provider, DOCTOR, [ref.queue])
        assert await store.held_visits(ref) == []
    finally:
        await hasty.close()
