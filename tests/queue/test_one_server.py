"""What one server does in one step because it has both records: the same as in two, and nothing
more when it comes late or its caller knew something old."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from cut_link import Cut, CutLink
from kolapp_queue import record_verbs
from kolapp_queue.cluster import is_cluster
from kolapp_queue.errors import NotOnDuty, QueueFull
from kolapp_queue.model import ClinicianKey, PatientKey, QueueRef, TicketId
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, answered, join, with_settings
from store_servers import running


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, store_url: str) -> Iterator[str]:
    """The store of all tests, or, if that is a cluster, one server beside it."""
    if not is_cluster(store_url):
        yield store_url
        return
    with running("embedded", tmp_path_factory.mktemp("one-server")) as url:
        yield url


@pytest.fixture
async def store(url: str) -> AsyncIterator[QueueStore]:
    """Another node's."""
    store = await QueueStore.connect(url, QueueSettings())
    yield store
    await store.close()


@pytest.fixture
async def quick(url: str) -> AsyncIterator[CutLink]:
    """A link that can die at the steps of one server."""
    link = CutLink(url, one_server=True)
    yield link
    await link.close()


@pytest.mark.parametrize("looked", [True, False])
async def test_a_pull_that_comes_late_calls_nobody_whom_a_look_has_denied(
    store: QueueStore, quick: CutLink, ref: QueueRef, looked: bool
) -> None:
    await join(store, ref, "anna")
    dying = QueueStore(quick, QueueSettings())
    await dying.set_duty(ref.provider, DOCTOR, [ref.queue])
    quick.before = "both/pull"
    with pytest.raises(Cut):
        await dying.pull(ref.provider, DOCTOR, "key")
    if looked:
        assert (await store.duty(ref.provider, DOCTOR)).visit is None
    reply = await quick.arrive()
    assert ("pulled" in reply) is not looked
    visit = (await store.duty(ref.provider, DOCTOR)).visit
    assert (visit is None) is looked
    # Whoever asks again with the same key gets the one visit there is.
    again = await dying.pull(ref.provider, DOCTOR, "key")
    assert again is not None
    assert visit in (None, again)


async def test_a_repeat_after_duty_moved_to_another_queue_finds_its_visit_and_no_second_one(
    store: QueueStore, quick: CutLink, provider: str
) -> None:
    one, two = QueueRef(provider, "one"), QueueRef(provider, "two")
    fast = QueueStore(quick, QueueSettings())
    await join(store, one, "anna")
    await fast.set_duty(provider, DOCTOR, ["one"])
    visit = await fast.pull(provider, DOCTOR, "key")
    assert visit is not None
    await fast.set_duty(provider, DOCTOR, ["two"])
    for somebody_waits in (False, True):
        if somebody_waits:
            await join(store, two, "bo")
        again = await fast.pull(provider, DOCTOR, "key")
        assert again is not None
        assert again.id == visit.id
        duty = await store.duty(provider, DOCTOR)
        assert duty.visit is not None
        assert duty.visit.id == visit.id
    assert len((await store.line(two)).waiting) == 1


async def test_what_a_process_remembers_of_a_clinician_may_be_old(
    store: QueueStore, quick: CutLink, provider: str
) -> None:
    """Another node has had the clinician serve a second queue meanwhile, where somebody waits
    longer; and the third time nobody is on duty any more."""
    one, two = QueueRef(provider, "one"), QueueRef(provider, "two")
    old = QueueStore(quick, QueueSettings())
    credit_ms = 1_000  # two who join in one millisecond have waited equally long
    longest = await store.join(
        two, PatientKey("anna"), TicketId("anna-1"), "anna-1", credit_ms=credit_ms
    )
    await join(store, one, "bo")
    await old.set_duty(provider, DOCTOR, ["one"])
    await store.set_duty(provider, DOCTOR, ["one", "two"])
    visit = await old.pull(provider, DOCTOR, "key")
    assert visit is not None
    assert visit.ticket == longest.id
    await old.give_back(two, visit.id, DOCTOR, visit.epoch)
    await store.set_duty(provider, DOCTOR, [])
    with pytest.raises(NotOnDuty):
        await old.pull(provider, DOCTOR, "another")


async def test_a_pull_that_finds_nobody_leaves_the_clinician_free(
    quick: CutLink, ref: QueueRef
) -> None:
    store = QueueStore(quick, QueueSettings())
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    assert await store.pull(ref.provider, DOCTOR, "nobody") is None
    assert not (await store._look(ref.provider, DOCTOR))["held"]
    await join(store, ref, "anna")
    assert await store.pull(ref.provider, DOCTOR, "nobody") is not None


async def test_the_memory_of_clinicians_is_bounded(
    store: QueueStore, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_verbs, "KNOWN_MOST", 2)
    for name in ("eva", "finn", "gro"):
        await store.set_duty(provider, ClinicianKey(name), ["one"])
    assert [clinician for _, clinician in store._known] == ["finn", "gro"]


async def test_a_patient_who_waits_elsewhere_draws_in_two_steps(
    store: QueueStore, quick: CutLink, provider: str
) -> None:
    """The other queue knows before there is a second ticket: so a pull locks the patient."""
    one, two = QueueRef(provider, "one"), QueueRef(provider, "two")
    joins = QueueStore(quick, QueueSettings())
    first = await join(joins, one, "anna")
    quick.before = "queue/share"
    with pytest.raises(Cut):
        await join(joins, two, "anna")
    assert not (await store.line(two)).waiting
    second = await join(joins, two, "anna")
    await joins.set_duty(provider, DOCTOR, ["one"])
    visit = await joins.pull(provider, DOCTOR, "key")
    assert visit is not None
    assert visit.ticket == first.id
    nurse = ClinicianKey("nurse")
    await joins.set_duty(provider, nurse, ["two"])
    assert await joins.pull(provider, nurse, "key") is None, "anna is busy"
    assert (await store.line(two)).waiting == (second.id,)


async def test_a_join_that_is_refused_leaves_no_ticket(quick: CutLink, ref: QueueRef) -> None:
    store = QueueStore(quick, QueueSettings())
    await join(store, ref, "anna")
    with pytest.raises(QueueFull):
        await store.join(ref, PatientKey("bo"), TicketId("bo"), "bo-1", capacity=1)
    assert (await store.join(ref, PatientKey("bo"), TicketId("bo"), "bo-1")).number == 2


async def test_who_went_off_duty_elsewhere_is_told_so(store: QueueStore, ref: QueueRef) -> None:
    """What this node remembers of the record is old."""
    elsewhere = with_settings(store)
    await store.set_duty(ref.provider, DOCTOR, [ref.queue])
    assert await store.pull(ref.provider, DOCTOR, "k1") is None
    assert await elsewhere.pull(ref.provider, DOCTOR, "k2") is None
    await elsewhere.set_duty(ref.provider, DOCTOR, [])
    with pytest.raises(NotOnDuty):
        await store.pull(ref.provider, DOCTOR, "k3")


async def test_who_serves_another_queue_since_then_pulls_from_that(
    store: QueueStore, ref: QueueRef
) -> None:
    elsewhere, other = with_settings(store), QueueRef(ref.provider, "other")
    visit = await answered(store, ref, "anna")
    await elsewhere.set_duty(ref.provider, DOCTOR, [other.queue])  # in the visit
    await elsewhere.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    await join(store, ref, "here")
    there = await join(store, other, "there")
    got = await store.pull(ref.provider, DOCTOR, "next")
    assert got is not None
    assert got.ticket == there.id
