"""Every script from every state: the table of steps is exactly what the scripts do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgpack
import pytest
from kolapp_queue.errors import QueueError
from kolapp_queue.keys import queue_key
from kolapp_queue.model import (
    ClinicianKey,
    PatientKey,
    Profile,
    QueueRef,
    Ticket,
    TicketId,
    VisitId,
)
from kolapp_queue.states import ENDED, STEPS, Cause, TicketState
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, with_settings

LUA = Path(str(files("kolapp_queue"))) / "lua"
PROTOCOL = Path(__file__).parents[2] / "PROTOCOL.md"
ANNA = PatientKey("anna")
NEW = TicketId("anna-ticket")
S = TicketState

NURSE = ClinicianKey("nurse")

Act = Callable[[QueueStore, QueueRef, Ticket], Awaitable[object]]


async def _pull(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    await store.set_duty(ref.provider, DOCTOR, [ref.queue], Profile(board=True))
    await store.pull(ref.provider, DOCTOR, "key")


async def _pull_ticket(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    await store.set_duty(ref.provider, NURSE, [ref.queue], Profile(board=True))
    await store.pull_ticket(ref, ticket.id, NURSE, "very", "she is in pain")


async def _expire(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    await store.detach(ref, ticket.id, "anna-1")
    await store._link.queue("expire", ref, 100, 1_000)


async def _come_back(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    await store.detach(ref, ticket.id, "anna-1")
    await store.attach(ref, ticket.id, ANNA, "anna-2")


async def _node_gone(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    await store.attach(ref, ticket.id, ANNA, "7.anna")
    await store._link.queue("node_gone", ref, 7, 100, 60_000, 60_000)


async def _called_away(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    await with_settings(store).detach(ref, ticket.id, "anna-1")
    await store.set_duty(ref.provider, NURSE, [ref.queue])
    await store.pull(ref.provider, NURSE, "nobody")


async def _ring_again(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    await store.detach(ref, ticket.id, "anna-1")
    await store.ring_again(ref, ticket.visit or VisitId("none"), DOCTOR, ticket.epoch)


async def _answer_again(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    await store.ring_again(ref, ticket.visit or VisitId("none"), DOCTOR, ticket.epoch)
    await store.answer(ref, ticket.id, ANNA, ticket.epoch)


async def _abandon(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    """The clinician's lease on the visit is over."""
    visit = ticket.visit or "none"
    await store._link.queue("hold_on", ref, visit, DOCTOR, 0)
    await store._link.queue("abandon", ref, 100, 0, 1, 0, 1_000, 3)


async def _give_up(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    await _abandon(store, ref, ticket)
    await store._link.queue("abandon", ref, 100, 0, 1, 0, 1_000, 3)


async def _resume(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    await _abandon(store, ref, ticket)
    await store._link.queue("hold_on", ref, ticket.visit or "none", DOCTOR, 60_000)


async def _take_over(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    await _abandon(store, ref, ticket)
    await store.set_duty(ref.provider, NURSE, [ref.queue])
    await store.take_over(ref, ticket.visit or VisitId("none"), NURSE, "mine")


async def _transfer_out(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    visit, times = ticket.visit or "none", (60_000, 60_000)
    moved = ("other", "moved", "", "", "")
    await store._link.queue("transfer_out", ref, visit, DOCTOR, ticket.epoch, *moved, *times)


async def _transfer_done(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    await store._link.queue("transfer_done", ref, ticket.id, "moved", 60_000)


async def _close(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    await store._link.queue("close", ref, 100, 0, "", 60_000)


def _miss(allowed: int) -> Act:
    return lambda store, ref, ticket: store._link.queue("miss", ref, 100, allowed, 0, 1_000)


def _visit(verb: str, by: str) -> Act:
    """A verb on the ticket's visit; the store refuses one that is not there."""
    return lambda store, ref, ticket: getattr(store, verb)(
        ref, ticket.visit or "none", by, ticket.epoch
    )


ACTS: dict[tuple[str, Cause], Act] = {
    ("join", Cause.PATIENT): lambda store, ref, ticket: store.join(ref, ANNA, NEW, "anna-1"),
    ("attach", Cause.PATIENT): lambda store, ref, t: store.attach(ref, t.id, ANNA, "anna-2"),
    ("go_away", Cause.PATIENT): lambda store, ref, t: store.detach(ref, t.id, "anna-1"),
    ("go_away", Cause.CLOCK): _node_gone,
    ("come_back", Cause.PATIENT): _come_back,
    ("leave", Cause.PATIENT): lambda store, ref, t: store.leave(ref, t.id, ANNA),
    ("answer", Cause.PATIENT): lambda store, ref, t: store.answer(ref, t.id, ANNA, t.epoch),
    ("decline", Cause.PATIENT): lambda store, ref, t: store.decline(ref, t.id, ANNA, t.epoch),
    ("pull", Cause.CLINICIAN): _pull,
    ("pull_ticket", Cause.CLINICIAN): _pull_ticket,
    ("called_away", Cause.CLOCK): _called_away,
    ("give_back", Cause.CLINICIAN): _visit("give_back", DOCTOR),
    ("give_back", Cause.PATIENT): _visit("give_back", ANNA),
    ("undo_pull", Cause.CLINICIAN): _visit("undo_pull", DOCTOR),
    ("undo_pull", Cause.PATIENT): _visit("undo_pull", ANNA),
    ("clinician_gone", Cause.CLOCK): _abandon,
    ("hold", Cause.CLOCK): _abandon,
    ("resume", Cause.CLINICIAN): _resume,
    ("take_over", Cause.CLINICIAN): _take_over,
    ("give_up", Cause.CLOCK): _give_up,
    ("ring_again", Cause.CLINICIAN): _ring_again,
    ("answer_again", Cause.PATIENT): _answer_again,
    ("transfer", Cause.CLINICIAN): _transfer_out,
    ("transferred", Cause.CLOCK): _transfer_done,
    ("hang_up", Cause.CLINICIAN): _visit("hang_up", DOCTOR),
    ("hang_up", Cause.PATIENT): _visit("hang_up", ANNA),
    ("erase", Cause.OPERATOR): lambda store, ref, t: store.end_erased(ref, t.id, ANNA),
    ("hang_up", Cause.CLOCK): _visit("hang_up", ClinicianKey("stranger")),
    ("miss", Cause.CLOCK): _miss(allowed=1),
    ("no_show", Cause.CLOCK): _miss(allowed=0),
    ("expire", Cause.CLOCK): _expire,
    ("close", Cause.CLOCK): _close,
}

# The acts that lead to each state.
PATHS: dict[TicketState, tuple[tuple[str, Cause], ...]] = {
    S.WAITING: (),
    S.CALLED: (("pull", Cause.CLINICIAN),),
    S.IN_VISIT: (("pull", Cause.CLINICIAN), ("answer", Cause.PATIENT)),
    S.COMPLETED: (
        ("pull", Cause.CLINICIAN),
        ("answer", Cause.PATIENT),
        ("hang_up", Cause.PATIENT),
    ),
    S.LEFT: (("leave", Cause.PATIENT),),
    S.NO_SHOW: (("pull", Cause.CLINICIAN), ("no_show", Cause.CLOCK)),
    S.EXPIRED: (("expire", Cause.CLOCK),),
    S.TRANSFERRING: (("pull", Cause.CLINICIAN), ("transfer", Cause.CLINICIAN)),
    S.TRANSFERRED: (
        ("pull", Cause.CLINICIAN),
        ("transfer", Cause.CLINICIAN),
        ("transferred", Cause.CLOCK),
    ),
}


@pytest.fixture
def hasty(store: QueueStore) -> QueueStore:
    """Every ring and every grace is over as soon as the clock is asked."""
    return with_settings(store, ring_ms=0, away_grace_ms=0)


async def _bring_to(store: QueueStore, ref: QueueRef, state: TicketState) -> Ticket:
    ticket = await store.join(ref, ANNA, NEW, "anna-1")
    for act in PATHS[state]:
        await ACTS[act](store, ref, ticket)
        ticket = await store.read_ticket(ref, ticket.id)
    assert ticket.state is state
    return ticket


async def test_a_ticket_begins_as_the_table_says(store: QueueStore, ref: QueueRef) -> None:
    """Restored and transferred tickets have tests of their own; all begin as waiting ones."""
    ticket = await store.join(ref, ANNA, NEW, "anna-1")
    first = {(step.name, step.after) for step in STEPS if step.before is None}
    assert first == {(name, ticket.state) for name in ("join", "restore", "arrive")}


@pytest.mark.parametrize("before", TicketState)
async def test_the_scripts_do_the_steps_of_the_table_and_no_other(
    hasty: QueueStore, provider: str, before: TicketState
) -> None:
    """What a script did is told by the last event it wrote of the ticket, if it wrote one."""
    table = {(s.name, s.after, s.cause) for s in STEPS if s.before is before}

    async def done(number: int, name: str, cause: Cause, act: Act) -> set[Any]:
        ref = QueueRef(f"{provider}-{number}", "drop-in")
        ticket = await _bring_to(hasty, ref, before)
        version, events = await hasty.version(ref), await _events(hasty, ref)
        with suppress(QueueError):
            await act(hasty, ref, ticket)
        after = await hasty.read_ticket(ref, ticket.id)
        new = (await _events(hasty, ref))[len(events) :]
        assert all(step in {s.name for s in STEPS} for step in new)
        if after.state is not before:
            assert after.version > version, f"{name} must bump the version"
            assert new, f"{name} must write an event"
        if new and new[-1] == name:
            return {(name, after.state, cause)}
        assert after.state is before or (new[-1], after.state) in {t[:2] for t in table}
        return set()

    # Each for a provider of its own, so all at once.
    seen = await asyncio.gather(
        *(done(number, *what, act) for number, (what, act) in enumerate(ACTS.items()))
    )
    assert set().union(*seen) == table


async def _events(store: QueueStore, ref: QueueRef) -> list[str]:
    entries = await store._link.do(lambda redis: redis.xrange(queue_key(ref, "events")))
    return [msgpack.unpackb(fields[b"e"])["step"] for _, fields in entries]


def test_every_reason_of_a_ticket_is_in_the_protocol() -> None:
    """What the scripts put there, people read: none may be missing from what it says of them."""
    scripts = "".join(file.read_text() for file in (LUA / "queue").iterdir())
    calls = r"(?:end_ticket\(ticket, '\w+'|back_to_line\(ticket), '(\w+)'"
    fields = (
        r"(?<!step\.)reason = '(\w+)'|mine and '(\w+)' or '(\w+)'|ticket\.reason = '\w+', '(\w+)'"
    )
    found = {name for names in re.findall(f"{calls}|{fields}", scripts) for name in names if name}
    assert {"left", "missed_calls", "patient_hung_up", "erased", "restored"} <= found
    found -= {"unreadable"}  # of `set_aside`: an event alone
    [said] = re.findall(r"The `reason` of an ended ticket:(.*?)\n\n", PROTOCOL.read_text(), re.S)
    assert found <= set(re.findall(r"`(\w+)`", said))


@pytest.mark.parametrize("ended", sorted(ENDED))
async def test_nothing_changes_an_ended_ticket(
    hasty: QueueStore, provider: str, ended: TicketState
) -> None:
    async def nothing(number: int, act: Act) -> None:
        ref = QueueRef(f"{provider}-{number}", "drop-in")
        ticket = await _bring_to(hasty, ref, ended)
        with suppress(QueueError):
            await act(hasty, ref, ticket)
        assert await hasty.read_ticket(ref, ticket.id) == ticket

    await asyncio.gather(*(nothing(number, act) for number, act in enumerate(ACTS.values())))
