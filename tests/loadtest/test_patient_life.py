"""What a patient of a load test does when the server they come back to knows less than before."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from kolapp_loadtest.clinician import Clinician
from kolapp_loadtest.load.freshness import Freshness
from kolapp_loadtest.load.lives import make_plan
from kolapp_loadtest.load.measures import Measures
from kolapp_loadtest.load.patient_life import PatientLived
from kolapp_loadtest.load.scenario_file import parse
from kolapp_loadtest.load.tokens import Tokens
from kolapp_loadtest.network import Network
from stub_queue import stub_queue

DAY = """
title = "One"
day = "08:00-08:01"
patients = 1
[queues.q]
visit = "50 s"
[[clinicians]]
[patients_are]
answers_after = "0 s"
"""


async def lived(url: str, *, called: bool) -> dict[str, Any]:
    """The record of one whose connection breaks while waiting, or while in a visit; the stub knows
    nobody who comes back."""
    measures, [life] = Measures(), make_plan(parse(DAY, "one")).patients
    async with Network() as network:
        patient = PatientLived(life, url, network, measures, Freshness(measures))
        start_ns = time.perf_counter_ns() - int(life.at_s * 1e9)  # comes now
        living = asyncio.create_task(
            patient.live(start_ns, Tokens(url, network), start_ns + 60_000_000_000)
        )
        async with Clinician(url, "clinician", network=network) as clinician:
            await clinician.ready("q")
            await clinician.until(lambda one: one.duty and one.duty["queues"][0]["waiting"], 20)
            if called:
                await clinician.pull()
                await clinician.until_live(20)
            assert patient.client is not None
            state = "in_visit" if called else "waiting"
            await patient.client.until(lambda one: one.state == state, 20)
            patient.client.drop()
            async with asyncio.timeout(30):
                await living
    [record] = measures.tickets
    return record


@pytest.mark.parametrize(("called", "outcome"), [(False, "lost"), (True, "ended_unseen")])
async def test_who_comes_back_to_a_new_session_asks_what_is_left(
    called: bool, outcome: str
) -> None:
    async with stub_queue() as stub:
        assert (await lived(stub.url, called=called))["outcome"] == outcome
