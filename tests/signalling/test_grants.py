"""What tokens grant, and what comes of it over the wire."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from drivers import QUEUE, Driver, People, Start
from kolapp_queue.model import Profile
from kolapp_signalling.app import Served
from kolapp_signalling.grants import NOTHING, USUAL_NAMES, ClaimNames, Grants, granted
from kolapp_signalling.roles import Role

FULL: dict[str, Any] = {
    "priority": "urgent",
    "professions": ["nurse", "midwife"],
    "languages": "sv",
    "skills": ["wounds"],
    "ages": [0, 17],
    "board": True,
    "unit": "North clinic",
}


def test_a_token_without_such_claims_grants_nothing() -> None:
    assert granted(Role.PATIENT, {}, USUAL_NAMES) == NOTHING
    assert granted(Role.CLINICIAN, {}, USUAL_NAMES) == NOTHING


def test_each_role_gets_what_is_for_it() -> None:
    assert granted(Role.PATIENT, FULL, USUAL_NAMES) == Grants(band="urgent")
    profile = Profile(("midwife", "nurse"), ("sv",), ("wounds",), (0, 17), True, "North clinic")
    assert granted(Role.CLINICIAN, FULL, USUAL_NAMES) == Grants(profile=profile)


def test_claims_can_be_named_differently() -> None:
    names = ClaimNames(priority="band")
    assert granted(Role.PATIENT, {"band": "urgent", "priority": "x"}, names).band == "urgent"


@pytest.mark.parametrize(
    ("role", "wrong"),
    [
        (Role.PATIENT, {"priority": 1}),
        (Role.PATIENT, {"priority": "not a name"}),
        (Role.CLINICIAN, {"professions": {"nurse": True}}),
        (Role.CLINICIAN, {"languages": [7]}),
        (Role.CLINICIAN, {"skills": [f"s{n}" for n in range(65)]}),
        (Role.CLINICIAN, {"skills": ["a,b"]}),
        (Role.CLINICIAN, {"ages": [18]}),
        (Role.CLINICIAN, {"ages": [18, 2]}),
        (Role.CLINICIAN, {"ages": [False, 17]}),
        (Role.CLINICIAN, {"board": "yes"}),
        (Role.CLINICIAN, {"unit": "a\nb"}),
    ],
)
def test_a_claim_that_is_not_what_it_should_be_is_refused(role: Role, wrong: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        granted(role, wrong, USUAL_NAMES)


# Over the wire


POLICIES = f"""
[queues."*".{QUEUE}]
professions = ["nurse", "doctor"]
languages = ["sv", "ar"]
skills = ["wounds"]
ages = "0-120"
named_clinician = true
bands = {{ urgent = "30 min" }}

[queues."*".second]
"""


@pytest.fixture
async def served(own_store_url: str, start: Start, tmp_path: Path) -> Served:
    file = tmp_path / "queues.toml"
    file.write_text(POLICIES)
    return await start(queues_file=file, store_url=own_store_url)


async def ask(patient: Driver, **needs: Any) -> dict[str, Any]:
    return await patient.ask("join", queue=QUEUE, needs={"age": 40, **needs})


async def test_a_clinician_gets_whom_the_token_says(served: Served, crowd: People) -> None:
    anna, bo = [await crowd.patient(served, name) for name in ("anna", "bo")]
    assert (await ask(anna, profession="doctor"))["number"] == 1
    assert (await ask(bo, language="ar", skills=["wounds"]))["number"] == 2
    claims = {"professions": ["nurse"], "languages": ["sv", "ar"], "skills": ["wounds"]}
    nurse = await crowd.with_claims(served, "clinician", "nurse", **claims)
    pulled = await nurse.pull()
    assert pulled["visit"]["number"] == 2  # anna waits for a doctor
    await bo.until_state("called")


async def test_what_a_queue_does_not_serve_is_refused_with_the_field(
    served: Served, crowd: People
) -> None:
    anna = await crowd.patient(served, "anna")
    for needs, field in (
        ({"language": "fi"}, "needs.language"),
        ({"profession": "dentist"}, "needs.profession"),
        ({"skills": ["wounds", "teeth"]}, "needs.skills"),
        ({"age": None}, "needs.age"),
        ({"age": 121}, "needs.age"),
    ):
        refused = await ask(anna, **needs)
        assert (refused["code"], refused["field"]) == ("needs_not_allowed", field)
    assert (await ask(anna, age=131))["code"] == "bad_message"
    [first, second] = anna.welcome["queues"]
    assert first["needs"]["languages"] == ["sv", "ar"]
    assert (first["needs"]["ages"], first["needs"]["clinician"]) == ([0, 120], True)
    assert second.get("needs") is None


async def test_a_named_clinician_sees_the_patient_again(served: Served, crowd: People) -> None:
    doctor, other = [await crowd.clinician(served, name) for name in ("doctor", "other")]
    anna = await crowd.patient(served, "anna")
    joined = await ask(anna, clinician=doctor.welcome["person"])
    assert joined["state"] == "waiting"
    await other.ask("ready", queues=[QUEUE])
    assert await other.errors("pull", key="other-1") == "nobody_waiting"
    assert (await doctor.pull())["visit"]["number"] == 1


async def test_priority_comes_from_the_token_and_is_said_to_who_waits(
    served: Served, crowd: People
) -> None:
    anna = await crowd.patient(served, "anna")
    await ask(anna)
    bo = await crowd.with_claims(served, "patient", "bo", priority="urgent")
    assert (await ask(bo))["place"]["position"] == 1
    await anna.until_position(2)
    assert anna.ticket["place"]["cause"] == "urgent"
    await bo.ask("leave", ticket=bo.ticket["ticket"])
    await anna.until_position(1)
    assert anna.ticket["place"].get("cause", "") == ""

    cleo = await crowd.with_claims(served, "patient", "cleo", priority="unheard-of")
    refused = await ask(cleo)
    assert (refused["code"], refused["field"]) == ("needs_not_allowed", "priority")
    # Nobody can say it in the request.
    assert (await bo.ask("join", queue=QUEUE, priority="urgent"))["code"] == "bad_message"


async def test_who_does_not_share_a_clinician_does_not_count(served: Served, crowd: People) -> None:
    nurse = await crowd.with_claims(served, "clinician", "nurse", professions=["nurse"])
    doctor = await crowd.with_claims(served, "clinician", "doctor", professions=["doctor"])
    for clinician in (nurse, doctor):
        await clinician.ask("ready", queues=[QUEUE])
    anna, bo = [await crowd.patient(served, name) for name in ("anna", "bo")]
    assert (await ask(anna, profession="nurse"))["place"]["position"] == 1
    assert (await ask(bo, profession="doctor"))["place"]["position"] == 1


async def test_weights_say_how_much_a_wait_counts(served: Served, crowd: People) -> None:
    doctor = await crowd.clinician(served)
    refused = await doctor.ask("ready", queues=[QUEUE], weights={"second": 2})
    assert (refused["code"], refused["field"]) == ("unknown_queue", "weights")
    weights = {"second": 1_000}
    await doctor.ask("ready", queues=[QUEUE, "second"], weights=weights)
    anna, bo = [await crowd.patient(served, name) for name in ("anna", "bo")]
    await ask(anna)
    await bo.join("second")
    # A renewal of the lease keeps them.
    for clinician in served.node.hub.clinicians():
        await clinician.renew()
    pulled = await doctor.ask("pull", key="key-1")
    assert pulled["visit"]["queue"] == "second"
