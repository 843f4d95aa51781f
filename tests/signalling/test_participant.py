"""What holds for both roles: rights, one reply whatever happens, nothing of us to the client."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from drivers import QUEUE, People
from kolapp_queue.model import Ticket
from kolapp_signalling.app import Served
from kolapp_signalling.patient import Patient

FIELDS: dict[str, dict[str, Any]] = {
    "find": {"queue": QUEUE},
    "join": {"queue": QUEUE},
    "leave": {"ticket": "t"},
    "answer": {"ticket": "t", "epoch": 1},
    "decline": {"ticket": "t", "epoch": 1},
    "ready": {"queues": [QUEUE]},
    "pause": {},
    "pull": {"key": "k"},
    "give_back": {"visit": "v", "epoch": 1},
}
OF_PATIENTS = ("find", "join", "leave", "answer", "decline")


@pytest.mark.parametrize("kind", FIELDS)
async def test_the_wrong_role_is_refused_and_nothing_happens(
    node: Served, crowd: People, kind: str
) -> None:
    role = "clinician" if kind in OF_PATIENTS else "patient"
    somebody = await crowd.enter(node, role, "somebody")
    version = await node.node.store.version(next(iter(node.node.queues)).ref)
    assert await somebody.errors(kind, **FIELDS[kind]) == "forbidden"
    assert await node.node.store.version(next(iter(node.node.queues)).ref) == version


@pytest.mark.parametrize("role", ["patient", "clinician"])
async def test_visits_are_of_both_roles(node: Served, crowd: People, role: str) -> None:
    somebody = await crowd.enter(node, role, "somebody")
    visit = {"visit": "v", "epoch": 1}
    assert await somebody.errors("hang_up", **visit) == "no_visit"
    assert await somebody.errors("offer", **visit, generation=1, sdp="v=0") == "no_visit"


async def test_a_failure_of_ours_is_internal_and_tells_nothing(
    node: Served,
    town: People,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(self: Patient, request: object) -> None:
        raise RuntimeError("19121212-1212 at /srv/kolapp/patient.py")

    anna = await town.patient(node, "anna")
    monkeypatch.setattr(Patient, "do", broken)
    reply = await anna.ask("join", queue=QUEUE)
    assert reply["code"] == "internal"
    assert "19121212" not in str(reply)
    assert ".py" not in str(reply)
    lines = [line for line in caplog.messages if "A request failed." in line]
    assert len(lines) == 1
    assert anna.welcome["session"] in lines[0]
    assert "19121212" not in caplog.text
    monkeypatch.undo()
    assert (await anna.join())["state"] == "waiting"


async def test_a_request_under_way_ends_before_the_next_connection_is_served(
    node: Served, crowd: People
) -> None:
    anna = await crowd.patient(node, "anna")
    for _ in range(20):
        await anna.send("join", queue=QUEUE)
    again = await crowd.patient(node, "anna", resume=anna.welcome["resume"])
    joined = await again.join()
    assert (joined["number"], joined["place"]["position"]) == (1, 1)
    assert await anna.closed() == 4502


async def test_nothing_personal_is_logged(
    node: Served, crowd: People, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    anna, doctor = await crowd.waiting(node, "19121212-1212"), await crowd.clinician(node)
    await doctor.pull()
    await anna.answer()
    await anna.errors("offer", visit="v", epoch=1, generation=1, sdp="candidate 203.0.113.7")
    await anna.send_raw(b"\xc119121212-1212")
    await anna.reply_to(None)
    await anna.ws.close()
    for secret in ("19121212", "203.0.113.7", anna.welcome["resume"], "eyJ"):
        assert secret not in "\n".join(
            record.getMessage() for record in caplog.records if record.name.startswith("kolapp")
        )


async def test_a_page_that_is_reloaded_while_it_joins_is_rung(node: Served, crowd: People) -> None:
    store = node.node.store
    join, drawn, go_on = store.join, asyncio.Event(), asyncio.Event()

    async def slow_join(*args: Any, **kwargs: Any) -> Ticket:
        ticket = await join(*args, **kwargs)
        drawn.set()
        await go_on.wait()
        return ticket

    store.join = slow_join  # type: ignore[method-assign]  # the reply is held up, nothing else
    before = await crowd.patient(node, "reloads")
    await before.send("join", queue=QUEUE)
    await drawn.wait()
    after = await crowd.patient(node, "reloads")
    with contextlib.suppress(TimeoutError):  # it is to wait; if it does not, the late end hurts it
        async with asyncio.timeout(0.3):
            await after.until_state("waiting")
    go_on.set()
    await after.until_state("waiting")
    clinician = await crowd.clinician(node)
    await clinician.pull()
    await after.until_state("called")
