from __future__ import annotations

import asyncio

import msgpack
import pytest
from kolapp_queue import keys, sweep_verbs
from kolapp_queue.errors import AlreadyInVisit, NewerRecord
from kolapp_queue.model import NodeRecord, PatientKey, QueueRef
from kolapp_queue.states import TicketState, VisitState
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, answered, every_key, join, pull, with_settings

ANNA = PatientKey("anna")


async def swept(store: QueueStore, ref: QueueRef) -> int:
    """Sweep until nothing is due; the next deadline."""
    async with asyncio.timeout(5):
        while True:
            next_ms = await store.sweep(ref)
            if next_ms == 0 or next_ms > (await store.line(ref)).now_ms:
                return next_ms


async def test_an_empty_queue_is_a_line_too(store: QueueStore, ref: QueueRef) -> None:
    line = await store.line(ref)
    assert (line.version, line.waiting, line.on_duty, line.busy_since_ms) == (0, (), 0, ())
    assert (line.visits_done, line.visit_ms_mean) == (0, 0.0)
    assert line.now_ms > 0
    assert await store.version(ref) == 0
    assert await store.sweep(ref) == 0


async def test_time_never_runs_backwards(store: QueueStore, ref: QueueRef) -> None:
    """As if the store's clock had been a day ahead when the last change was made."""
    first = await join(store, ref, "anna")
    ahead = first.joined_ms + 86_400_000
    await store._link.do(lambda redis: redis.hset(keys.queue_key(ref, "meta"), "clock", ahead))
    second = await join(store, ref, "bo")
    assert second.joined_ms == ahead
    assert (await store.line(ref)).now_ms == ahead
    assert (await store.line(ref)).waiting == (first.id, second.id)


async def test_a_sweep_before_the_deadline_names_it(store: QueueStore, ref: QueueRef) -> None:
    await join(store, ref, "anna")
    visit = await pull(store, ref)
    assert await store.sweep(ref) == visit.ring_until_ms
    assert (await store.read_visit(ref, visit.id)) == visit


async def test_a_missed_call_keeps_the_place_until_a_sign_of_life(
    store: QueueStore, ref: QueueRef
) -> None:
    anna, bo = await join(store, ref, "anna"), await join(store, ref, "bo")
    visit = await pull(with_settings(store, ring_ms=0), ref)
    await store.sweep(ref)
    ticket = await store.read_ticket(ref, anna.id)
    assert (ticket.state, ticket.missed, ticket.reason) == (TicketState.WAITING, 1, "missed_call")
    assert (ticket.order_key, ticket.present) == (anna.order_key, False)
    assert (await store.read_visit(ref, visit.id)).state is VisitState.ENDED
    assert (await store.line(ref)).waiting == (anna.id, bo.id)

    skipped = await store.pull(ref.provider, DOCTOR, "next")
    assert skipped is not None
    assert skipped.ticket == bo.id
    await store.give_back(ref, skipped.id, DOCTOR, skipped.epoch)

    # The same connection speaks again: present, and first.
    assert (await store.attach(ref, anna.id, ANNA, "anna-1")).present
    again = await store.pull(ref.provider, DOCTOR, "again")
    assert again is not None
    assert again.ticket == anna.id


async def test_joining_again_is_a_sign_of_life(store: QueueStore, ref: QueueRef) -> None:
    ticket = await join(store, ref, "anna")
    await pull(with_settings(store, ring_ms=0), ref)
    await store.sweep(ref)
    again = await join(store, ref, "anna")
    assert (again.id, again.present, again.missed) == (ticket.id, True, 1)


@pytest.mark.parametrize("allowed", [0, 1, 2])
async def test_one_missed_call_too_many_is_a_no_show(
    store: QueueStore, ref: QueueRef, allowed: int
) -> None:
    ticket = await join(store, ref, "anna")
    hasty = with_settings(store, ring_ms=0, missed_calls=allowed)
    for _ in range(allowed + 1):
        await store.attach(ref, ticket.id, ANNA, "anna-1")
        assert (await pull(hasty, ref)).ticket == ticket.id
        await hasty.sweep(ref)
    gone = await store.read_ticket(ref, ticket.id)
    assert (gone.state, gone.missed, gone.reason) == (
        TicketState.NO_SHOW,
        allowed + 1,
        "missed_calls",
    )
    assert (await store.duty(ref.provider, DOCTOR)).visit is None


async def test_who_stays_away_loses_the_place(store: QueueStore, ref: QueueRef) -> None:
    anna, bo = await join(store, ref, "anna"), await join(store, ref, "bo")
    await with_settings(store, away_grace_ms=0).detach(ref, anna.id, "anna-1")
    await store.detach(ref, bo.id, "bo-1")
    assert (await store.line(ref)).waiting == (anna.id, bo.id)
    next_ms = await store.sweep(ref)
    gone = await store.read_ticket(ref, anna.id)
    assert (gone.state, gone.reason) == (TicketState.EXPIRED, "away_too_long")
    line = await store.line(ref)
    assert line.waiting == (bo.id,)
    assert line.now_ms < next_ms <= line.now_ms + store._settings.away_grace_ms


async def test_a_lapsed_lease_is_off_duty(store: QueueStore, ref: QueueRef) -> None:
    await with_settings(store, duty_lease_ms=0).set_duty(ref.provider, DOCTOR, [ref.queue])
    assert (await store.line(ref)).on_duty == 0
    version = await store.version(ref)
    await store.sweep(ref)
    assert await store.version(ref) == version + 1
    assert await store.sweep(ref) == 0


async def test_a_sweep_is_bounded_and_says_that_there_is_more(
    store: QueueStore, ref: QueueRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_verbs, "SWEEP_MOST", 3)
    hasty = with_settings(store, away_grace_ms=0)
    for number in range(7):
        ticket = await join(store, ref, f"patient{number}")
        await hasty.detach(ref, ticket.id, f"patient{number}-1")
    left = [7]
    while left[-1]:
        next_ms = await store.sweep(ref)
        left.append(len((await store.line(ref)).waiting))
        assert (next_ms <= (await store.line(ref)).now_ms) is (left[-1] > 0)
    assert left == [7, 4, 1, 0]


async def test_what_ended_is_forgotten(store: QueueStore, ref: QueueRef) -> None:
    brief = with_settings(store, retention_ms=0, ring_ms=0, away_grace_ms=0, missed_calls=0)
    visit = await answered(brief, ref, "anna")
    await brief.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    ticket = await join(brief, ref, "bo")
    await brief.leave(ref, ticket.id, ticket.patient)
    await join(brief, ref, "cecilia")
    await pull(brief, ref)
    ticket = await join(brief, ref, "daniel")
    await brief.detach(ref, ticket.id, "daniel-1")
    assert await swept(brief, ref) > 0, "the duty lease"
    await brief.set_duty(ref.provider, DOCTOR, [])
    assert await swept(brief, ref) == 0

    # Left over is what concerns nobody, the queue's own counters and what put whom back, and the
    # stream of events, for its readers and for some days.
    pattern = f"{keys.PREFIX}{{{ref.provider}/*"
    found = await every_key(store, pattern)
    names = ("meta", "events", "causes")
    assert sorted(found) == sorted(keys.queue_key(ref, name).encode() for name in names)
    await with_settings(store, events_ms=-1_000).sweep(ref)
    assert await store._link.do(lambda redis: redis.xlen(keys.queue_key(ref, "events"))) == 0
    meta = await store._link.do(lambda redis: redis.hgetall(keys.queue_key(ref, "meta")))
    assert set(meta) == {
        b"version",
        b"clock",
        b"number",
        b"epoch",
        b"visits_done",
        b"visit_ms_mean",
        b"classes",
    }


async def test_a_clinician_in_a_visit_is_not_forgotten(store: QueueStore, ref: QueueRef) -> None:
    brief = with_settings(store, retention_ms=0, duty_lease_ms=100)
    await join(store, ref, "anna")
    visit = await pull(brief, ref)
    await brief.set_duty(ref.provider, DOCTOR, [])
    await swept(brief, ref)
    assert (await store.duty(ref.provider, DOCTOR)).visit == visit
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    with pytest.raises(AlreadyInVisit):
        await store.pull(ref.provider, DOCTOR, "another")


async def test_every_queue_used_is_known(store: QueueStore, provider: str) -> None:
    joined, served = QueueRef(provider, "joined"), QueueRef(provider, "served")
    await join(store, joined, "anna")
    await store.set_duty(provider, DOCTOR, [served.queue])
    mine = [ref for ref in await store.queues() if ref.provider == provider]
    assert mine == [joined, served]


async def test_nodes_are_known_while_their_lease_lasts(store: QueueStore, provider: str) -> None:
    media = [NodeRecord(f"{provider}-m{n}", "media", "127.0.0.1:1", 80, n) for n in range(3)]
    signalling = NodeRecord(f"{provider}-s", "signalling", "", 0, 0)
    for node in (*media, signalling):
        await store.register_node(node, 60_000)

    async def found(kind: str) -> list[NodeRecord]:
        return [node for node in await store.nodes(kind) if node.id.startswith(provider)]

    assert await found("media") == media
    assert await found("signalling") == [signalling]
    await store.forget_node(media[0].id)
    await store.forget_node("never-there")
    await store.register_node(media[1], 1)
    async with asyncio.timeout(5):
        while await found("media") != media[2:]:
            pass
    # A renewal brings back whoever was thought gone.
    await store.register_node(media[1], 60_000)
    assert await found("media") == media[1:]


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\xc1",
        b"\x93\x01",
        b"\xa3abc",
        msgpack.packb({"id": "m"}),
        msgpack.packb([1]),
        msgpack.packb({"id": "m", "kind": 1, "address": "", "capacity": "many", "load": 0}),
        msgpack.packb({"id": "m", "kind": "media", "address": "", "capacity": "80", "load": 0}),
    ],
)
async def test_a_node_whose_record_cannot_be_read_is_left_out_and_counted(
    store: QueueStore, provider: str, packed: bytes
) -> None:
    sound, broken = (NodeRecord(f"{provider}-{n}", "media", "127.0.0.1:1", 80, 0) for n in "ab")
    for node in (sound, broken):
        await store.register_node(node, 60_000)
    await store._link.do(lambda redis: redis.set(keys.node(broken.id), packed))
    assert sound in await store.nodes("media")
    assert store.unread_nodes == 1
    await store.register_node(broken, 60_000)
    assert broken in await store.nodes("media")
    assert store.unread_nodes == 0
    for node in (sound, broken):
        await store.forget_node(node.id)


async def test_tickets_that_have_not_ended_are_counted(store: QueueStore, ref: QueueRef) -> None:
    assert await store.active(ref) == 0
    visit = await answered(store, ref, "anna")
    await join(store, ref, "bo")
    assert await store.active(ref) == 2
    await store.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    assert await store.active(ref) == 1


async def test_a_neighbouring_version_may_add_fields(store: QueueStore, ref: QueueRef) -> None:
    ticket = await join(store, ref, "anna")
    key = keys.queue_key(ref, "tickets")
    packed = await store._link.do(lambda redis: redis.hget(key, ticket.id))
    assert msgpack.unpackb(packed)["schema"] == 1
    newer = msgpack.packb({**msgpack.unpackb(packed), "language": "sv", "schema": 2})
    await store._link.do(lambda redis: redis.hset(key, ticket.id, newer))
    assert await store.read_ticket(ref, ticket.id) == ticket
    await store.detach(ref, ticket.id, "anna-1")
    packed = await store._link.do(lambda redis: redis.hget(key, ticket.id))
    kept = msgpack.unpackb(packed)
    assert (kept["language"], kept["schema"]) == ("sv", 2)
    # Two versions ahead is not a neighbour.
    far = msgpack.packb({**kept, "schema": 3})
    await store._link.do(lambda redis: redis.hset(key, ticket.id, far))
    with pytest.raises(NewerRecord, match="schema 3"):
        await store.read_ticket(ref, ticket.id)
