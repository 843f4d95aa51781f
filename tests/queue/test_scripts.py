"""What each script's header says is what it uses and what the store passes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import pytest
from cut_link import Cut, CutLink
from kolapp_queue import keys, scripts
from kolapp_queue.audit_lease import AuditLease
from kolapp_queue.audit_stream import Cursor
from kolapp_queue.cluster import is_cluster
from kolapp_queue.eta.published import Published
from kolapp_queue.forecast_lease import ForecastLease
from kolapp_queue.guest_verbs import Invitation, Inviter
from kolapp_queue.model import ClinicianKey, GuestId, PatientKey, QueueRef, TicketId
from kolapp_queue.presence import NodeLease
from kolapp_queue.sealing import KeyRing
from kolapp_queue.settings import QueueSettings
from kolapp_queue.signed import copy_of, issue
from kolapp_queue.states import Outcome
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, Timetable, answered, join, pull, with_settings

LUA = files("kolapp_queue") / "lua"
FILES = sorted(
    f"{folder.name}/{file.name.removesuffix('.lua')}"
    for folder in LUA.iterdir()
    for file in folder.iterdir()
)
VERBS = [name for name in FILES if "/_" not in name]


def text(name: str) -> str:
    return (LUA / f"{name}.lua").read_text("utf-8")


def header(name: str) -> str:
    return text(name).partition("\nlocal ")[0].partition("\nreturn ")[0]


def test_every_script_is_loaded_and_every_prelude_is_used() -> None:
    assert sorted(scripts.sources()) == VERBS
    preludes = {scripts.FRONT, scripts.BEHIND}
    for folder, names in scripts.PRELUDES.items():
        preludes |= {name if "/" in name else f"{folder}/{name}" for name in names}
    assert preludes == set(FILES) - set(VERBS)


@pytest.mark.parametrize("name", FILES)
def test_a_script_is_short(name: str) -> None:
    lines = text(name).splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 100
    assert lines[0].startswith("-- ")


@pytest.mark.parametrize("name", VERBS)
def test_a_header_names_every_argument_once(name: str) -> None:
    code = text(name).removeprefix(header(name))
    named = [int(number) for number in re.findall(r"^-- ARGV\[(\d+)\]  \w", header(name), re.M)]
    used = {int(number) for number in re.findall(r"ARGV\[(\d+)\]", code)}
    assert named == list(range(1, len(used) + 1)) == sorted(used)
    assert re.search(r"^-- KEYS", header(name), re.M)
    assert "KEYS[" not in code, "keys have names: the prelude gives them"


def test_the_preludes_name_every_key_in_order() -> None:
    named = re.findall(r"^local ([A-Z]+) = KEYS\[(\d+)\]", text("queue/_keys"), re.M)
    assert [name.lower() for name, _ in named] == list(keys.QUEUE_KEYS)
    assert [int(number) for _, number in named] == list(range(1, len(keys.QUEUE_KEYS) + 1))


class RecordingLink(CutLink):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.passed: dict[str, set[tuple[int, int]]] = {}

    async def _run(
        self,
        name: str,
        shared: Sequence[str],
        own: Sequence[str],
        args: Sequence[str | int | bytes],
    ) -> dict[str, Any]:
        self.passed.setdefault(name, set()).add((len(shared) + len(own), len(args)))
        return await super()._run(name, shared, own, args)


async def test_the_store_passes_what_the_headers_name(store_url: str, provider: str) -> None:
    link = RecordingLink(store_url)
    try:
        await every_verb(QueueStore(link, QueueSettings()), provider)
        await every_turn_of_a_visit(QueueStore(link, QueueSettings()), f"{provider}-2")
        link.one_server = not is_cluster(store_url)
        await pull_at_once(QueueStore(link, QueueSettings()), QueueRef(provider, "three"))
        names = [name for name in VERBS if link.one_server or not name.startswith("both/")]
    finally:
        await link.close()
    a_queues = len(keys.QUEUE_KEYS)
    needed = {"queue": a_queues, "both": a_queues + 1, "forecast": 2}
    assert link.passed == {
        name: {
            (
                needed.get(name.partition("/")[0], 1),
                len(re.findall(r"^-- ARGV", header(name), re.M)),
            )
        }
        for name in names
    }


async def pull_at_once(store: QueueStore, ref: QueueRef) -> None:
    await join(store, ref, "anna")
    assert await pull(store, ref) is not None


async def every_verb(store: QueueStore, provider: str) -> None:
    hasty = with_settings(store, ring_ms=0, away_grace_ms=0, retention_ms=0)
    lapsing = with_settings(store, duty_lease_ms=0)
    ref, other = QueueRef(provider, "one"), QueueRef(provider, "two")
    visit = await answered(store, ref, "anna")
    ring = KeyRing.parse(KeyRing.new_line("k"))
    await store.put_intake(ref, visit.ticket, PatientKey("anna"), "cough", ring)
    await store.read_intake(ref, visit.id, DOCTOR, visit.epoch, ring)
    await store.place_media(ref, visit.id, visit.epoch, "m1", 0)
    await store.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    ticket = await join(store, ref, "bo")
    assert await store.find(ref, ticket.patient) == ticket
    await store.attach(ref, ticket.id, ticket.patient, "bo-2")
    visit = await pull(store, ref)
    await store.give_back(ref, visit.id, DOCTOR, visit.epoch)
    visit = await pull(store, ref)
    await store.decline(ref, ticket.id, ticket.patient, visit.epoch)
    ticket = await join(store, ref, "cecilia")
    await store.leave(ref, ticket.id, ticket.patient)
    await join(hasty, other, "daniel")
    await pull(hasty, other)
    await hasty.sweep(other)
    await hasty.detach(other, (await join(hasty, other, "eva")).id, "eva-1")
    await store.restore(ref, ticket.patient, issue(copy_of(ticket, 0, 0), ring), "c-2", ring)
    await store.went_back(ref, 1)
    lease = AuditLease(store._link, provider, 1_000)
    await lease.hold()
    await lease.advance(ref, Cursor())
    await lease.release()
    forecast = ForecastLease(store._link, ref, "one", 1_000)
    await forecast.hold()
    await forecast.publish(Published(0))
    await forecast.remember(b"")
    await forecast.release()
    node = NodeLease(store, 0, 0)
    await node.renew()
    await node.leave()
    await store.join(ref, PatientKey("finn"), TicketId("finn"), node.connection())
    for _ in range(2):
        await store.sweep_all([ref], 0)
    await store.set_notice(ref, "Back at ten.", "operator")
    await store.close_early(ref, None, "", "operator")
    await store.reopen(ref, "op")
    closing = with_settings(store)
    closing.timetable = Timetable(0)
    await closing.sweep(ref)
    await lapsing.set_duty(provider, DOCTOR, [other.queue])
    await store.set_shift_end(provider, DOCTOR, [other.queue], 0)
    await hasty.sweep(other)
    await store.set_duty(provider, DOCTOR, [])
    await store.set_return(provider, DOCTOR, [other.queue], 0)
    # A pull that finds nothing, and what it left behind when it died half-way.
    record = await store._link.clinician("look", provider, DOCTOR)
    await store._unlock(provider, DOCTOR, record)
    await store._held(provider, DOCTOR, {**record, "held": True, "queue": other.queue})


async def every_turn_of_a_visit(store: QueueStore, provider: str) -> None:
    one, two, nurse = QueueRef(provider, "one"), QueueRef(provider, "two"), ClinicianKey("nurse")
    both = ["one", "two"]
    vanishing = with_settings(store, duty_lease_ms=0, visit_grace_ms=0)
    visit = await answered(store, one, "anna")
    await store.hang_up(one, visit.id, DOCTOR, visit.epoch)
    await store.set_outcome(one, visit.id, DOCTOR, visit.epoch, Outcome.REFERRED)
    await store.end_wrap_up(provider, DOCTOR)
    await store.set_duty(provider, DOCTOR, both)
    away = await join(store, one, "away")
    await store.detach(one, away.id, "away-1")
    assert await store.pull(provider, DOCTOR, "nobody") is None
    # Bo waits in two queues, so a pull locks him and releases him at the end.
    for ref, credit_ms in ((one, 1_000), (two, 0)):  # both may be in the same millisecond
        await join(store, ref, "bo", credit_ms=credit_ms)
    first = await store.pull(provider, DOCTOR, "first")
    assert first is not None
    ticket = await store.answer(one, first.ticket, PatientKey("bo"), first.epoch)
    await store.detach(one, ticket.id, "bo-1")
    await store.ring_again(one, first.id, DOCTOR, first.epoch)
    ring = KeyRing.parse(KeyRing.new_line("k"))
    await store.say(one, first.id, DOCTOR, first.epoch, "key", "Hello", ring)
    await store.hear(one, first.id, DOCTOR, 0, ring)
    by, guest = Inviter.clinician(DOCTOR), GuestId("guest")
    invitation = Invitation("key", "guardian", guest, "digest", 1_000)
    await store.invite(one, first.id, by, first.epoch, invitation)
    await store.redeem(one, first.id, guest, "digest", "key")
    await store.leave_visit(one, first.id, guest)
    await store.remove_guest(one, first.id, by, first.epoch, "guest1")
    await vanishing.set_duty(provider, DOCTOR, both)
    await vanishing.sweep(one)
    await store.set_duty(provider, nurse, both)
    taken = await store.take_over(one, first.id, nurse, "take")
    slow = with_settings(store, command_timeout_ms=0)
    slow._link.before = "queue/transfer_in"  # type: ignore[attr-defined]  # a RecordingLink
    with pytest.raises(Cut):
        await slow.transfer(one, taken.id, nurse, taken.epoch, "three")
    await slow.sweep(one)
    await with_settings(store, events_ms=-1_000).sweep(one)
    brief, left = with_settings(store, retention_ms=0), await join(store, one, "daniel")
    await brief.leave(one, left.id, left.patient)
    await brief.sweep(one)
    gone = await join(store, one, "cecilia")
    await store.end_erased(one, gone.id, gone.patient)
    await store.erase(one, gone.id, gone.patient, [])
    await store.erase_unread(one, gone.patient, [gone.id], [])
