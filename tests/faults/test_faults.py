"""Faults of the store and of those who use it, by number, each with the outcome it must have.

Those that only whole processes can show are in test_fault_nodes.py, two clinicians at once (10) in
test_fault_10.py, and a record that cannot be read (27) in test_fault_27.py.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cut_link import Cut, CutLink
from kolapp_queue.audit_stream import Cursor, read_after
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.errors import NoSuchVisit, StaleEpoch, StoreUnavailable, WrongState
from kolapp_queue.keys import queue_key
from kolapp_queue.model import ClinicianKey, PatientKey, QueueRef, Ticket, TicketId
from kolapp_queue.presence import NodeLease
from kolapp_queue.states import TicketState
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, answered, join, pull, with_settings
from store_servers import connected, embedded_store

READY_S = 20.0
ANNA = PatientKey("anna")
COLLEAGUE = ClinicianKey("colleague")
REF = QueueRef("provider", "drop-in")


async def steps(store: QueueStore, ref: QueueRef) -> list[str]:
    """Of all events of a queue, as its readers get them."""
    return [entry.event["step"] for entry in (await read_after(store._link, ref, None)).entries]


def again(server: EmbeddedStore) -> None:
    """Start a server anew that has just died."""
    while server.poll() is None:
        time.sleep(0.01)
    server.start()
    server.wait_ready(READY_S)


async def test_fault_1_a_node_dies_between_the_join_and_its_reply(
    store: QueueStore, dying: QueueStore, cut_link: CutLink, ref: QueueRef
) -> None:
    """Exactly one ticket, with the same number and place for the retry on another node."""
    await join(store, ref, "before")
    cut_link.after = "queue/join"
    with pytest.raises(Cut):
        await dying.join(ref, ANNA, TicketId("t"), "c")
    await join(store, ref, "behind")
    ticket = await store.join(ref, ANNA, TicketId("t"), "c")
    assert ticket.number == 2
    assert (await store.line(ref)).waiting.index(ticket.id) == 1
    assert len((await store.line(ref)).waiting) == 3


async def test_fault_2_the_store_is_killed_after_it_said_yes(tmp_path: Path) -> None:
    """The tickets are there in the same order, and so is the assignment."""
    with embedded_store(tmp_path) as server:
        async with connected(server.url) as store:
            tickets = [await join(store, REF, f"patient{number}") for number in range(10)]
            visit = await pull(store, REF)
            os.kill(server.pid, signal.SIGKILL)
            again(server)
            assert (await store.line(REF)).waiting == tuple(one.id for one in tickets[1:])
            assert await store.read_visit(REF, visit.id) == visit
            assert (await store.duty(REF.provider, DOCTOR)).visit == visit


PARENT = """
import asyncio, sys
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.model import PatientKey, QueueRef, Ticket, TicketId
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore

async def main():
    server = EmbeddedStore(sys.argv[1])
    server.start()
    server.wait_ready(20)
    store = await QueueStore.connect(server.url, QueueSettings())
    for number in range(1_000_000):
        ticket = TicketId(f"ticket{number}")
        await store.join(QueueRef("provider", "drop-in"), PatientKey(f"p{number}"), ticket, "c")
        print(ticket, flush=True)

asyncio.run(main())
"""


def told_until_killed(directory: Path) -> list[str]:
    """The tickets that were acknowledged by a node and its store, killed in the middle of it."""
    command = [sys.executable, "-P", "-c", PARENT, str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        told = [parent.stdout.readline().strip() for _ in range(50)]
        parent.kill()
        return told + [line.strip() for line in parent.stdout if line.endswith("\n")]


async def test_fault_3_the_parent_of_the_embedded_store_is_killed(tmp_path: Path) -> None:
    """Never two servers on one directory, and no acknowledged ticket is lost."""
    acknowledged = told_until_killed(tmp_path)
    # Its start waits for the lock that the first server holds until it is gone.
    with embedded_store(tmp_path) as server:
        async with connected(server.url) as store:
            waiting = (await store.line(REF)).waiting
    assert list(waiting[: len(acknowledged)]) == acknowledged
    assert len(waiting) - len(acknowledged) <= 1, "one may be joined and not yet told"


@contextmanager
def small_disk(directory: Path) -> Iterator[None]:
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "kolapp", str(directory)]
    subprocess.run(mount, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(directory)], check=True)


def grow(directory: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=8m", str(directory)], check=True)


async def join_on_and_on(store: QueueStore, joined: list[Ticket]) -> None:
    for number in range(10_000):
        joined.append(await join(store, REF, f"patient{number}"))


async def test_fault_4_the_disk_is_full(tmp_path: Path) -> None:
    """Nothing more is acknowledged, whoever waits keeps the place, and with room it goes on. A
    server that cannot write its file ends itself rather than say yes."""
    if os.geteuid() != 0:
        pytest.fail("this test mounts a small disk: run it as root, or as root of a container")
    directory = tmp_path / "store"
    directory.mkdir(mode=0o700)
    with small_disk(directory), embedded_store(directory) as server:
        async with connected(server.url, timeout_ms=1_000) as store:
            joined: list[Ticket] = []
            with pytest.raises(StoreUnavailable):
                await join_on_and_on(store, joined)
            assert len(joined) > 10
            grow(directory)
            again(server)
            waiting = (await store.line(REF)).waiting
            assert waiting[: len(joined)] == tuple(ticket.id for ticket in joined)
            # The one that was refused may draw now, and is behind all of them.
            late = await join(store, REF, f"patient{len(joined)}")
            assert (await store.line(REF)).waiting[-1] == late.id


async def test_fault_4_the_store_answers_and_refuses_writes(tmp_path: Path) -> None:
    """A server that may go on without its file (somebody else's may) refuses every write: so do we,
    the health of the nodes says so, and what is there can be read."""
    if os.geteuid() != 0:
        pytest.fail("this test mounts a small disk: run it as root, or as root of a container")
    directory = tmp_path / "store"
    directory.mkdir(mode=0o700)
    with small_disk(directory), embedded_store(directory) as server:
        async with connected(server.url) as store:
            await store._link.do(lambda redis: redis.config_set("appendfsync", "everysec"))
            lease = NodeLease(store, 60_000, 1_000)
            await lease.renew()
            joined: list[Ticket] = []
            with pytest.raises(StoreUnavailable, match="refuses writes"):
                await join_on_and_on(store, joined)
            with pytest.raises(StoreUnavailable, match="refuses writes"):
                await lease.check()
            assert len((await store.line(REF)).waiting) == len(joined)
            grow(directory)
            async with asyncio.timeout(READY_S):
                while True:
                    with suppress(StoreUnavailable):
                        await lease.check()
                        break
            assert (await join(store, REF, "late")).number == len(joined) + 1


async def test_fault_9_a_slow_reader_finds_the_stream_trimmed(
    store: QueueStore, ref: QueueRef
) -> None:
    """It is told how much it missed; nothing is skipped in silence."""
    await join(store, ref, "anna")
    before = await read_after(store._link, ref, None)
    for number in range(5):
        await join(store, ref, f"patient{number}")
    key = queue_key(ref, "events")
    await store._link.do(lambda redis: redis.xtrim(key, maxlen=2, approximate=False))
    after = await read_after(store._link, ref, Cursor(before.cursor.id, before.cursor.added))
    assert after.gap is not None
    assert (after.gap.missing, len(after.entries)) == (3, 2)
    assert len((await store.line(ref)).waiting) == 6, "the state never was in the stream"


async def test_fault_11_the_reply_to_a_pull_is_lost(
    store: QueueStore, dying: QueueStore, cut_link: CutLink, ref: QueueRef
) -> None:
    """The retry gets the same patient, not the next one."""
    anna = await join(store, ref, "anna")
    bo = await join(store, ref, "bo")
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    cut_link.after = "queue/pull"
    with pytest.raises(Cut):
        await dying.pull(ref.provider, DOCTOR, "key")
    visit = await store.pull(ref.provider, DOCTOR, "key")
    assert visit is not None
    assert visit.ticket == anna.id
    assert (await store.line(ref)).waiting == (bo.id,)


async def test_fault_12_the_clinicians_node_dies_before_the_turn_is_told(
    store: QueueStore, dying: QueueStore, cut_link: CutLink, ref: QueueRef
) -> None:
    """What the patient's node needs is in the store: it rings there without the dead one. The same
    with real processes: test_fault_nodes.py."""
    await join(store, ref, "anna")
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    cut_link.after = "queue/pull"
    with pytest.raises(Cut):
        await dying.pull(ref.provider, DOCTOR, "key")
    ticket = await store.find(ref, ANNA)
    assert ticket.state is TicketState.CALLED
    assert (await store.answer(ref, ticket.id, ANNA, ticket.epoch)).state is TicketState.IN_VISIT


async def test_fault_13_a_clinician_vanishes_after_the_pull(
    store: QueueStore, ref: QueueRef
) -> None:
    """Back to the front with the time of joining, the patient is told why, and the old call can no
    longer be answered."""
    anna = await join(store, ref, "anna")
    bo = await join(store, ref, "bo")
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    visit = await with_settings(store, duty_lease_ms=-1_000).pull(ref.provider, DOCTOR, "key")
    assert visit is not None
    await store.sweep(ref)
    ticket = await store.find(ref, ANNA)
    assert (ticket.state, ticket.reason) == (TicketState.WAITING, "clinician_gone")
    assert (ticket.order_key, ticket.number) == (anna.order_key, anna.number)
    assert (await store.line(ref)).waiting == (anna.id, bo.id)
    with pytest.raises(WrongState):
        await store.answer(ref, anna.id, ANNA, visit.epoch)
    next_visit = await pull(store, ref, COLLEAGUE)
    assert next_visit.ticket == anna.id
    with pytest.raises(StaleEpoch):
        await store.answer(ref, anna.id, ANNA, visit.epoch)


async def test_fault_14_a_clinician_wakes_after_the_patient_went_to_a_colleague(
    store: QueueStore, ref: QueueRef
) -> None:
    """Refused by the epoch, and the patient stays with the colleague. Called or live."""
    await join(store, ref, "anna")
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    asleep = await with_settings(store, duty_lease_ms=-1_000).pull(ref.provider, DOCTOR, "key")
    assert asleep is not None
    await store.sweep(ref)
    visit = await pull(store, ref, COLLEAGUE)
    with pytest.raises(WrongState):
        await store.place_media(ref, asleep.id, asleep.epoch, "m1", 0)
    with pytest.raises(WrongState):
        await store.give_back(ref, asleep.id, DOCTOR, asleep.epoch)
    assert (await store.duty(ref.provider, DOCTOR)).visit is None, "the truth, for the screen"
    await store.answer(ref, visit.ticket, ANNA, visit.epoch)
    assert (await store.duty(ref.provider, COLLEAGUE)).visit is not None


async def test_fault_14_a_live_visit_that_a_colleague_took_over(
    store: QueueStore, ref: QueueRef
) -> None:
    visit = await answered(store, ref, "anna")
    gone = with_settings(store, duty_lease_ms=0, visit_grace_ms=0)
    await gone.set_duty(ref.provider, DOCTOR, [ref.queue])
    await gone.sweep(ref)
    await store.set_duty(ref.provider, COLLEAGUE, [ref.queue])
    taken = await store.take_over(ref, visit.id, COLLEAGUE, "key")
    assert taken.epoch > visit.epoch
    with pytest.raises(NoSuchVisit):
        await store.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    with pytest.raises(StaleEpoch):
        await store.place_media(ref, visit.id, visit.epoch, "m1", 0)
    with pytest.raises(StaleEpoch):
        await store.hang_up(ref, visit.id, ANNA, visit.epoch)
    assert (await store.duty(ref.provider, DOCTOR)).visit is None
    assert (await store.duty(ref.provider, COLLEAGUE)).visit == taken


async def test_fault_15_a_patient_is_not_there_when_it_rings(
    store: QueueStore, ref: QueueRef
) -> None:
    """The place is held once, then it is a no-show; never a silent end, and each is an event."""
    await join(store, ref, "anna")
    bo = await join(store, ref, "bo")
    hasty = with_settings(store, ring_ms=-1_000)
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    first = await hasty.pull(ref.provider, DOCTOR, "first")
    assert first is not None
    await store.sweep(ref)
    held = await store.find(ref, ANNA)
    assert (held.state, held.present, held.missed) == (TicketState.WAITING, False, 1)
    assert (await store.line(ref)).waiting == (held.id, bo.id)
    await store.attach(ref, held.id, ANNA, "anna-2")
    again_ = await hasty.pull(ref.provider, DOCTOR, "second")
    assert again_ is not None
    assert again_.ticket == held.id, "back in time: next"
    await store.sweep(ref)
    ended = await store.read_ticket(ref, held.id)
    assert (ended.state, ended.reason) == (TicketState.NO_SHOW, "missed_calls")
    told = [step for step in await steps(store, ref) if step in ("miss", "no_show")]
    assert told == ["miss", "no_show"]


async def test_fault_18_an_old_connection_ends_after_the_new_one_came(
    store: QueueStore, ref: QueueRef
) -> None:
    """It is no longer the ticket's, so its end changes nothing."""
    ticket = await join(store, ref, "anna")
    await store.attach(ref, ticket.id, ANNA, "anna-2")
    version = await store.version(ref)
    await store.detach(ref, ticket.id, "anna-1")
    assert (await store.find(ref, ANNA)).present
    assert await store.version(ref) == version


async def test_fault_19_a_late_clean_up_finds_somebody_else(
    store: QueueStore, dying: QueueStore, cut_link: CutLink, ref: QueueRef
) -> None:
    """Whatever clears shared state names what it clears: the visit, the connection, the lease."""
    visit = await answered(store, ref, "anna")
    await join(store, ref, "bo")
    cut_link.before = "clinician/release"
    with pytest.raises(Cut):
        await dying.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    newer = await store.pull(ref.provider, DOCTOR, "newer")
    assert newer is not None
    await cut_link.arrive()  # the release of the first visit, at last
    assert (await store.duty(ref.provider, DOCTOR)).visit == newer
    # A sweep that saw the duty lapse comes after it was renewed.
    await with_settings(store, duty_lease_ms=-1_000).set_duty(ref.provider, DOCTOR, [ref.queue])
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    await store.sweep(ref)
    assert (await store.line(ref)).on_duty == 1
    assert (await store.duty(ref.provider, DOCTOR)).visit == newer


@pytest.mark.parametrize("hour", [3_600, -3_600])
async def test_fault_26_a_nodes_clock_is_an_hour_off(
    store: QueueStore, ref: QueueRef, monkeypatch: pytest.MonkeyPatch, hour: int
) -> None:
    """Order and leases are the store's time alone."""
    first = await join(store, ref, "anna")
    real, real_ns = time.time, time.time_ns
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: real() + hour)
        patch.setattr(time, "time_ns", lambda: real_ns() + hour * 10**9)
        second = await join(store, ref, "bo")
        await store.set_duty(ref.provider, DOCTOR, [ref.queue])
        await store.sweep(ref)
    third = await join(store, ref, "cecilia")
    assert (await store.line(ref)).waiting == (first.id, second.id, third.id)
    assert abs(second.order_key - first.order_key) < 60_000
    await store.sweep(ref)
    assert (await store.line(ref)).on_duty == 1, "neither lapsed"
    await with_settings(store, duty_lease_ms=-1_000).set_duty(ref.provider, DOCTOR, [ref.queue])
    await store.sweep(ref)
    assert (await store.line(ref)).on_duty == 0, "nor immortal"
