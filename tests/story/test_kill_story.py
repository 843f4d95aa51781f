"""SIGKILL of one process after the other while three wait: the same three wait in the same order,
and a visit works as before. Nobody touches anything: the clients find their way back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from kolapp_loadtest.clinician import Clinician
from kolapp_loadtest.patient import Patient
from kolapp_loadtest.peer import Signature, VisitPeer
from processes import Serve, serving
from story import GLANCE, QUEUE, Town, sees_and_hears, town_of

PATIENT, CLINICIAN = Signature(mark=5, hertz=500), Signature(mark=10, hertz=700)
BACK_S = 15.0  # a promise of one second has a test of its own; here a machine may be busy


@asynccontextmanager
async def three_waiting(town: Town) -> AsyncIterator[list[Patient]]:
    async with AsyncExitStack() as stack:
        patients = [await stack.enter_async_context(town.patient()) for _ in range(3)]
        for patient in patients:
            await patient.join(QUEUE)
        yield patients


def line(patients: list[Patient]) -> list[tuple[str, int, int]]:
    """Ticket, number and place of each, as their own screens say."""
    tickets = [(patient.ticket, patient.position) for patient in patients]
    return [(ticket["ticket"], ticket["number"], place) for ticket, place in tickets if ticket]


async def all_back(patients: list[Patient], connections: int) -> None:
    for patient in patients:
        await patient.until(lambda one: one.connections == connections, BACK_S, "reconnection")
        await patient.find(QUEUE)


async def answered(clinician: Clinician, patient: Patient) -> None:
    await clinician.ready(QUEUE)
    await clinician.pull()
    await patient.until_called()
    await patient.answer()
    await clinician.until_live()


async def both_see(first: VisitPeer, clinician: VisitPeer) -> None:
    await asyncio.gather(
        sees_and_hears(first, CLINICIAN, frames=GLANCE),
        sees_and_hears(clinician, PATIENT, frames=GLANCE),
    )


async def a_visit_works(town: Town, patients: list[Patient]) -> None:
    async with town.clinician() as clinician:
        await answered(clinician, patients[0])
        async with (
            VisitPeer(patients[0], PATIENT) as first,
            VisitPeer(clinician, CLINICIAN) as at_work,
        ):
            await both_see(first, at_work)
        await patients[0].hang_up()
        await clinician.until_free()
        for place, patient in enumerate(patients[1:], 1):
            await patient.until_position(place)


async def test_the_signalling_node_is_killed(serve: Serve, town: Town) -> None:
    async with three_waiting(town) as patients:
        before = line(patients)
        assert [place for _, _, place in before] == [1, 2, 3]
        serve.kill("signalling")
        await all_back(patients, connections=2)
        assert line(patients) == before
        await a_visit_works(town, patients)


async def test_the_media_node_is_killed(serve: Serve, town: Town) -> None:
    async with three_waiting(town) as patients:
        before = line(patients)
        serve.kill("media")
        await asyncio.to_thread(serve.wait_back, "media")
        assert line(patients) == before
        assert [patient.connections for patient in patients] == [1, 1, 1]
        await a_visit_works(town, patients)


async def test_everything_is_killed_and_started_again_twice(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with AsyncExitStack() as stack:
        serve = stack.enter_context(serving(data))
        port = str(urlsplit(serve.url).port)
        town = await stack.enter_async_context(town_of(serve.url))
        patients = await stack.enter_async_context(three_waiting(town))
        before = line(patients)
        for restart in (1, 2):
            serve.kill_all()
            serve = stack.enter_context(serving(data, "--port", port))
            await all_back(patients, connections=1 + restart)
            assert line(patients) == before
        await a_visit_works(town, patients)


async def test_a_call_goes_on_while_the_signalling_node_is_killed(serve: Serve, town: Town) -> None:
    async with town.patient() as first, town.clinician() as clinician:
        await first.join(QUEUE)
        await answered(clinician, first)
        async with VisitPeer(first, PATIENT) as at_home, VisitPeer(clinician, CLINICIAN) as at_work:
            await both_see(at_home, at_work)
            serve.kill("signalling")
            for person in (first, clinician):
                await person.until(lambda one: one.connections == 2, BACK_S, "reconnection")
            frames = at_work.received.picture.frames
            await at_work.until(
                lambda peer: peer.received.picture.frames > frames + 10, BACK_S, "picture"
            )
            assert [at_home.received.picture.skipped, at_work.received.picture.skipped] == [0, 0]
            assert [at_home.state, at_work.state] == ["connected", "connected"]
        await clinician.until_live(BACK_S)
        await clinician.hang_up()
        await first.until(lambda one: one.state == "completed", what="end of the visit")


async def test_a_call_moves_when_its_media_node_is_killed(serve: Serve, town: Town) -> None:
    async with town.patient() as first, town.clinician() as clinician:
        await first.join(QUEUE)
        await answered(clinician, first)
        async with VisitPeer(first, PATIENT) as at_home, VisitPeer(clinician, CLINICIAN) as at_work:
            await both_see(at_home, at_work)
            serve.kill("media")
            for person in (first, clinician):
                await person.until(lambda one: media_of(one) == "lost", BACK_S, "word of the loss")
        async with (
            VisitPeer(first, PATIENT, generation=2) as at_home,
            VisitPeer(clinician, CLINICIAN, generation=2) as at_work,
        ):
            await both_see(at_home, at_work)
        await first.hang_up()
        await clinician.until_free()


def media_of(person: Patient | Clinician) -> str:
    """The state of this person's own leg, as this person was told."""
    role = "patient" if isinstance(person, Patient) else "clinician"
    members = person.visit["participants"] if person.visit is not None else []
    return next((member["media"] for member in members if member["role"] == role), "")
