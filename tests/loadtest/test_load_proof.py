"""The load generator proves itself: what a server is known to do wrong stands in the report."""

from statistics import median
from typing import Any

import pytest
from kolapp_loadtest.load.lives import make_plan
from kolapp_loadtest.load.model import expected
from kolapp_loadtest.load.report import make_report
from kolapp_loadtest.load.run import Run
from kolapp_loadtest.load.scenario_file import parse
from stub_queue import stub_queue

DAY = """
title = "Proof"
day = "08:00-08:03"
drain = "2 min"
compress = 60
patients = {patients}
[queues.q]
visit = "12 s"
[[clinicians]]
count = {clinicians}
[patients_are]
answers_after = "0 s"
[objectives]
tickets_lost = 0
tickets_doubled = 0
tickets_misordered = 0
"""


async def report_of(url: str, patients: int, clinicians: int) -> dict[str, Any]:
    scenario = parse(DAY.format(patients=patients, clinicians=clinicians), "proof")
    plan = make_plan(scenario)
    run = Run(scenario, plan, url=url, key_file="", server=None, workers=1, watch=lambda *_: None)
    result = await run.whole()
    about = {"machine": {}, "versions": {}, "own_server": False, "workers": 1, "replay": ""}
    return make_report(scenario, result, expected(scenario, plan), about)


def found(report: dict[str, Any], name: str) -> float:
    [verdict] = [one for one in report["verdicts"] if one["name"] == name]
    return float(verdict["value"])


async def test_a_known_delay_is_reported_within_five_percent() -> None:
    """Long enough that a busy test machine's own milliseconds do not matter."""
    async with stub_queue(delay_s=0.8) as stub:
        report = await report_of(stub.url, patients=30, clinicians=40)
    assert report["green"], report["failures"]
    assert report["outcomes"] == {"completed": 30}
    delay_ms = 1000 * median(stub.delays_s)
    # What the generator says of its own lateness is no error of its figures.
    own_ms = report["latencies_ms"]["generator_late"]["p90"]
    for verb in ("join", "pull", "turn", "answer", "hang_up"):
        found_ms = report["latencies_ms"][verb]["p50"]
        assert found_ms == pytest.approx(delay_ms, abs=0.05 * delay_ms + own_ms), verb


async def test_lost_doubled_and_overtaken_tickets_are_told() -> None:
    async with stub_queue(loses=40, swaps=20, doubles=30) as stub:
        report = await report_of(stub.url, patients=160, clinicians=8)
    assert not report["green"]
    assert found(report, "tickets_lost") == 4 == report["outcomes"]["lost"]
    assert found(report, "tickets_doubled") >= 2
    assert found(report, "tickets_misordered") >= 5
