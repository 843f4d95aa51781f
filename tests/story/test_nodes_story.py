"""Nodes started one by one against one store: a visit between two of them, and one that stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from kolapp_loadtest.peer import Signature, VisitPeer
from kolapp_queue.embedded import EmbeddedStore
from processes import node_alone
from story import QUEUE, Town, sees_and_hears, town_of

PATIENT, CLINICIAN = Signature(mark=5, hertz=440), Signature(mark=9, hertz=660)


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
        await patient.join(QUEUE)
        await clinician.ready(QUEUE)
        await clinician.pull()
        await patient.until_called(5.0)
        await patient.answer()
        await clinician.until_live()
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
