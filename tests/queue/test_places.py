from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given
from kolapp_queue.model import (
    ClinicianKey,
    Line,
    Needs,
    PatientKey,
    Profile,
    QueueRef,
    Risen,
    Ticket,
    TicketId,
)
from kolapp_queue.places import everybody, newcomer, positions, why_risen
from kolapp_queue.states import Rise
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, join, pull, with_settings

REF = QueueRef("p", "q")
DOCTORS, NURSES = Needs(profession="doctor"), Needs(profession="nurse")


def line(classes: list[int], masks: dict[int, int], causes: tuple[Risen, ...] = ()) -> Line:
    return Line(
        ref=REF,
        version=9,
        now_ms=0,
        waiting=tuple(TicketId(f"t{number}") for number in range(len(classes))),
        on_duty=max(masks.values(), default=0).bit_length(),
        busy_since_ms=(),
        visits_done=0,
        visit_ms_mean=0.0,
        classes=classes,
        masks=masks,
        orders=[(1_000 + number, number) for number in range(len(classes))],
        causes=causes,
    )


@given(
    st.lists(st.integers(0, 5), max_size=40),
    st.dictionaries(st.integers(0, 5), st.integers(0, 15)),
)
def test_places_are_what_the_definition_says(classes: list[int], masks: dict[int, int]) -> None:
    def clinicians(cls: int) -> set[int]:
        return {bit for bit in range(4) if masks.get(cls, 0) >> bit & 1}

    expected = []
    for place, mine in enumerate(classes):
        if clinicians(mine):
            ahead = [cls for cls in classes[:place] if clinicians(cls) & clinicians(mine)]
        else:
            ahead = [cls for cls in classes[:place] if cls == mine]
        expected.append(1 + len(ahead))
    assert positions(line(classes, masks)) == expected


@given(
    st.lists(st.integers(0, 3), max_size=20),
    st.dictionaries(st.integers(0, 3), st.integers(0, 7)),
    st.integers(1, 7),
)
def test_a_newcomer_is_told_the_place_they_get(
    classes: list[int], masks: dict[int, int], mask: int
) -> None:
    after = positions(line([*classes, 9], {**masks, 9: mask}))
    assert newcomer(line(classes, masks), mask) == after[-1]


def test_without_anybody_who_fits_a_newcomer_is_last() -> None:
    assert newcomer(line([0, 1, 1], {0: 1, 1: 1}), 0) == 4
    assert everybody(line([0], {0: 0b111})) == 0b111


URGENT = Risen(5, Rise.URGENT, cls=0, order_key=10, number=7)


def test_a_rise_names_what_put_me_back() -> None:
    told = line([0, 0, 1], {0: 1, 1: 2}, (URGENT,))
    assert why_risen(told, 1, since=4) is Rise.URGENT
    assert why_risen(told, 1, since=5) is None, "told of that already"
    assert why_risen(told, 2, since=4) is None, "shares no clinician"


def test_what_came_behind_me_put_nobody_back() -> None:
    behind = Risen(5, Rise.GIVEN_BACK, cls=0, order_key=2_000, number=1)
    assert why_risen(line([0], {0: 1}, (behind,)), 0, since=0) is None


def test_clinicians_who_come_and_go_concern_everybody() -> None:
    came = Risen(6, Rise.CLINICIAN_CAME, cls=-1, order_key=0, number=0)
    assert why_risen(line([3], {3: 1}, (URGENT, came)), 0, since=0) is Rise.CLINICIAN_CAME


def test_after_more_causes_than_are_kept_the_newest_is_named() -> None:
    lost = Line(**{**_fields(line([1], {1: 2}, (URGENT,))), "causes_since": 4})
    assert why_risen(lost, 0, since=3) is Rise.URGENT
    assert why_risen(lost, 0, since=4) is None


def _fields(line: Line) -> dict[str, object]:
    return {name: getattr(line, name) for name in Line.__dataclass_fields__}


async def places(store: QueueStore, ref: QueueRef) -> dict[str, int]:
    line = await store.line(ref)
    return dict(zip(line.waiting, positions(line), strict=True))


async def ask(store: QueueStore, ref: QueueRef, name: str, needs: Needs, credit: int = 0) -> Ticket:
    return await store.join(
        ref, PatientKey(name), TicketId(name), f"{name}-1", needs, credit_ms=credit
    )


async def test_who_shares_no_clinician_stands_in_nobodys_way(
    store: QueueStore, ref: QueueRef
) -> None:
    await ask(store, ref, "anna", DOCTORS)
    await ask(store, ref, "bo", NURSES)
    await ask(store, ref, "cecilia", DOCTORS)
    assert await places(store, ref) == {"anna": 1, "bo": 1, "cecilia": 2}
    both = Profile(professions=("doctor", "nurse"))
    await store.set_duty(ref.provider, DOCTOR, [ref.queue], both)
    assert await places(store, ref) == {"anna": 1, "bo": 2, "cecilia": 3}
    await store.set_duty(ref.provider, DOCTOR, [ref.queue], Profile(professions=("nurse",)))
    assert await places(store, ref) == {"anna": 1, "bo": 1, "cecilia": 2}
    line = await store.line(ref)
    assert {cause.rise for cause in line.causes} == {Rise.CLINICIAN_CAME}


async def rose(store: QueueStore, ref: QueueRef, ticket: Ticket, since: Line) -> Rise | None:
    line = await store.line(ref)
    index = line.waiting.index(ticket.id)
    before = positions(since)[since.waiting.index(ticket.id)]
    assert positions(line)[index] > before
    return why_risen(line, index, since.version)


async def test_the_store_names_each_cause(store: QueueStore, ref: QueueRef) -> None:
    other = QueueRef(ref.provider, "other")
    first, last = await join(store, ref, "anna"), await join(store, ref, "bo")
    before = await store.line(ref)
    await ask(store, ref, "cecilia", Needs(), credit=60_000)
    assert await rose(store, ref, last, before) is Rise.URGENT

    visit = await pull(store, ref)
    before = await store.line(ref)
    await store.give_back(ref, visit.id, DOCTOR, visit.epoch)
    assert await rose(store, ref, last, before) is Rise.GIVEN_BACK

    visit = await pull(with_settings(store, ring_ms=0), ref)
    before = await store.line(ref)
    await store.sweep(ref)
    assert await rose(store, ref, last, before) is Rise.RETURNED

    await join(store, other, "daniel")
    moved = await pull(store, other, "nurse")
    before = await store.line(ref)
    nurse = ClinicianKey("nurse")
    await store.transfer(other, moved.id, nurse, moved.epoch, ref.queue, credit_ms=60_000)
    assert await rose(store, ref, first, before) is Rise.TRANSFERRED_IN
