from __future__ import annotations

import asyncio

import pytest
from kolapp_queue.errors import AlreadyInVisit, NoSuchVisit, NotOnDuty, StaleEpoch, WrongState
from kolapp_queue.model import ClinicianKey, PatientKey, QueueRef, Visit, VisitId
from kolapp_queue.states import TicketState, VisitState
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, answered, join, pull, with_settings

ANNA = PatientKey("anna")
NURSE = ClinicianKey("nurse")


@pytest.fixture
async def on_duty(store: QueueStore, ref: QueueRef) -> str:
    """The doctor serves the queue; the provider."""
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    return ref.provider


async def test_duty_says_what_was_set(store: QueueStore, ref: QueueRef) -> None:
    duty = await store.set_duty(ref.provider, DOCTOR, ["a", "b", "a"])
    assert (duty.on_duty, duty.queues, duty.visit) == (True, ("a", "b"), None)
    assert (await store.line(QueueRef(ref.provider, "b"))).on_duty == 1
    duty = await store.set_duty(ref.provider, DOCTOR, ["a"])
    assert duty.queues == ("a",)
    assert (await store.line(QueueRef(ref.provider, "a"))).on_duty == 1
    assert (await store.line(QueueRef(ref.provider, "b"))).on_duty == 0
    duty = await store.set_duty(ref.provider, DOCTOR, [])
    assert (duty.on_duty, duty.queues) == (False, ())
    assert (await store.line(QueueRef(ref.provider, "a"))).on_duty == 0


async def test_nobody_knows_a_clinician_before_the_first_duty(
    store: QueueStore, provider: str
) -> None:
    duty = await store.duty(provider, DOCTOR)
    assert (duty.on_duty, duty.queues, duty.visit, duty.epoch) == (False, (), None, 0)
    with pytest.raises(NotOnDuty):
        await store.pull(provider, DOCTOR, "key")


async def test_a_renewal_changes_no_version(store: QueueStore, ref: QueueRef, on_duty: str) -> None:
    version = await store.version(ref)
    await store.set_duty(on_duty, DOCTOR, [ref.queue])
    assert await store.version(ref) == version


async def test_a_bad_queue_name_changes_nothing(store: QueueStore, ref: QueueRef) -> None:
    with pytest.raises(ValueError, match="must match"):
        await store.set_duty(ref.provider, DOCTOR, [ref.queue, "a,b"])
    assert not (await store.duty(ref.provider, DOCTOR)).on_duty


async def test_an_empty_queue_gives_nothing(store: QueueStore, ref: QueueRef, on_duty: str) -> None:
    version = await store.version(ref)
    assert await store.pull(on_duty, DOCTOR, "key") is None
    assert await store.version(ref) == version
    await join(store, ref, "anna")
    visit = await store.pull(on_duty, DOCTOR, "key")
    assert visit is not None
    assert visit.number == 1


async def test_a_lapsed_lease_pulls_nothing(store: QueueStore, ref: QueueRef) -> None:
    await join(store, ref, "anna")
    lapsing = with_settings(store, duty_lease_ms=0)
    assert not (await lapsing.set_duty(ref.provider, DOCTOR, [ref.queue])).on_duty
    with pytest.raises(NotOnDuty):
        await store.pull(ref.provider, DOCTOR, "key")


async def test_the_same_key_gets_the_same_visit(
    store: QueueStore, ref: QueueRef, on_duty: str
) -> None:
    await join(store, ref, "anna")
    await join(store, ref, "bo")
    visit = await store.pull(on_duty, DOCTOR, "key")
    assert visit is not None
    assert await store.pull(on_duty, DOCTOR, "key") == visit
    with pytest.raises(AlreadyInVisit) as raised:
        await store.pull(on_duty, DOCTOR, "another")
    assert raised.value.visit == visit
    ended = await store.give_back(ref, visit.id, DOCTOR, visit.epoch)
    # Also when it has ended: the retry must not ring somebody else.
    assert await store.pull(on_duty, DOCTOR, "key") == ended


async def test_the_earliest_of_all_queues_is_pulled(store: QueueStore, provider: str) -> None:
    queues = ["one", "two", "three"]
    await store.set_duty(provider, DOCTOR, queues)
    numbers = []
    for queue in ("two", "three", "one", "two"):
        ticket = await join(store, QueueRef(provider, queue), "anna")
        if queue == "three":
            await store.detach(ticket.ref, ticket.id, "anna-1")
        else:
            numbers.append(ticket.id)
        # The next one in the line shall come in a later millisecond.
        await _tick(store, ticket.order_key)
    pulled = []
    for key in ("1", "2"):
        visit = await store.pull(provider, DOCTOR, key)
        assert visit is not None
        pulled.append(visit.ticket)
        await store.decline(visit.ref, visit.ticket, ANNA, visit.epoch)
    assert pulled == list(dict.fromkeys(numbers))[:2]


async def _tick(store: QueueStore, after_ms: int) -> None:
    while (await store.line(QueueRef("clock", "clock"))).now_ms <= after_ms:
        pass


async def test_two_who_pull_at_once_get_two_patients(store: QueueStore, ref: QueueRef) -> None:
    for number in range(20):
        await join(store, ref, f"patient{number}")
    names = [ClinicianKey(f"clinician{number}") for number in range(25)]
    await asyncio.gather(*(store.set_duty(ref.provider, name, [ref.queue]) for name in names))
    pulled = await asyncio.gather(*(store.pull(ref.provider, name, "key") for name in names))
    visits = [visit for visit in pulled if visit is not None]
    assert len(visits) == 20
    assert len({visit.ticket for visit in visits}) == 20
    assert len({visit.epoch for visit in visits}) == 20


@pytest.mark.parametrize("keys", [["same"] * 8, [f"key{number}" for number in range(8)]])
async def test_one_clinician_in_many_tabs_gets_one_visit(
    store: QueueStore, ref: QueueRef, on_duty: str, keys: list[str]
) -> None:
    for number in range(8):
        await join(store, ref, f"patient{number}")
    got = await asyncio.gather(
        *(store.pull(on_duty, DOCTOR, key) for key in keys),
        *(store.duty(on_duty, DOCTOR) for _ in range(4)),
        return_exceptions=True,
    )
    visits = {one.id for one in got if isinstance(one, Visit)}
    busy = {one.visit.id for one in got if isinstance(one, AlreadyInVisit)}
    assert len(visits | busy) == 1
    if keys[0] == "same":
        assert not busy
    assert len((await store.line(ref)).waiting) == 7


async def test_give_back_returns_the_patient_to_the_front(store: QueueStore, ref: QueueRef) -> None:
    anna, bo = await join(store, ref, "anna"), await join(store, ref, "bo")
    visit = await pull(store, ref)
    ended = await store.give_back(ref, visit.id, DOCTOR, visit.epoch)
    assert (ended.state, ended.reason) == (VisitState.ENDED, "given_back")
    assert await store.give_back(ref, visit.id, DOCTOR, visit.epoch) == ended
    ticket = await store.read_ticket(ref, anna.id)
    assert (ticket.state, ticket.number, ticket.order_key) == (
        TicketState.WAITING,
        anna.number,
        anna.order_key,
    )
    assert (ticket.epoch, ticket.visit, ticket.reason) == (0, None, "given_back")
    assert (await store.line(ref)).waiting == (anna.id, bo.id)
    assert (await store.duty(ref.provider, DOCTOR)).visit is None


async def test_who_is_given_back_without_a_connection_waits_as_away(
    store: QueueStore, ref: QueueRef
) -> None:
    ticket = await join(store, ref, "anna")
    visit = await pull(store, ref)
    await store.detach(ref, ticket.id, "anna-1")
    await store.give_back(ref, visit.id, DOCTOR, visit.epoch)
    assert not (await store.read_ticket(ref, ticket.id)).present
    assert await store.pull(ref.provider, DOCTOR, "next") is None


@pytest.mark.parametrize("by", [ANNA, DOCTOR])
async def test_either_side_hangs_up(
    store: QueueStore, ref: QueueRef, by: PatientKey | ClinicianKey
) -> None:
    visit = await answered(store, ref, "anna")
    assert (await store.line(ref)).busy_since_ms == (visit.answered_ms,)
    ended = await store.hang_up(ref, visit.id, by, visit.epoch)
    side = "patient" if by == ANNA else "clinician"
    assert (ended.state, ended.reason) == (VisitState.ENDED, f"{side}_hung_up")
    assert (await store.read_ticket(ref, visit.ticket)).state is TicketState.COMPLETED
    assert await store.hang_up(ref, visit.id, DOCTOR, visit.epoch) == ended
    assert (await store.duty(ref.provider, DOCTOR)).visit is None
    line = await store.line(ref)
    assert (line.visits_done, line.busy_since_ms) == (1, ())
    assert line.visit_ms_mean == ended.ended_ms - ended.answered_ms


@pytest.mark.parametrize("by", [ANNA, DOCTOR])
async def test_a_call_is_not_hung_up(
    store: QueueStore, ref: QueueRef, by: PatientKey | ClinicianKey
) -> None:
    await join(store, ref, "anna")
    visit = await pull(store, ref)
    with pytest.raises(WrongState, match="called"):
        await store.hang_up(ref, visit.id, by, visit.epoch)


async def test_nobody_else_ends_a_visit(store: QueueStore, ref: QueueRef) -> None:
    await join(store, ref, "anna")
    visit = await pull(store, ref)
    for refused in (
        store.hang_up(ref, visit.id, NURSE, visit.epoch),
        store.give_back(ref, visit.id, NURSE, visit.epoch),
        store.give_back(ref, visit.id, ClinicianKey(ANNA), visit.epoch),
        store.hang_up(ref, VisitId("none"), DOCTOR, visit.epoch),
        store.read_visit(ref, VisitId("none")),
        store.read_visit(QueueRef(f"not-{ref.provider}", ref.queue), visit.id),
        store.place_media(ref, VisitId("none"), visit.epoch, "m1", 0),
    ):
        with pytest.raises(NoSuchVisit):
            await refused
    for stale in (
        store.hang_up(ref, visit.id, DOCTOR, visit.epoch + 1),
        store.give_back(ref, visit.id, DOCTOR, visit.epoch - 1),
        store.place_media(ref, visit.id, visit.epoch + 1, "m1", 0),
    ):
        with pytest.raises(StaleEpoch):
            await stale
    assert await store.read_visit(ref, visit.id) == visit


async def test_an_answered_visit_is_not_given_back(store: QueueStore, ref: QueueRef) -> None:
    visit = await answered(store, ref, "anna")
    with pytest.raises(WrongState, match="live"):
        await store.give_back(ref, visit.id, DOCTOR, visit.epoch)


async def test_one_placement_of_two_wins(store: QueueStore, ref: QueueRef) -> None:
    visit = await answered(store, ref, "anna")
    placed = await asyncio.gather(
        *(store.place_media(ref, visit.id, visit.epoch, node, 0) for node in ("m1", "m2"))
    )
    assert placed[0] == placed[1]
    assert placed[0].media_epoch == 1
    again = await store.place_media(ref, visit.id, visit.epoch, "m3", 1)
    assert (again.media_node, again.media_epoch) == ("m3", 2)
    await store.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    with pytest.raises(WrongState, match="ended"):
        await store.place_media(ref, visit.id, visit.epoch, "m1", 2)


async def test_off_duty_leaves_the_visit_alone(store: QueueStore, ref: QueueRef) -> None:
    visit = await answered(store, ref, "anna")
    assert (await store.set_duty(ref.provider, DOCTOR, [])).visit == visit
    await store.hang_up(ref, visit.id, ANNA, visit.epoch)
    assert (await store.duty(ref.provider, DOCTOR)).visit is None


async def test_the_mean_visit_forgets_slowly(store: QueueStore, ref: QueueRef) -> None:
    lengths = []
    for number in range(3):
        visit = await answered(store, ref, f"patient{number}")
        await _tick(store, visit.answered_ms + number)
        ended = await store.hang_up(ref, visit.id, DOCTOR, visit.epoch)
        lengths.append(ended.ended_ms - ended.answered_ms)
    line = await store.line(ref)
    assert line.visits_done == 3
    assert line.visit_ms_mean == pytest.approx(sum(lengths) / 3, abs=0.01)
