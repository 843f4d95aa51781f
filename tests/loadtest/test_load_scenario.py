"""Scenarios as files: what is read, and that all faults are told at once."""

from pathlib import Path

import pytest
from kolapp_loadtest.errors import LoadtestError
from kolapp_loadtest.load.reading import BadScenario
from kolapp_loadtest.load.scenario import Fault, Objective, Spread
from kolapp_loadtest.load.scenario_file import parse
from kolapp_loadtest.load.shipped import load, names
from kolapp_loadtest.load.spans import clocks_s, said, span_s

SMALL = """
title = "A small day"
day = "08:00-10:00"
compress = 60
patients = 12
[queues.doctor]
visit = { mean = "5 min", deviation = 0.5 }
languages = ["sv"]
[[clinicians]]
count = 2
shift = "08:00-09:30"
pauses = ["08:30-08:45"]
[patients_are]
languages = { sv = 0.25 }
[[faults]]
at = "09:00"
kill = "signalling"
[objectives]
turn_p99_ms = 50
wait_mean = ["5 min", "15 min"]
"""


def faults_of(source: str) -> tuple[str, ...]:
    with pytest.raises(BadScenario) as bad:
        parse(source, "x")
    return bad.value.faults


def test_every_shipped_scenario_is_in_the_handbook() -> None:
    handbook = (Path(__file__).parents[2] / "docs/loadtest.md").read_text()
    assert [name for name in names() if f"| `{name}` |" not in handbook] == []


def test_a_file_becomes_a_scenario() -> None:
    found = parse(SMALL, "small")
    assert (found.name, found.day_s, found.wire_s) == ("small", 7200.0, 120.0)
    [kind] = found.clinicians
    assert (kind.count, kind.queues, kind.from_s, kind.until_s) == (2, ("doctor",), 0.0, 5400.0)
    assert kind.pauses == ((1800.0, 2700.0),)
    assert kind.vanish_s is None
    assert found.queues[0].visit == Spread(300.0, 0.5)
    assert found.faults == (Fault(3600.0, "kill", target="signalling"),)
    assert found.objectives == (
        Objective("turn_p99_ms", 0.0, 50.0),
        Objective("wait_mean", 300.0, 900.0),
    )


def test_all_faults_are_told_at_once_and_where() -> None:
    source = SMALL.replace('"5 min", dev', '"5 minutes", dev').replace("count = 2", "count = 0")
    source = source.replace('at = "09:00"', 'at = "11:00"').replace("turn_p99", "turn_p98")
    source = source.replace("patients = 12", 'pateints = 12\n[arrivals]\nrate = {"08:00" = 0}')
    said_ = "\n".join(faults_of(source))
    for where in (
        "queues.doctor.visit: a time such as",
        "clinicians[1].count: a whole number from 1",
        "faults[1].at: is outside the day",
        "objectives.turn_p98_ms: no such objective",
        "arrivals.rate: nobody would ever come",
        "patients: is missing",
        "pateints: is no key",
    ):
        assert where in said_


@pytest.mark.parametrize(
    ("change", "to", "fault"),
    [
        ('shift = "08:00-09:30"', 'queues = ["nurse"]', "there is no queue `nurse`"),
        ("languages = { sv = 0.25 }", "languages = { fi = 0.1 }", "no queue has `fi`"),
        ('kill = "signalling"', "", "either `kill` or `drop`"),
        ('kill = "signalling"', 'kill = "cat"', "one of signalling, media, store"),
        ("turn_p99_ms = 50", "turn_p99_ms = [9, 1]", "the lower bound is above"),
        ('pauses = ["08:30-08:45"]', 'pauses = ["08:45-08:30"]', "ends before it begins"),
        ("languages = { sv = 0.25 }", "languages = { sv = 1.25 }", "a number from 0 to 1"),
    ],
)
def test_what_makes_no_sense_is_refused(change: str, to: str, fault: str) -> None:
    assert any(fault in one for one in faults_of(SMALL.replace(change, to)))


def test_what_is_no_toml_is_one_fault() -> None:
    assert [one.partition(":")[0] for one in faults_of("= 1")] == ["no TOML"]


@pytest.mark.parametrize("name", names())
def test_what_is_shipped_is_whole_and_judges_something(name: str) -> None:
    found = load(name)
    assert found.about
    assert {"tickets_lost", "tickets_doubled", "tickets_misordered"} <= {
        one.name for one in found.objectives
    }


def test_a_scenario_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(LoadtestError, match="monday-morning"):
        load("no-such-day")


def test_times_are_read_and_said() -> None:
    assert (span_s("90 s"), span_s("1.5 h")) == (90.0, 5400.0)
    assert clocks_s("22:00-06:00") == (79200.0, 108000.0)
    assert (said(450.0), said(45.0), said(7200.0)) == ("7.5 min", "45 s", "2 h")
    for wrong in ("5", "5 days", 5, None):
        with pytest.raises(ValueError, match="a time such as"):
            span_s(wrong)
