"""Patient and clinician: each verb is one request with what the newest snapshot says."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from kolapp_loadtest.clinician import Clinician
from kolapp_loadtest.errors import Misuse
from kolapp_loadtest.patient import Patient
from kolapp_loadtest.wire import Message
from scripted_node import ScriptedNode, ticket

VISIT = {"id": "v1", "epoch": 5, "state": "live", "queue": "drop-in", "number": 7}


@pytest.fixture
async def patient(node: ScriptedNode) -> AsyncIterator[Patient]:
    async with Patient(node.url, "token") as patient:
        yield patient


@pytest.fixture
async def clinician(node: ScriptedNode) -> AsyncIterator[Clinician]:
    async with Clinician(node.url, "token") as clinician:
        yield clinician


def duty(version: int, **fields: Any) -> Message:
    return {"type": "duty", "version": version, "on_duty": True, "queues": [], **fields}


def asked(message: Message) -> Message:
    return {name: value for name, value in message.items() if name != "id"}


async def test_a_patient_from_the_number_to_the_end(node: ScriptedNode, patient: Patient) -> None:
    call = {"visit": "v1", "epoch": 5, "answer_within_ms": 45_000}
    node.answers = {
        "join": lambda _: ticket(1),
        "answer": lambda _: ticket(3, state="in_visit", visit=VISIT, place=None),
        "offer": lambda _: {"type": "sdp_answer", "sdp": "v=0"},
        "hang_up": lambda _: ticket(4, state="completed", place=None),
    }
    await patient.join("drop-in")
    assert (patient.state, patient.position) == ("waiting", 3)
    await node.send(ticket(2, state="called", call=call, place=None))
    assert await patient.until_called() == call
    assert patient.position == 0
    await patient.answer()
    await patient.offer("v=0", generation=2)
    await patient.hang_up()
    assert patient.state == "completed"
    assert [
        asked(await node.receives(kind)) for kind in ("join", "answer", "offer", "hang_up")
    ] == [
        {"type": "join", "queue": "drop-in"},
        {"type": "answer", "ticket": "t1", "epoch": 5},
        {"type": "offer", "visit": "v1", "epoch": 5, "generation": 2, "sdp": "v=0"},
        {"type": "hang_up", "visit": "v1", "epoch": 5},
    ]


async def test_a_patient_leaves_or_declines(node: ScriptedNode, patient: Patient) -> None:
    call = {"visit": "v1", "epoch": 5, "answer_within_ms": 45_000}
    node.answers = {
        "find": lambda _: ticket(1, state="called", call=call),
        "leave": lambda _: ticket(2, state="left"),
        "decline": lambda _: ticket(2, state="left"),
    }
    await patient.find("drop-in")
    await patient.decline()
    await patient.leave()
    assert asked(await node.receives("decline")) == {"type": "decline", "ticket": "t1", "epoch": 5}
    assert asked(await node.receives("leave")) == {"type": "leave", "ticket": "t1"}


async def test_a_clinician_from_ready_to_free(node: ScriptedNode, clinician: Clinician) -> None:
    node.answers = {
        "ready": lambda _: duty(1),
        "pull": lambda _: duty(2, visit={**VISIT, "state": "called"}),
        "offer": lambda _: {"type": "sdp_answer", "sdp": "v=0"},
        "hang_up": lambda _: duty(4, visit=None),
        "pause": lambda _: duty(5, on_duty=False),
    }
    await clinician.ready("drop-in", "psychology")
    await clinician.pull("once")
    await node.send(duty(3, visit=VISIT))
    assert (await clinician.until_live())["id"] == "v1"
    await clinician.offer("v=0")
    await clinician.hang_up()
    assert (await clinician.until_free())["on_duty"]
    assert not (await clinician.pause())["on_duty"]
    assert [asked(await node.receives(kind)) for kind in ("ready", "pull", "offer", "hang_up")] == [
        {"type": "ready", "queues": ["drop-in", "psychology"]},
        {"type": "pull", "key": "once"},
        {"type": "offer", "visit": "v1", "epoch": 5, "generation": 1, "sdp": "v=0"},
        {"type": "hang_up", "visit": "v1", "epoch": 5},
    ]


async def test_two_pulls_without_a_key_are_two_pulls(
    node: ScriptedNode, clinician: Clinician
) -> None:
    node.answers = {
        "pull": lambda _: duty(1, visit=VISIT),
        "give_back": lambda _: duty(2, visit=None),
    }
    await clinician.pull()
    await clinician.give_back()
    await clinician.pull()
    assert (await node.receives("pull"))["key"] != (await node.receives("pull"))["key"]


async def test_a_step_that_cannot_be_is_the_callers_fault(
    node: ScriptedNode, patient: Patient
) -> None:
    for verb in (patient.answer, patient.decline, patient.leave, patient.hang_up):
        with pytest.raises(Misuse):
            await verb()
    await node.receives("hello")
    assert node.inbox.empty()


async def test_a_clinician_without_a_visit_has_nothing_to_end(clinician: Clinician) -> None:
    for verb in (clinician.hang_up, clinician.give_back):
        with pytest.raises(Misuse, match="`pull` first"):
            await verb()
