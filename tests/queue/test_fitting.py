"""What is judged of a clinician's profile once, and what has to be judged anew."""

from __future__ import annotations

import pytest
from kolapp_queue import keys
from kolapp_queue.model import ClinicianKey, Needs, PatientKey, Profile, QueueRef, TicketId
from kolapp_queue.store import QueueStore
from store_people import answered

DOCTOR, NURSE = ClinicianKey("doctor"), ClinicianKey("nurse")
A, B = Needs(skills=("a",)), Needs(skills=("b",))


class Room:
    """A queue with clinicians who have skill b."""

    def __init__(self, store: QueueStore, ref: QueueRef) -> None:
        self.store, self.ref, self._key = store, ref, 0

    async def on_duty(self, clinician: ClinicianKey, *skills: str, unit: str = "") -> None:
        profile = Profile(skills=skills, unit=unit)
        await self.store.set_duty(self.ref.provider, clinician, [self.ref.queue], profile)

    async def join(self, name: str, needs: Needs) -> None:
        await self.store.join(self.ref, PatientKey(name), TicketId(name), "c", needs)

    async def leave(self, name: str) -> None:
        await self.store.leave(self.ref, TicketId(name), PatientKey(name))

    async def pull(self, clinician: ClinicianKey) -> str | None:
        self._key += 1
        visit = await self.store.pull(self.ref.provider, clinician, f"k{self._key}")
        if visit is None:
            return None
        await self.store.decline(self.ref, visit.ticket, PatientKey(visit.ticket), visit.epoch)
        return visit.ticket

    async def codes(self) -> set[str]:
        key = keys.queue_key(self.ref, "classes")
        fields = await self.store._link.do(lambda redis: redis.hkeys(key))
        return {field.decode()[1:] for field in fields if field.startswith(b"c")}


@pytest.fixture
def room(store: QueueStore, ref: QueueRef) -> Room:
    return Room(store, ref)


async def test_a_code_that_means_something_else_now_is_judged_anew(room: Room) -> None:
    await room.on_duty(DOCTOR, "b")
    for number, needs in enumerate((A, B, A, B, B)):
        name = f"p{number}"
        await room.join(name, needs)
        assert await room.codes() == {"00"}, "the same code every time"
        assert await room.pull(DOCTOR) == (name if needs is B else None)
        if needs is A:
            await room.leave(name)


async def test_what_was_judged_before_still_holds_beside_what_is_new(room: Room) -> None:
    await room.on_duty(DOCTOR, "b")
    await room.join("unfit", A)
    await room.join("fit", B)
    assert await room.pull(DOCTOR) == "fit"
    await room.join("anybody", Needs())
    await room.join("fit-too", B)
    assert await room.pull(DOCTOR) == "anybody"
    assert await room.pull(DOCTOR) == "fit-too"
    assert await room.pull(DOCTOR) is None


async def test_another_profile_is_judged_anew_and_another_clinician_by_themselves(
    room: Room,
) -> None:
    await room.on_duty(DOCTOR, "b")
    await room.join("one", A)
    assert await room.pull(DOCTOR) is None
    await room.on_duty(NURSE, "a")
    await room.join("two", A)
    assert await room.pull(NURSE) == "one"
    await room.on_duty(DOCTOR, "a")
    assert await room.pull(DOCTOR) == "two"


async def test_the_unit_is_the_present_profiles(room: Room) -> None:
    for number, unit in enumerate(("north", "north", "south", "")):
        await room.on_duty(DOCTOR, "b", unit=unit)
        await room.join(f"p{number}", B)
        visit = await room.store.pull(room.ref.provider, DOCTOR, f"u{number}")
        assert visit is not None
        assert visit.unit == unit
        await room.store.decline(room.ref, visit.ticket, PatientKey(visit.ticket), visit.epoch)


async def test_what_was_judged_is_gone_with_the_duty(room: Room) -> None:
    await room.on_duty(DOCTOR, "b")
    await room.join("one", B)
    assert await room.pull(DOCTOR) == "one"
    await room.store.set_duty(room.ref.provider, DOCTOR, [])
    key = keys.queue_key(room.ref, "profiles")
    assert await room.store._link.do(lambda redis: redis.hlen(key)) == 0


async def test_a_fence_stays_as_long_after_its_last_use(store: QueueStore, ref: QueueRef) -> None:
    fences, ended = (keys.queue_key(ref, name) for name in ("fences", "ended"))
    visit = await answered(store, ref, "anna")
    await store.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    kept_ms = store.settings_of(ref).retention_ms

    async def due_now() -> tuple[float | None, float | None]:
        """As if the moment had come at which the fence's first use is to be forgotten."""
        await store._link.do(lambda redis: redis.zadd(ended, {f"c{DOCTOR}": 1}))
        await store.sweep(ref)
        fence = await store._link.do(lambda redis: redis.zscore(fences, DOCTOR))
        return fence, await store._link.do(lambda redis: redis.zscore(ended, f"c{DOCTOR}"))

    fence, forget_ms = await due_now()
    assert fence is not None
    assert forget_ms == fence + kept_ms
    old = fence - kept_ms - 60_000
    await store._link.do(lambda redis: redis.zadd(fences, {DOCTOR: old}))
    assert await due_now() == (None, None)
