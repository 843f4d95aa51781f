from __future__ import annotations

import asyncio
import itertools

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from kolapp_queue.eligibility import (
    class_text,
    fits,
    needs_of,
    needs_text,
    profile_of,
    profile_text,
)
from kolapp_queue.model import ClinicianKey, Needs, PatientKey, Profile, QueueRef, TicketId
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from store_people import DOCTOR

some = st.sampled_from(["", "a", "b"])
few = st.lists(st.sampled_from(["a", "b", "c"]), max_size=2).map(tuple)
ages = st.sampled_from([None, (0, 17), (18, 99), (12, 64), (0, 130)])
needs = st.builds(
    Needs, some, some, few, st.none() | st.integers(0, 130), st.sampled_from(["", DOCTOR, "nurse"])
)
profiles = st.builds(Profile, few, few, few, ages)


def plainly_fits(needs: Needs, profile: Profile, clinician: str) -> bool:
    """As the words of `Needs` and `Profile` say, but for ages, which have spans."""
    return (
        needs.clinician in ("", clinician)
        and needs.profession in ("", *profile.professions)
        and needs.language in ("", *profile.languages)
        and all(skill in profile.skills for skill in needs.skills)
    )


@given(needs, profiles)
def test_needs_and_profiles_survive_their_spelling(needs: Needs, profile: Profile) -> None:
    assert needs_of(needs_text(needs)) == needs
    again = profile_of(profile_text(profile))
    assert profile_text(again) == profile_text(profile)
    assert set(again.skills) == set(profile.skills)


@given(needs, profiles)
def test_who_fits_is_what_the_words_say(needs: Needs, profile: Profile) -> None:
    fit = fits(class_text(needs), profile_text(profile), DOCTOR)
    assert fit <= plainly_fits(needs, profile, DOCTOR)
    if needs.age is None or profile.ages is None:
        assert fit == plainly_fits(needs, profile, DOCTOR)


@pytest.mark.parametrize(
    ("age", "ages", "fit"),
    [
        (17, (0, 17), True),
        (18, (0, 17), False),
        (18, (18, 99), True),
        (100, (18, 99), True),
        (17, (18, 99), False),
        (70, (18, 64), False),
        # Ages are told apart at some years only: 60 lies in 18 to 64, which is not all in range.
        (60, (18, 62), False),
    ],
)
def test_nobody_gets_a_patient_outside_their_ages(
    age: int, ages: tuple[int, int], fit: bool
) -> None:
    assert fits(class_text(Needs(age=age)), profile_text(Profile(ages=ages)), DOCTOR) is fit


@pytest.mark.parametrize(
    "bad", [{"profession": "a b"}, {"skills": ("ok", "å")}, {"age": -1}, {"age": 131}]
)
def test_needs_that_are_no_needs_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must"):
        Needs(**bad)  # type: ignore[arg-type]  # that is the point


numbers = itertools.count()


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_the_store_says_the_same(store_url: str, data: st.DataObject) -> None:
    """One ticket and one clinician: pulled if and only if it fits."""

    asked, profile = data.draw(needs), data.draw(profiles)

    async def pulled() -> bool:
        store = await QueueStore.connect(store_url, QueueSettings())
        try:
            ref = QueueRef(f"fits{next(numbers)}", "drop-in")
            await store.join(ref, PatientKey("anna"), TicketId("t"), "c", asked)
            await store.set_duty(ref.provider, DOCTOR, [ref.queue], profile)
            return await store.pull(ref.provider, DOCTOR, "key") is not None
        finally:
            await store.close()

    assert asyncio.run(pulled()) is fits(class_text(asked), profile_text(profile), DOCTOR)


def test_a_clinician_is_named_by_key_alone() -> None:
    named = class_text(Needs(clinician="nurse"))
    assert fits(named, "", ClinicianKey("nurse"))
    assert not fits(named, "", DOCTOR)
