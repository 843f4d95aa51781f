"""One patient leaves no trace: in the store's values, in its file; the others lose nothing."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from audit_events import steps, written
from kolapp_queue import keys
from kolapp_queue.append_only import rewrite, traces, until_old_files_are_gone
from kolapp_queue.audit_export import verify
from kolapp_queue.audit_lease import AuditLease
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.erase import Erased, erase_patient
from kolapp_queue.errors import NoSuchTicket, NoSuchVisit
from kolapp_queue.link import Link
from kolapp_queue.model import PatientKey, QueueRef, Ticket, TicketId, Visit
from kolapp_queue.sealing import KeyRing
from kolapp_queue.settings import AuditSettings, QueueSettings
from kolapp_queue.signed import copy_of, issue
from kolapp_queue.states import TicketState
from kolapp_queue.store import QueueStore
from store_contents import everything
from store_people import DOCTOR, pull
from store_servers import embedded_store

WAIT_S = 20.0
REF, OTHER = QueueRef("clinic", "drop-in"), QueueRef("clinic", "children")
ELSEWHERE = QueueRef("hospital", "drop-in")
ANNA, BO = PatientKey("a" * 64), PatientKey("b" * 64)
RING = KeyRing.parse(KeyRing.new_line("k1"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with embedded_store(tmp_path / "store") as server:
        yield server


@pytest.fixture
async def link(server: EmbeddedStore) -> AsyncIterator[Link]:
    link = Link(server.url, 2_000)
    yield link
    await link.close()


@pytest.fixture
def shop(link: Link) -> QueueStore:
    return QueueStore(link, QueueSettings())


@pytest.fixture
def audit(tmp_path: Path) -> AuditSettings:
    return AuditSettings(tmp_path / "audit")


async def erase(store: QueueStore, link: Link, audit: AuditSettings | None) -> Erased:
    return await erase_patient(store, link, "clinic", ANNA, audit, 0)


async def draw(store: QueueStore, ref: QueueRef, patient: PatientKey) -> Ticket:
    """A ticket whose id is random, as a node makes it."""
    return await store.join(ref, patient, TicketId(secrets.token_urlsafe(16)), "connection")


async def in_visit(store: QueueStore) -> Visit:
    """Anna in a live visit."""
    await draw(store, REF, ANNA)
    visit = await pull(store, REF)
    await store.answer(REF, visit.ticket, ANNA, visit.epoch)
    return visit


async def test_nothing_of_the_patient_is_left(
    shop: QueueStore, link: Link, audit: AuditSettings, tmp_path: Path
) -> None:
    """Of one in a visit here, waiting there, and of an earlier ticket with a missed call."""
    earlier = await draw(shop, REF, ANNA)
    visit = await pull(shop, REF)
    await shop.give_back(REF, visit.id, DOCTOR, visit.epoch)
    await shop.leave(REF, earlier.id, ANNA)
    live = await in_visit(shop)
    await shop.put_intake(REF, live.ticket, ANNA, "hosta", RING)
    await shop.read_intake(REF, live.id, DOCTOR, live.epoch, RING)
    sealed = await link.do(lambda r: r.hget(keys.queue_key(REF, "intake"), live.ticket))
    waiting = await draw(shop, OTHER, ANNA)
    bo = await draw(shop, REF, BO)
    before = await everything(link)
    canaries = [ANNA.encode(), sealed]
    assert all(canary in before for canary in canaries)

    done = await erase(shop, link, audit)
    assert (done.tickets, done.visits, done.unaudited) == (3, 2, 0)
    after = await everything(link)
    assert [canary for canary in canaries if canary in after] == []
    assert list(traces(tmp_path / "store", canaries)) != [], "until the file is rewritten"
    await rewrite(link, WAIT_S)
    await until_old_files_are_gone(tmp_path / "store", WAIT_S)
    assert list(traces(tmp_path / "store", canaries)) == []

    assert await shop.find(REF, BO) == bo
    assert (await pull(shop, REF)).ticket == bo.id
    with pytest.raises(NoSuchTicket):
        await shop.find(OTHER, ANNA)
    for gone in (visit.id, live.id):
        with pytest.raises(NoSuchVisit):
            await shop.read_visit(REF, gone)
    assert (await shop.read_ticket(OTHER, waiting.id)).reason == "erased"
    assert (await shop.line(OTHER)).waiting == ()


async def test_nothing_is_left_of_one_who_was_locked_transferred_and_set_aside(
    shop: QueueStore, link: Link, audit: AuditSettings, tmp_path: Path
) -> None:
    """Also where no record tells whose it is."""
    visit = await in_visit(shop)
    await draw(shop, OTHER, ANNA)  # the visit's lock is hers from now on
    await shop.transfer(REF, visit.id, DOCTOR, visit.epoch, "third")
    bo = await draw(shop, REF, BO)
    spoilt = b"\xc1" + ANNA.encode()
    for ref in (REF, OTHER):
        ticket = await draw(shop, ref, ANNA)
        key = keys.queue_key(ref, "tickets")
        await link.do(lambda r, key=key, ticket=ticket.id: r.hset(key, ticket, spoilt))
    seen = await pull(shop, REF)  # sets one aside
    assert seen.ticket == bo.id
    record = keys.patient(REF.provider, ANNA).encode()
    assert record in await everything(link)
    canaries = [ANNA.encode()]
    await erase(shop, link, audit)
    assert [canary for canary in canaries if canary in await everything(link)] == []
    await rewrite(link, WAIT_S)
    await until_old_files_are_gone(tmp_path / "store", WAIT_S)
    assert list(traces(tmp_path / "store", canaries)) == []
    assert (await draw(shop, OTHER, ANNA)).state is TicketState.WAITING
    assert (await shop.read_visit(REF, seen.id)).state == "called"


async def test_the_audit_keeps_what_the_store_forgets(
    shop: QueueStore, link: Link, audit: AuditSettings
) -> None:
    await draw(shop, REF, ANNA)
    await draw(shop, REF, BO)
    done = await erase(shop, link, audit)
    assert steps(audit, REF) == ["join", "join", "erase", "erased"]
    assert done.events == 3
    erased = written(audit, REF)[-1]["event"]
    assert (erased["patient"], erased["role"]) == (ANNA, "operator")
    assert verify(audit.directory)[0].lines == 5
    assert BO in json.dumps(written(audit, REF)[1])


async def test_an_erasure_can_be_repeated(
    shop: QueueStore, link: Link, audit: AuditSettings
) -> None:
    await draw(shop, REF, ANNA)
    await erase(shop, link, audit)
    assert await erase(shop, link, audit) == Erased()


async def test_another_provider_is_not_concerned(
    shop: QueueStore, link: Link, audit: AuditSettings
) -> None:
    await draw(shop, REF, ANNA)
    there = await draw(shop, ELSEWHERE, ANNA)
    await erase(shop, link, audit)
    assert await shop.find(ELSEWHERE, ANNA) == there
    assert ANNA.encode() in await everything(link)


async def test_an_erased_ticket_is_not_restored(
    shop: QueueStore, link: Link, audit: AuditSettings
) -> None:
    ticket = await draw(shop, REF, ANNA)
    signed = issue(copy_of(ticket, ticket.joined_ms, QueueSettings().retention_ms), RING)
    await erase(shop, link, audit)
    await shop.went_back(REF, ticket.version + 100)
    with pytest.raises(NoSuchTicket):
        await shop.restore(REF, ANNA, signed, "anna-2", RING)
    assert (await shop.line(REF)).waiting == ()


async def test_the_patient_may_come_back_as_a_new_one(
    shop: QueueStore, link: Link, audit: AuditSettings
) -> None:
    first = await draw(shop, REF, ANNA)
    await erase(shop, link, audit)
    again = await draw(shop, REF, ANNA)
    assert (again.state, again.id == first.id) == (TicketState.WAITING, False)


async def test_the_clinician_of_an_erased_visit_is_free(
    shop: QueueStore, link: Link, audit: AuditSettings
) -> None:
    await in_visit(shop)
    await erase(shop, link, audit)
    bo = await draw(shop, REF, BO)
    assert (await pull(shop, REF)).ticket == bo.id


async def test_what_the_audit_has_not_read_is_not_deleted(
    shop: QueueStore,
    link: Link,
    audit: AuditSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kolapp_queue.erase._AUDIT_S", 0.0)
    await draw(shop, REF, ANNA)
    other = AuditLease(link, "a writer that hangs", 60_000)
    assert await other.hold()
    done = await erase(shop, link, audit)
    assert (done.events, done.unaudited) == (0, 3)
    await other.release()
    done = await erase(shop, link, audit)
    assert (done.events, done.unaudited) == (3, 0)
    assert steps(audit, REF) == ["join", "erase", "erased"]


async def test_where_nobody_audits_all_events_go(shop: QueueStore, link: Link) -> None:
    await draw(shop, REF, ANNA)
    done = await erase(shop, link, None)
    assert (done.events, done.unaudited) == (3, 0)
    assert ANNA.encode() not in await everything(link)
