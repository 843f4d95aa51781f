"""Every script from every state: the table of steps is exactly what the scripts do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from kolapp_queue.errors import QueueError
from kolapp_queue.model import ClinicianKey, PatientKey, QueueRef, Ticket, TicketId
from kolapp_queue.states import ENDED, STEPS, Cause, TicketState
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, with_settings

ANNA = PatientKey("anna")
NEW = TicketId("anna-ticket")
S = TicketState

Act = Callable[[QueueStore, QueueRef, Ticket], Awaitable[object]]


async def _pull(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    await store.pull(ref.provider, DOCTOR, "key")


async def _expire(store: QueueStore, ref: QueueRef, ticket: Ticket) -> None:
    await store.detach(ref, ticket.id, "anna-1")
    await store._link.queue("expire", ref, 100, 1_000)


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
    ("detach", Cause.PATIENT): lambda store, ref, t: store.detach(ref, t.id, "anna-1"),
    ("leave", Cause.PATIENT): lambda store, ref, t: store.leave(ref, t.id, ANNA),
    ("answer", Cause.PATIENT): lambda store, ref, t: store.answer(ref, t.id, ANNA, t.epoch),
    ("decline", Cause.PATIENT): lambda store, ref, t: store.decline(ref, t.id, ANNA, t.epoch),
    ("pull", Cause.CLINICIAN): _pull,
    ("give_back", Cause.CLINICIAN): _visit("give_back", DOCTOR),
    ("give_back", Cause.PATIENT): _visit("give_back", ANNA),
    ("hang_up", Cause.CLINICIAN): _visit("hang_up", DOCTOR),
    ("hang_up", Cause.PATIENT): _visit("hang_up", ANNA),
    ("hang_up", Cause.CLOCK): _visit("hang_up", ClinicianKey("stranger")),
    ("miss", Cause.CLOCK): _miss(allowed=1),
    ("no_show", Cause.CLOCK): _miss(allowed=0),
    ("expire", Cause.CLOCK): _expire,
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


async def test_a_join_makes_a_waiting_ticket(store: QueueStore, ref: QueueRef) -> None:
    ticket = await store.join(ref, ANNA, NEW, "anna-1")
    first = [step for step in STEPS if step.before is None]
    assert [(step.name, step.after) for step in first] == [("join", ticket.state)]


@pytest.mark.parametrize("before", PATHS)
async def test_the_scripts_do_the_steps_of_the_table_and_no_other(
    hasty: QueueStore, provider: str, before: TicketState
) -> None:
    seen = set()
    for number, ((name, cause), act) in enumerate(ACTS.items()):
        ref = QueueRef(f"{provider}-{number}", "drop-in")
        ticket = await _bring_to(hasty, ref, before)
        version = await hasty.version(ref)
        with suppress(QueueError):
            await act(hasty, ref, ticket)
        after = await hasty.read_ticket(ref, ticket.id)
        if after.state is not before:
            seen.add((name, after.state, cause))
            assert after.version > version, f"{name} must bump the version"
    assert seen == {(s.name, s.after, s.cause) for s in STEPS if s.before is before}


@pytest.mark.parametrize("ended", sorted(ENDED & PATHS.keys()))
async def test_nothing_changes_an_ended_ticket(
    hasty: QueueStore, provider: str, ended: TicketState
) -> None:
    for number, act in enumerate(ACTS.values()):
        ref = QueueRef(f"{provider}-{number}", "drop-in")
        ticket = await _bring_to(hasty, ref, ended)
        with suppress(QueueError):
            await act(hasty, ref, ticket)
        assert await hasty.read_ticket(ref, ticket.id) == ticket
