"""What was measured adds up; tickets are held to the rules; objectives are judged."""

from dataclasses import replace
from typing import Any

import pytest
from kolapp_loadtest.load import ledger
from kolapp_loadtest.load.freshness import Freshness
from kolapp_loadtest.load.lives import make_plan
from kolapp_loadtest.load.measures import Latencies, Measures, Total
from kolapp_loadtest.load.model import Day, expected
from kolapp_loadtest.load.run_record import FaultDone, Result, Tick
from kolapp_loadtest.load.scenario import OBJECTIVES, Fault, Objective
from kolapp_loadtest.load.shipped import load
from kolapp_loadtest.load.verdicts import MET, MISSED, NOT_JUDGED, judge, memory_growth, recoveries

MS = 1_000_000
S = 1_000_000_000


def ticket(drawn: int, called_s: float | None = None, **changes: Any) -> dict[str, Any]:
    """Called in the order of time unless a version says otherwise."""
    version = changes.pop("version", called_s)
    visits = [] if called_s is None else [(f"v{drawn}", 1, version, int(called_s * S))]
    return {
        "number": drawn,
        "kind": "doctor///",
        "queue": "doctor",
        "ticket": f"t{drawn}",
        "drawn": drawn,
        "joined_ns": 0,
        "ended_ns": 100 * S,
        "outcome": "completed",
        "visits": visits,
        "announced": None,
        "disturbed": False,
        **changes,
    }


def test_latencies_add_up_over_processes_to_three_digits() -> None:
    one, other, both = Latencies(), Latencies(), Latencies()
    for n in range(1, 1001):
        (one if n % 2 else other).record("join", 0, n * MS)
    for part in (one, other):
        both.add(part.encoded())
    figures = both.figures()["join"]
    assert figures["n"] == 1000
    assert figures["p50"] == pytest.approx(500, rel=0.001)
    assert figures["p99"] == pytest.approx(990, rel=0.001)
    assert figures["max"] == pytest.approx(1000, rel=0.001)


def handed(**changes: Any) -> dict[str, Any]:
    return Measures().drain() | changes


def test_a_turn_counts_from_when_its_pull_was_due_whichever_process_tells_first() -> None:
    total = Total()
    total.take("patients", handed(turns=[{"visit": "v1", "at_ns": 30 * MS}]))
    total.take("clinicians", handed(pulls=[{"visit": "v1", "due_ns": 10 * MS}]))
    total.take("clinicians", handed(pulls=[{"visit": "v2", "due_ns": 10 * MS}]))
    assert total.latencies().figures()["turn"]["p50"] == pytest.approx(20, rel=0.001)
    assert total.turns_missing() == 1
    assert not total.doubled_visits
    total.take("other", handed(turns=[{"visit": "v1", "at_ns": 31 * MS}]))
    assert total.doubled_visits == {"v1"}


def test_counts_are_those_of_the_last_time_and_of_all_processes() -> None:
    total = Total()
    for n in (1, 2):
        total.take("a", handed(counts={"visits": n}))
    total.take("b", handed(counts={"visits": 5}))
    assert total.counts()["visits"] == 7


def test_who_is_called_in_order_is_not_overtaken() -> None:
    assert ledger.overtaken([ticket(1, 1.0), ticket(2, 2.0), ticket(3, 3.0)]) == {"doctor///": 0}


def test_who_is_called_after_a_higher_number_was_overtaken() -> None:
    assert ledger.overtaken([ticket(1, 5.0), ticket(2, 2.0), ticket(3, 9.0)]) == {"doctor///": 1}


def test_who_is_never_called_while_higher_numbers_are_was_overtaken() -> None:
    assert sum(ledger.overtaken([ticket(1), ticket(2, 2.0)]).values()) == 1
    before = ticket(1, ended_ns=1 * S)
    assert sum(ledger.overtaken([before, ticket(2, 2.0)]).values()) == 0


def test_disturbed_ones_and_other_kinds_overtake_nobody() -> None:
    tickets = [ticket(1, 5.0, disturbed=True), ticket(2, 2.0), ticket(3, 1.0, kind="doctor/en//")]
    assert sum(ledger.overtaken(tickets).values()) == 0


def test_doubled_tickets_numbers_and_visits_are_found() -> None:
    assert ledger.doubled([ticket(1), ticket(2)], ()) == 0
    assert ledger.doubled([ticket(1), ticket(1, ticket="other")], ()) == 1
    assert ledger.doubled([ticket(1), ticket(2, ticket="t1")], ("v9",)) == 2


def test_a_recovery_ends_with_the_last_outage_that_the_fault_caused() -> None:
    outages = [(0, 1 * S), (9 * S, 12 * S), (11 * S, 14 * S), (30 * S, 40 * S)]
    assert ledger.recovery_s(outages, 10 * S, 13 * S) == 4.0
    assert ledger.recovery_s(outages, 15 * S, 18 * S) == 0.0


def test_places_behind_a_turn_are_fresh_again_with_their_next_snapshot() -> None:
    measures = Measures()
    front = Freshness(measures)
    for number in (1, 2, 3):
        front.shown("doctor", number, number, 0)
    front.gone("doctor", 3)
    front.called("doctor", 1, 100 * MS)
    front.shown("doctor", 2, 1, 150 * MS)
    front.shown("doctor", 3, 2, 500 * MS)
    figures = measures.latencies.figures()["place"]
    assert (figures["n"], figures["max"]) == (1, pytest.approx(50, rel=0.001))


SCENARIO = replace(
    load("monday-morning"),
    compress=60.0,
    patients=2,
    objectives=tuple(Objective(name, 0.0, 0.5) for name in OBJECTIVES),
)


def verdicts_of(result: Result, **bounds: tuple[float, float]) -> dict[str, str]:
    asked = tuple(Objective(name, *pair) for name, pair in bounds.items())
    scenario = replace(SCENARIO, objectives=asked or SCENARIO.objectives)
    return {one.name: one.verdict for one in judge(scenario, result, Day((10.0, 20.0), 0, 0))}


def result_of(*tickets: dict[str, Any], **counts: int) -> Result:
    result = Result()
    result.total.take("a", handed(tickets=list(tickets), counts=counts))
    return result


def test_objectives_are_met_missed_or_not_judged() -> None:
    result = result_of(ticket(0, 10.0), ticket(1, 20.0, outcome="lost"), **{"asked:join": 2})
    asked = {"wait_vs_model": (0.9, 1.1), "wait_mean": (600.0, 900.0), "tickets_lost": (0.0, 0.0)}
    assert verdicts_of(result, **asked, turn_p99_ms=(0.0, 50.0)) == {
        "wait_vs_model": MET,
        "wait_mean": MET,
        "tickets_lost": MISSED,
        "turn_p99_ms": NOT_JUDGED,
    }


def test_a_life_that_left_no_record_is_a_lost_ticket() -> None:
    assert verdicts_of(result_of(ticket(0, 1.0)), tickets_lost=(0.0, 0.0)) == {
        "tickets_lost": MISSED
    }


def test_every_objective_has_a_value() -> None:
    assert verdicts_of(result_of(ticket(0), ticket(1))).keys() == OBJECTIVES.keys()


def test_errors_are_a_share_of_what_was_asked_and_crossings_are_none() -> None:
    counts = {"asked:join": 98, "asked:pull": 2, "error:join:internal": 1, "crossed:pull:x": 2}
    assert verdicts_of(result_of(**counts), errors=(0.0, 0.01)) == {"errors": MET}
    assert verdicts_of(result_of(**counts), errors=(0.0, 0.009)) == {"errors": MISSED}


def test_recovery_from_a_lost_network_counts_from_when_it_is_back() -> None:
    result = Result()
    fault = Fault(0.0, "drop", offline_wire_s=5.0)
    result.faults = [FaultDone(fault, 10 * S, 3)]
    result.total.take("a", handed(outages=[(15 * S, 17 * S)]))
    assert [seconds for _, seconds in recoveries(result)] == [2.0]


def test_memory_grows_from_the_middle_to_the_end() -> None:
    sizes = [50.0] * 50 + [100.0] * 45 + [110.0] * 5
    ticks = [Tick(0.0, 0, 0, 0, 0, 0, {}, {"signalling": size}) for size in sizes]
    value, note = memory_growth(ticks)
    assert value == pytest.approx(0.05)
    assert "100 MB" in note
    assert memory_growth(ticks[:10])[0] is None


def test_the_model_of_a_shipped_day_waits_as_the_day_means_it() -> None:
    scenario = load("monday-morning")
    day = expected(scenario, make_plan(scenario))
    mean_s = sum(day.waits_s) / len(day.waits_s) * scenario.compress
    [asked] = [one for one in scenario.objectives if one.name == "wait_mean"]
    assert asked.low <= mean_s <= asked.high


@pytest.mark.parametrize(("disturbed", "verdict"), [(False, MISSED), (True, MET)])
def test_a_call_that_came_and_went_without_a_network_is_no_loss(
    disturbed: bool, verdict: str
) -> None:
    people = [ticket(n, 1.0 + n) for n in range(SCENARIO.patients)]
    people[0] |= {"disturbed": disturbed, "unseen": 1}
    result = result_of(*people)
    result.total.take("b", handed(pulls=[{"visit": "unseen", "due_ns": 0}]))
    assert verdicts_of(result, tickets_lost=(0.0, 0.0)) == {"tickets_lost": verdict}


@pytest.mark.parametrize(("gave_up", "verdict"), [(0, MISSED), (1, MET)])
def test_a_call_of_who_got_no_answer_to_join_is_no_loss(gave_up: int, verdict: str) -> None:
    """One pull whose call nobody saw: a loss, unless somebody gave up without ever having heard
    of the number that they may have drawn."""
    people = [ticket(n, 1.0 + n) for n in range(SCENARIO.patients)]
    if gave_up:
        people[0] |= {"outcome": "refused_no_answer", "ticket": "", "visits": []}
    result = result_of(*people)
    result.total.take("b", handed(pulls=[{"visit": "unseen", "due_ns": 0}]))
    assert verdicts_of(result, tickets_lost=(0.0, 0.0)) == {"tickets_lost": verdict}
