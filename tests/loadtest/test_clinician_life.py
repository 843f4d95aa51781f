"""From when on a clinician of a load test counts as free: latencies begin there."""

from __future__ import annotations

import asyncio
import time

from kolapp_loadtest.load.clinician_life import ClinicianLived
from kolapp_loadtest.load.lives import make_plan
from kolapp_loadtest.load.measures import Measures
from kolapp_loadtest.load.scenario_file import parse
from kolapp_loadtest.load.tokens import Tokens
from kolapp_loadtest.network import Network
from kolapp_loadtest.patient import Patient
from media_peers import until
from stub_queue import stub_queue

S = 1_000_000_000
DAY = """
title = "One"
day = "08:00-08:30"
compress = 60
patients = 1
[queues.q]
visit = "50 s"
[[clinicians]]
pauses = ["08:00-08:02"]
[patients_are]
answers_after = "0 s"
"""


async def test_a_pause_is_nobodys_latency() -> None:
    """Somebody waits all the while; the pull is due when the pause is over, not before it."""
    measures, [life] = Measures(), make_plan(parse(DAY, "one")).clinicians
    async with stub_queue() as stub, Network() as network:
        clinician = ClinicianLived(life, stub.url, network, measures)
        async with Patient(stub.url, "patient", network=network) as patient:
            await patient.join("q")
            start_ns = time.perf_counter_ns()
            tokens = Tokens(stub.url, network)
            living = asyncio.create_task(clinician.live(start_ns, tokens, start_ns + 60 * S))
            await patient.until_called(20)
            await until(lambda: measures.pulls, 20)
            living.cancel()
            await asyncio.wait([living])
    [pull] = measures.pulls
    assert pull["due_ns"] == start_ns + 2 * S
