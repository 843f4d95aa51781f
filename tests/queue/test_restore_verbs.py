"""A store that lost its last writes, here by putting an older dump of the queue's keys back."""

from __future__ import annotations

import pytest
from kolapp_queue.errors import CopyExpired, NoSuchTicket
from kolapp_queue.keys import queue_keys
from kolapp_queue.model import PatientKey, QueueRef, Ticket
from kolapp_queue.sealing import KeyRing, NotGenuine
from kolapp_queue.settings import QueueSettings
from kolapp_queue.signed import NotYours, copy_of, issue
from kolapp_queue.states import TicketState
from kolapp_queue.store import QueueStore
from store_people import join, pull, with_settings

RING = KeyRing.parse(KeyRing.new_line("k1"))
RETENTION_MS = QueueSettings().retention_ms


def signed(ticket: Ticket, valid_ms: int = RETENTION_MS) -> str:
    return issue(copy_of(ticket, ticket.joined_ms, valid_ms), RING)


async def restore(store: QueueStore, ticket: Ticket, copy: str = "") -> Ticket:
    ref, patient = ticket.ref, ticket.patient
    return await store.restore(ref, patient, copy or signed(ticket), f"{patient}-2", RING)


async def dump(store: QueueStore, ref: QueueRef) -> dict[str, bytes | None]:
    return {key: await store._link.do(lambda r, k=key: r.dump(k)) for key in queue_keys(ref)}


async def go_back(store: QueueStore, old: dict[str, bytes | None]) -> None:
    for key, value in old.items():
        await store._link.do(lambda redis, key=key: redis.delete(key))
        if value is not None:
            await store._link.do(lambda redis, k=key, v=value: redis.restore(k, 0, v))


async def test_lost_places_come_back_in_their_order(store: QueueStore, ref: QueueRef) -> None:
    first = await join(store, ref, "anna")
    old = await dump(store, ref)
    lost = [await join(store, ref, name) for name in ("bo", "cecilia", "daniel")]
    await go_back(store, old)
    with pytest.raises(NoSuchTicket):
        await store.find(ref, lost[0].patient)
    for ticket in reversed(lost):
        back = await restore(store, ticket)
        assert (back.id, back.number, back.order_key) == (
            ticket.id,
            ticket.number,
            ticket.order_key,
        )
        assert back.state is TicketState.WAITING
        assert back.reason == "restored"
    line = await store.line(ref)
    assert line.waiting == (first.id, *(ticket.id for ticket in lost))
    newcomer = await join(store, ref, "eva")
    assert newcomer.number > max(ticket.number for ticket in lost)
    assert newcomer.version > max(ticket.version for ticket in lost)
    assert (await pull(store, ref)).ticket == first.id
    assert (await pull(store, ref, "colleague")).ticket == lost[0].id


async def test_restoring_twice_restores_once(store: QueueStore, ref: QueueRef) -> None:
    ticket = await join(store, ref, "anna")
    await go_back(store, dict.fromkeys(queue_keys(ref)))
    back = await restore(store, ticket)
    assert await restore(store, ticket) == back
    assert (await store.line(ref)).waiting == (ticket.id,)


async def test_a_queue_that_went_on_after_the_loss_still_restores(
    store: QueueStore, ref: QueueRef
) -> None:
    """A node noticed; since then the version has passed the one of the copy."""
    ticket = await join(store, ref, "anna")
    await go_back(store, dict.fromkeys(queue_keys(ref)))
    await store.went_back(ref, ticket.version + 7)
    await store.went_back(ref, ticket.version)  # another node, which had seen less
    for name in ("bo", "cecilia", "daniel"):
        await join(store, ref, name)
    assert (await restore(store, ticket)).id == ticket.id
    assert (await store.line(ref)).waiting[0] == ticket.id


async def test_a_node_that_is_not_ahead_changes_nothing(store: QueueStore, ref: QueueRef) -> None:
    ticket = await join(store, ref, "anna")
    await store.went_back(ref, ticket.version)
    assert await store.version(ref) == ticket.version


async def test_an_ended_ticket_stays_ended(store: QueueStore, ref: QueueRef) -> None:
    ticket = await join(store, ref, "anna")
    ended = await store.leave(ref, ticket.id, ticket.patient)
    assert await restore(store, ticket) == ended
    await store.went_back(ref, ended.version + 100)  # whatever the versions say
    assert (await restore(store, ticket)).state is TicketState.LEFT
    assert (await store.line(ref)).waiting == ()


async def test_a_forgotten_ticket_is_not_restored_by_a_store_that_lost_nothing(
    store: QueueStore, ref: QueueRef
) -> None:
    ticket = await join(store, ref, "anna")
    hasty = with_settings(store, retention_ms=0)
    await hasty.leave(ref, ticket.id, ticket.patient)
    await hasty.sweep(ref)
    with pytest.raises(NoSuchTicket):
        await restore(store, ticket)


async def test_an_old_copy_restores_nothing(store: QueueStore, ref: QueueRef) -> None:
    ticket = await join(store, ref, "anna")
    await go_back(store, dict.fromkeys(queue_keys(ref)))
    with pytest.raises(CopyExpired):
        await restore(store, ticket, signed(ticket, valid_ms=0))
    assert await store.version(ref) == 0


async def test_nobody_restores_with_anothers_or_a_forged_copy(
    store: QueueStore, ref: QueueRef
) -> None:
    ticket = await join(store, ref, "anna")
    copy = signed(ticket)
    forged = issue(copy_of(ticket, 0, RETENTION_MS), KeyRing.parse(KeyRing.new_line("k1")))
    await go_back(store, dict.fromkeys(queue_keys(ref)))
    other = QueueRef(ref.provider, "children")
    with pytest.raises(NotYours):
        await store.restore(ref, PatientKey("bo"), copy, "bo-1", RING)
    with pytest.raises(NotYours):
        await store.restore(other, ticket.patient, copy, "anna-2", RING)
    with pytest.raises(NotGenuine):
        await store.restore(ref, ticket.patient, forged, "anna-2", RING)
    assert await store.version(ref) == await store.version(other) == 0


async def test_who_joined_anew_keeps_the_one_active_ticket(
    store: QueueStore, ref: QueueRef
) -> None:
    for name in ("bo", "cecilia"):
        await join(store, ref, name)
    ticket = await join(store, ref, "anna")
    await go_back(store, dict.fromkeys(queue_keys(ref)))
    anew = await join(store, ref, "anna")
    assert (await restore(store, ticket)).id == anew.id
    assert len((await store.line(ref)).waiting) == 1
