"""Nodes started one by one against one store: a visit between two of them, and one that stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from kolapp_loadtest.clinician import Clinician
from kolapp_loadtest.errors import ConnectionClosed, RequestRefused
from kolapp_loadtest.guest import Guest
from kolapp_loadtest.patient import Patient
from kolapp_loadtest.peer import Received, Signature, VisitPeer
from kolapp_queue.embedded import EmbeddedStore
from processes import node_alone
from story import GLANCE, QUEUE, SEEN_WITHIN_S, Town, sees_and_hears, town_of

PATIENT, CLINICIAN = Signature(mark=5, hertz=440), Signature(mark=9, hertz=660)
GUEST = Signature(mark=14, hertz=880)
SIGNATURES = {"patient": PATIENT, "clinician": CLINICIAN, "guest1": GUEST}
SLACK_S = 1.0  # for three who decode pictures on a machine that others fill


@pytest.fixture
async def towns(tmp_path: Path) -> AsyncIterator[tuple[Town, Town]]:
    """Two signalling nodes and a media node that know each other from the store alone."""
    store = EmbeddedStore(tmp_path / "store")
    store.start()
    try:
        store.wait_ready(10.0)
        async with AsyncExitStack() as stack:
            keys = tmp_path / "keys"
            urls = [
                stack.enter_context(node_alone("signalling", keys, store.url, "--port", "0"))
                for _ in range(2)
            ]
            stack.enter_context(node_alone("media", keys, store.url))
            here, there = [await stack.enter_async_context(town_of(url)) for url in urls]
            yield here, there
    finally:
        store.stop()


async def test_patient_and_clinician_meet_from_two_nodes(towns: tuple[Town, Town]) -> None:
    here, there = towns
    async with here.patient() as patient, there.clinician() as clinician:
        await in_visit(patient, clinician)
        async with (
            VisitPeer(patient, PATIENT) as at_home,
            VisitPeer(clinician, CLINICIAN) as at_work,
        ):
            await asyncio.gather(
                sees_and_hears(at_home, CLINICIAN), sees_and_hears(at_work, PATIENT)
            )
        await clinician.hang_up()
        await patient.until(lambda who: who.state == "completed", what="end of the visit")


async def test_the_place_is_the_same_on_another_node(towns: tuple[Town, Town]) -> None:
    here, there = towns
    token = await here.token("patient")
    async with here.patient() as earlier, here.patient(token) as patient:
        await earlier.join(QUEUE)
        number = (await patient.join(QUEUE))["number"]
    async with there.patient(token) as patient:
        ticket = await patient.find(QUEUE)
        assert (ticket["number"], patient.position) == (number, 2)


async def test_a_guest_comes_from_the_other_node_and_has_to_go(towns: tuple[Town, Town]) -> None:
    here, there = towns
    async with here.patient() as patient, here.clinician() as clinician:
        await in_visit(patient, clinician)
        code = (await clinician.invite("interpreter"))["code"]
        async with there.guest(code) as guest:
            await guest.until_in()
            with pytest.raises(RequestRefused, match="bad_code"):
                await there.redeem(code)
            async with (
                VisitPeer(patient, PATIENT, slots=3) as at_home,
                VisitPeer(clinician, CLINICIAN, slots=3) as at_work,
                VisitPeer(guest, GUEST, slots=3) as elsewhere,
            ):
                await all_see_all({"patient": at_home, "clinician": at_work, "guest1": elsewhere})
                await clinician.remove_guest("guest1")
                await gone(guest, elsewhere, within_s=1.0)
                await patient.until(lambda who: who.visit and len(who.visit["participants"]) == 2)
                await glances(at_home.of("clinician"), at_home)
                await glances(at_work.of("patient"), at_work)
            await clinician.hang_up()
            await patient.until(lambda who: who.state == "completed", what="end of the visit")


async def in_visit(patient: Patient, clinician: Clinician) -> None:
    await patient.join(QUEUE)
    await clinician.ready(QUEUE)
    await clinician.pull()
    await patient.until_called()
    await patient.answer()
    await clinician.until_live()


async def all_see_all(peers: dict[str, VisitPeer]) -> None:
    async def sees(peer: VisitPeer, name: str) -> None:
        seen, signature = peer.of(name), SIGNATURES[name]
        await peer.until(
            lambda _: seen.picture.frames >= GLANCE, SEEN_WITHIN_S, f"the picture of {name}"
        )
        await peer.until(
            lambda _: abs(seen.sound.hertz() - signature.hertz) < 5, SEEN_WITHIN_S, f"{name}'s tone"
        )
        assert seen.picture.marks == {signature.mark}

    pairs = [(peer, other) for name, peer in peers.items() for other in peers if other != name]
    await asyncio.gather(*(sees(peer, other) for peer, other in pairs))


async def glances(seen: Received, peer: VisitPeer) -> None:
    """The picture goes on."""
    before = seen.picture.frames
    await peer.until(lambda _: seen.picture.frames > before + GLANCE, SEEN_WITHIN_S, "a picture")


async def gone(guest: Guest, peer: VisitPeer, within_s: float) -> None:
    """Told, closed for good, and without a leg."""
    clock = asyncio.get_running_loop().time
    began = clock()
    with pytest.raises(ConnectionClosed) as closed:
        await guest.until(lambda who: None, SEEN_WITHIN_S, "the end")
    assert closed.value.code == 4507
    assert guest.state == "removed"
    await peer.until(lambda one: one.state == "closed", SEEN_WITHIN_S, "a closed leg")
    assert clock() - began < within_s + SLACK_S
