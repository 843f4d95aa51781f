"""All benchmarks in one run: what is judged, what a country needs, and what a reader is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kolapp_loadtest.bench import budgets, capacity
from kolapp_loadtest.bench.budgets import MET, MISSED, NOT_JUDGED, NOT_MEASURED
from kolapp_loadtest.bench.capacity import Core, Country
from kolapp_loadtest.bench.markdown import markdown
from kolapp_loadtest.bench.report import joining
from kolapp_loadtest.bench.suite import SUITE, Bench
from kolapp_loadtest.bench_all import _capacity, _one, main, summary


def turn(clients: int, pulls: float, share: float) -> dict[str, Any]:
    return {
        "clients": clients, "probes": 0, "pulls_per_s": pulls, "duration_s": 10.0,
        "fanout_core_share": share, "bytes_per_client": 20_000, "ratio_p50": 1.5,
        "turn_ms": {"p50": 4.0, "p99": 30.0}, "front_fresh_ms_p99": 100.0,
        "tail_fresh_ms_p99": 900.0, "cpu_s": {"store": 1.0}, "joining": {"signalling_ms": 2.0},
        "versions": {"python": "3"},
    }  # fmt: skip


QUEUE = {
    "kolapp": {"cells": [{"waiting": 100}, {"waiting": 100_000}]},
    "ratios": {"join_to_bullmq": 2.5, "pull_to_bullmq": 1.9, "join_to_saq": None},
    "missing": {"saq": "there is no package index"},
}
MEDIA = {
    "kolapp": {
        "packets_per_cpu_s": 50_000, "calls_per_core": 200.0, "loss": 0.0,
        "added_ms": {"p50": 0.2}, "mb_per_call": 0.5, "steps": [{"calls": 80, "held": True}],
    },
    "janus": {"left_out": "janus is not installed, or this is not root"},
    "mediarelay": {"calls_per_core": 2.5},
}  # fmt: skip
# 5,000 waiting take 0.1 of a core and 5 pulls 0.05; 500 take 0.01 and 20 pulls 0.2.
RESULTS: dict[str, Any] = {
    "turn": turn(5000, 5.0, 0.15),
    "turn_fewer": turn(500, 20.0, 0.21),
    "queue": QUEUE,
    "media": MEDIA,
    "connect": {"failed": "no Chromium starts; KOLAPP_CHROMIUM names one"},
}


def verdict(what: str, results: dict[str, Any] = RESULTS) -> tuple[str, str]:
    [row] = [row for row in budgets.judged(results) if row["what"] == what]
    return row["verdict"], row["note"]


def test_a_budget_is_met_or_missed() -> None:
    assert verdict("pull to “your turn”, p50") == (MET, "")
    assert verdict("pull to “your turn”, p99") == (MISSED, "")
    assert verdict("joins a second, times BullMQ's") == (MET, "")
    assert verdict("pulls a second, times BullMQ's") == (MISSED, "")
    assert verdict("calls a core, times MediaRelay's") == (MET, "")


def test_a_peer_that_is_missing_is_not_hidden() -> None:
    assert verdict("joins a second, times SAQ's") == (NOT_MEASURED, "there is no package index")
    assert verdict("packets a CPU second, times Janus's")[1].startswith("janus is not installed")


def test_a_benchmark_that_failed_or_has_no_such_figure_says_so() -> None:
    assert verdict("answer to first picture, cold, p50")[1].startswith("no Chromium")
    assert verdict("waiting times of 10,000, p50") == (NOT_MEASURED, "was not asked for")
    lame = RESULTS | {"turn": {"clients": 5000, "pulls_per_s": 5.0}}
    assert verdict("memory a waiting client", lame)[0] == NOT_MEASURED


def test_a_smaller_load_is_not_judged() -> None:
    smaller = RESULTS | {"turn": turn(500, 5.0, 0.1)}
    assert verdict("pull to “your turn”, p99", smaller)[0] == NOT_JUDGED
    few = MEDIA | {"kolapp": MEDIA["kolapp"] | {"steps": [{"calls": 10, "held": True}]}}
    assert verdict("calls a core", RESULTS | {"media": few})[0] == NOT_JUDGED
    broke = MEDIA | {"kolapp": MEDIA["kolapp"] | {"steps": [{"calls": 60, "held": False}]}}
    assert verdict("calls a core", RESULTS | {"media": broke})[0] == MET


@pytest.mark.parametrize(("ms", "expected"), [(9.0, MET), (16.0, NOT_JUDGED)])
def test_a_figure_from_outside_can_only_meet_a_budget(ms: float, expected: str) -> None:
    connect = {"cold_ms": {"phases": {"offer_to_answer": {"p50": ms}}}}
    what = "offer to answer as the page sees it, p50"
    assert verdict(what, RESULTS | {"connect": connect})[0] == expected


def test_two_loads_tell_waiting_from_pulls() -> None:
    core = capacity.one_core(RESULTS)
    assert core.waiting == pytest.approx(0.1 / 5000)
    assert core.pull == pytest.approx(0.01)
    assert core.join == pytest.approx(0.002)
    assert core.store_pull == pytest.approx(1.0 / 10 / 5)
    assert core.call == pytest.approx(1 / 200)


def test_loads_that_contradict_each_other_tell_nothing() -> None:
    core = capacity.one_core(RESULTS | {"turn_fewer": turn(500, 20.0, 0.001)})
    assert (core.waiting, core.pull) == (None, None)
    assert "too busy" in core.note
    same = capacity.one_core(RESULTS | {"turn_fewer": RESULTS["turn"]})
    assert "both loads are the same" in same.note


CORE = Core(
    waiting=20e-6, pull=0.01, join=0.002, store_pull=0.001, store_join=0.0003,
    client_bytes=20_000, call=0.005,
)  # fmt: skip
COUNTRY = Country(100_000, 2_000, 2_000, cycle_s=500.0, joins_per_pull=2.0, reconnects_s=1000.0)


def test_what_a_country_needs_is_worked_out_step_by_step() -> None:
    steps = {step.what: step for step in capacity.needed(CORE, COUNTRY)}
    assert steps["pulls a second"].result == 4.0
    assert steps["arrivals a second"].result == 2 * 4.0 + 100.0
    # (2.0 for who waits + 0.04 for pulls + 0.216 for arrivals) cores, used to a half
    assert steps["cores for signalling"].result == 5
    assert steps["cores for signalling"].arithmetic == (
        "(100,000 waiting x 0.02 ms + 4 pulls x 10 ms + 108 arrivals x 2 ms) / 500 ms"
    )
    assert steps["cores for store"].result == 1
    assert steps["cores for media"].result == 20
    assert steps["memory of the signalling nodes"].result == 2.0
    assert steps["traffic of the media nodes, each way"].result == pytest.approx(4.2)


def test_one_core_carries_what_is_planned_of_it() -> None:
    found = {step.what: step.result for step in capacity.carried(CORE, COUNTRY)}
    assert found["waiting patients (signalling)"] == pytest.approx(25_000)
    assert found["calls (media node)"] == pytest.approx(100)


def test_what_was_not_measured_is_not_known() -> None:
    bare = replace(CORE, pull=None, call=None, client_bytes=None)
    steps = {step.what: step for step in capacity.needed(bare, COUNTRY)}
    for what in ("cores for signalling", "cores for media", "memory of the signalling nodes"):
        assert steps[what].result is None
        assert "not measured" in steps[what].arithmetic
    assert steps["cores for store"].result == 1


def test_an_arrival_costs_both_signalling_and_store() -> None:
    assert joining({"signalling": 5.0, "store": 0.5, "media": 9.0}, 1000) == {
        "joining": {"signalling_ms": 5.0, "store_ms": 0.5}
    }


def whole() -> dict[str, Any]:
    return {
        "at": "2030-01-01 09:00 UTC", "quick": True, "took_s": 120.0,
        "load_before": (0.1, 0.2, 0.3),
        "machine": {"cpus": 2}, "versions": {"python": "3.11"},
        "each_took_s": dict.fromkeys(RESULTS, 9.0), "others_cores": dict.fromkeys(RESULTS, 0.7),
        "commands": {name: f"kolapp bench {name}" for name in RESULTS},
        "budgets": budgets.judged(RESULTS), "capacity": _capacity(RESULTS), "results": RESULTS,
        "texts": dict.fromkeys(RESULTS, "figures for people\n"),
    }  # fmt: skip


def test_the_document_holds_machine_commands_budgets_capacity_and_what_failed() -> None:
    text = markdown(whole())
    for part in (
        "cpus 2",
        "9 s; other programs took 0.70 cores meanwhile",
         "python 3.11", "Load average before: 0.10", "A quick run", "**missed**",
        "there is no package index", "    kolapp bench turn\n", "figures for people",
        "**Not measured:** no Chromium", "| cores for media | (2,000 calls x 5 ms) / 500 ms | 20",
        "--markdown BENCHMARKS.md",
    ):  # fmt: skip
        assert part in text, part
    assert "not measured" in summary(whole())


async def test_a_benchmark_that_cannot_run_leaves_its_reason(tmp_path: Path) -> None:
    nonsense = Bench("x", "nonsense", "", "", "", 30.0)
    figures, _ = await _one(nonsense, False, tmp_path / "x.json")
    assert figures["failed"].startswith("usage: kolapp bench")


async def test_one_that_hangs_is_stopped(tmp_path: Path) -> None:
    hangs = Bench("eta", "eta", "", "--rounds 1000000", "", 0.5)
    figures, _ = await _one(hangs, False, tmp_path / "x.json")
    assert figures["failed"] == "it was not done in 0.5 s"


def test_every_benchmark_of_the_suite_is_one_of_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from kolapp_signalling.cli import main as kolapp

    assert kolapp(["bench", "none"]) == 2
    known = capsys.readouterr().err
    for bench in SUITE:
        assert bench.command in known
        assert bench.arguments(True) != bench.arguments(False)
    with pytest.raises(SystemExit):
        main(["--only", "none"])
