"""Steps that concern a queue and a clinician's record are two scripts: whatever is cut off between
them is mended, and whatever arrives late is refused."""

from __future__ import annotations

import pytest
from cut_link import Cut, CutLink
from kolapp_queue.errors import StaleEpoch
from kolapp_queue.model import PatientKey, QueueRef, Visit
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, answered, join

ANNA = PatientKey("anna")


@pytest.mark.parametrize("look", [True, False])
@pytest.mark.parametrize("side", ["before", "after"])
async def test_a_pull_that_died_half_way_is_mended(
    store: QueueStore, dying: QueueStore, cut_link: CutLink, ref: QueueRef, side: str, look: bool
) -> None:
    ticket = await join(store, ref, "anna")
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    setattr(cut_link, side, "queue/pull")
    with pytest.raises(Cut):
        await dying.pull(ref.provider, DOCTOR, "key")
    if look:
        visit = (await store.duty(ref.provider, DOCTOR)).visit
        assert (visit is not None) is (side == "after")
    visit = await store.pull(ref.provider, DOCTOR, "key")
    assert visit is not None
    assert visit.ticket == ticket.id
    assert (await store.duty(ref.provider, DOCTOR)).visit == visit


async def test_a_lock_that_pulled_nothing_does_not_block_another_key(
    store: QueueStore, dying: QueueStore, cut_link: CutLink, ref: QueueRef
) -> None:
    await join(store, ref, "anna")
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    cut_link.before = "queue/pull"
    with pytest.raises(Cut):
        await dying.pull(ref.provider, DOCTOR, "dead")
    visit = await store.pull(ref.provider, DOCTOR, "alive")
    # The dead one's step arrives only now: it must not ring a second patient.
    await join(store, ref, "bo")
    with pytest.raises(StaleEpoch):
        await cut_link.arrive()
    assert (await store.duty(ref.provider, DOCTOR)).visit == visit
    assert len((await store.line(ref)).waiting) == 1


async def test_a_key_that_was_used_up_meanwhile_rings_nobody_else(
    store: QueueStore, dying: QueueStore, cut_link: CutLink, ref: QueueRef
) -> None:
    """Between a retry's first look and its lock, the first try pulls and the patient declines."""
    await join(store, ref, "anna")
    await join(store, ref, "bo")
    provider = (await store.set_duty(ref.provider, DOCTOR, [ref.queue])).provider
    first: list[Visit] = []

    async def first_try() -> None:
        visit = await store.pull(provider, DOCTOR, "key")
        assert visit is not None
        await store.decline(ref, visit.ticket, ANNA, visit.epoch)
        first.append(await store.read_visit(ref, visit.id))

    cut_link.meanwhile["clinician/lock"] = first_try
    assert await dying.pull(provider, DOCTOR, "key") == first[0]
    assert len((await store.line(ref)).waiting) == 1


async def test_an_end_that_died_half_way_is_mended(
    store: QueueStore, dying: QueueStore, cut_link: CutLink, ref: QueueRef
) -> None:
    visit = await answered(store, ref, "anna")
    cut_link.before = "clinician/release"
    with pytest.raises(Cut):
        await dying.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    await join(store, ref, "bo")
    following = await store.pull(ref.provider, DOCTOR, "next")
    assert following is not None
    # The dead one's release arrives only now: it names the old visit.
    await cut_link.arrive()
    assert (await store.duty(ref.provider, DOCTOR)).visit == following
