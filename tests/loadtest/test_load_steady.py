"""What is steady in a run, and how many sockets it needs."""

from __future__ import annotations

import resource
from dataclasses import replace

import pytest
from kolapp_loadtest.errors import LoadtestError
from kolapp_loadtest.load import sockets, steady
from kolapp_loadtest.load.lives import Plan, make_plan
from kolapp_loadtest.load.model import expected
from kolapp_loadtest.load.run_record import FaultDone, Result, Tick
from kolapp_loadtest.load.scenario import Fault, Objective
from kolapp_loadtest.load.shipped import load
from kolapp_loadtest.load.verdicts import judge, recoveries
from lived_day import SCENARIO, lived

S = 1_000_000_000


def ticks(mb_per_min: float, seconds: int = 120) -> list[Tick]:
    """A crowd comes in twenty seconds and makes the node grow; then it may go on growing."""
    found = []
    for n in range(20 + seconds):
        connected = min(1000, 50 * (n + 1))
        size = 100.0 + 0.02 * connected + max(0, n - 20) * mb_per_min / 60
        sizes = {"signalling": size, "media": 60.0, "store": 10.0 + n / 6, "patients 1": 90.0}
        cpu = {"signalling": 1.0 if n < 20 else 0.25, "store": 0.05}
        found.append(Tick(float(n), connected, connected, 0, 0, 0, cpu, sizes))
    return found


def test_what_came_with_the_crowd_is_no_leak() -> None:
    found = steady.summary(ticks(0.0))
    assert found["connected"] == 1000
    assert found["from_s"] >= 19
    assert found["processes"]["signalling"]["mb_per_min"] == 0.0
    assert found["processes"]["signalling"]["cores"] == 0.25
    assert found["processes"]["store"]["mb_per_min"] == pytest.approx(10.0)
    assert found["kb_per_client"] == pytest.approx(20.0)


def verdict_of(name: str, result: Result, high: float) -> tuple[str, float | None]:
    asked = replace(SCENARIO, objectives=(Objective(name, 0.0, high),))
    [one] = judge(asked, result, expected(asked, make_plan(asked)))
    return one.verdict, one.value


@pytest.mark.parametrize(("leak", "verdict"), [(0.0, "met"), (0.9, "met"), (1.2, "missed")])
def test_a_leak_misses_the_objective_whatever_the_store_keeps(leak: float, verdict: str) -> None:
    result = lived()
    result.ticks = ticks(leak)
    found, value = verdict_of("memory_slope", result, 1.0)
    assert (found, value) == (verdict, pytest.approx(leak, abs=0.01))
    assert verdict_of("signalling_cores", result, 0.2) == ("missed", 0.25)


def test_too_short_a_time_is_not_judged() -> None:
    result = lived()
    result.ticks = ticks(9.0, seconds=5)
    assert verdict_of("memory_slope", result, 1.0) == ("not judged", None)
    result.ticks = []
    assert verdict_of("signalling_cores", result, 1.0) == ("not judged", None)


def test_a_fault_is_over_when_nobody_is_held_up_and_another_does_the_work() -> None:
    result = Result()
    for back_s in (0.7, 4.0):
        result.faults.append(FaultDone(Fault(0.0, "kill", target="media"), 10 * S, 1, back_s))
    result.total.outages = [(10 * S, 12 * S), (20 * S, 30 * S)]  # the second is not their doing
    assert [seconds for _, seconds in recoveries(result)] == [2.0, 4.0]


def test_sockets_are_counted_as_if_nobody_were_served() -> None:
    night = load("night")
    plan = make_plan(night)
    assert 2 < sockets.most_connected(plan) <= len(plan.patients) + len(plan.clinicians)
    one_by_one = tuple(
        replace(life, at_s=100.0 * n, patience_s=10.0) for n, life in enumerate(plan.patients)
    )
    assert sockets.most_connected(Plan(one_by_one, ())) == 1
    crowd = tuple(replace(life, at_s=5.0) for life in plan.patients)
    assert sockets.most_connected(Plan(crowd, ())) == len(crowd)


def test_too_few_descriptors_are_said_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make_plan(load("ten-thousand"))
    raised = []
    monkeypatch.setattr(resource, "setrlimit", lambda kind, limits: raised.append(limits))
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (4096, 4096))
    with pytest.raises(LoadtestError, match=r"1[0-9],[0-9]{3} open files at once.*allows 4,096"):
        sockets.provide(plan, own_server=True, workers=2)
    assert raised == [(4096, 4096)]
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (50_000, 50_000))
    assert sockets.provide(plan, own_server=True, workers=2)["allowed"] == 50_000


def test_ten_thousand_wait_while_five_a_second_are_called() -> None:
    scenario = load("ten-thousand")
    plan = make_plan(scenario)
    by_then = sum(life.at_s <= 120 for life in plan.patients)
    assert by_then == pytest.approx(10_000, rel=0.03)
    cycle_s = scenario.wire(scenario.clinicians[0].wrap_up.mean_s)
    cycle_s += scenario.wire(scenario.queues[0].visit.mean_s + scenario.habits.answers_after.mean_s)
    assert len(plan.clinicians) / cycle_s == pytest.approx(5.0)
    assert len(plan.patients) - by_then == pytest.approx(600 * 5.0, rel=0.1)
