"""The plan of a day: as many as asked, under the curve, the same for the same seed."""

from dataclasses import replace

import pytest
from kolapp_loadtest.errors import LoadtestError
from kolapp_loadtest.load.lives import Arrival, arrivals, draw, make_plan
from kolapp_loadtest.load.model import expected
from kolapp_loadtest.load.replay import read_history
from kolapp_loadtest.load.scenario import (
    Clinicians,
    Habits,
    QueueSpec,
    Scenario,
    Spread,
)

DAY = Scenario(
    name="day",
    title="Day",
    about="",
    begins_s=7 * 3600.0,
    day_s=3600.0,
    drain_s=600.0,
    compress=60.0,
    seed=3,
    patients=4000,
    curve=((0.0, 0.0), (1800.0, 10.0), (3600.0, 0.0)),
    queues=(QueueSpec("a", "A", 3.0, Spread(60.0), languages=("en",)),
            QueueSpec("b", "B", 1.0, Spread(60.0))),
    clinicians=(Clinicians(2, ("a", "b"), 0.0, 3600.0),),
)  # fmt: skip


def test_people_come_as_the_curve_says() -> None:
    found = arrivals(DAY)
    assert len(found) == 4000
    assert found == sorted(found, key=lambda one: one.at_s)
    # The triangle's middle half holds three quarters of its area.
    middle = sum(900.0 <= one.at_s <= 2700.0 for one in found) / len(found)
    assert middle == pytest.approx(0.75, abs=0.03)


def test_the_same_seed_plans_the_same_day_and_another_another() -> None:
    assert make_plan(DAY) == make_plan(DAY)
    assert make_plan(DAY) != make_plan(replace(DAY, seed=4))


def test_people_are_compressed_and_networks_are_not() -> None:
    habits = Habits(patience=Spread(600.0), loses_network=1.0, offline_wire_s=7.0)
    life = make_plan(replace(DAY, habits=habits)).patients[0]
    assert life.patience_s == 10.0
    assert life.offline_s == 7.0


def test_shares_are_kept_and_nobody_asks_for_what_a_queue_has_not() -> None:
    found = make_plan(replace(DAY, habits=Habits(languages=(("en", 0.5),), urgent=0.25))).patients
    in_a = [life for life in found if life.queue == "a"]
    assert len(in_a) / len(found) == pytest.approx(0.75, abs=0.03)
    asked = sum(life.language == "en" for life in in_a) / len(in_a)
    assert asked == pytest.approx(0.5, abs=0.04)
    assert not [life for life in found if life.queue == "b" and life.language]
    assert sum(life.urgent for life in found) / 4000 == pytest.approx(0.25, abs=0.03)


def test_a_spread_has_its_mean_and_its_deviation() -> None:
    from random import Random

    random = Random(1)
    drawn = [draw(Spread(100.0, 0.5), random) for _ in range(20_000)]
    mean = sum(drawn) / len(drawn)
    deviation = (sum((one - mean) ** 2 for one in drawn) / len(drawn)) ** 0.5
    assert (mean, deviation / mean) == pytest.approx((100.0, 0.5), rel=0.03)


def model_of(waits: list[float], **changes: object) -> tuple[float, ...]:
    come = [Arrival(at_s, queue="a", visit_s=600.0) for at_s in waits]
    alone = replace(
        DAY,
        compress=1.0,
        clinicians=(Clinicians(1, ("a",), 0.0, 3600.0),),
        habits=Habits(answers_after=Spread(0.0), patience=Spread(5000.0)),
        **changes,  # type: ignore[arg-type]  # of a dataclass
    )
    return expected(alone, make_plan(alone, come)).waits_s


def test_the_model_serves_one_after_the_other() -> None:
    assert model_of([0.0, 100.0, 200.0]) == (0.0, 500.0, 1000.0)


def test_the_model_lets_nobody_wait_beyond_patience() -> None:
    come = [Arrival(0.0, queue="a", visit_s=600.0), Arrival(1.0, queue="a", patience_s=60.0)]
    alone = replace(DAY, compress=1.0, clinicians=(Clinicians(1, ("a",), 0.0, 3600.0),))
    day = expected(alone, make_plan(alone, come))
    assert (len(day.waits_s), day.gave_up, day.unserved) == (1, 1, 0)


TECHNION = [
    "vru+line\tcall_id\tcustomer_id\tpriority\ttype\tdate\tvru_entry\tvru_exit\tvru_time\tq_start"
    "\tq_exit\tq_time\toutcome\tser_start\tser_exit\tser_time\tserver",
    "A\t1\t0\t2\tPS\t990104\t7:05:00\t7:05:10\t10\t7:05:10\t7:06:10\t60\tAGENT\t7:06:10\t7:08:10\t120\tX",
    "A\t2\t0\t0\tPS\t990104\t7:10:00\t7:10:10\t10\t7:10:10\t7:10:40\t30\tHANG\t0:00:00\t0:00:00\t0\tNO",
    "A\t3\t0\t0\tPS\t990104\t7:11:00\t7:11:10\t10\t0:00:00\t0:00:00\t0\tHANG\t0:00:00\t0:00:00\t0\tNO",
    "A\t4\t0\t0\tPS\t990105\t7:11:00\t7:11:10\t10\t0:00:00\t0:00:00\t0\tAGENT\t7:11:10\t7:12:10\t60\tX",
]  # fmt: skip


def test_a_day_of_the_call_centre_is_replayed() -> None:
    served, gave_up = read_history(TECHNION, DAY, "990104")
    assert (served.at_s, served.urgent, served.visit_s, served.patience_s) == (310, True, 120, None)
    assert (gave_up.at_s, gave_up.urgent, gave_up.patience_s) == (610.0, False, 30.0)
    assert [one.at_s for one in read_history(TECHNION, DAY, "990105")] == [670.0]


def test_an_audit_export_is_replayed() -> None:
    lines = [
        '{"step": "join", "ticket": "t1", "queue": "b", "ms": 5000}',
        '{"step": "join", "ticket": "t2", "queue": "a", "ms": 65000}',
        '{"step": "leave", "ticket": "t2", "queue": "a", "ms": 95000}',
        '{"step": "hang_up", "ticket": "t1", "queue": "b", "ms": 99000, "visit_ms": 42000}',
    ]
    assert read_history(lines, DAY) == [
        Arrival(0.0, queue="b", visit_s=42.0),
        Arrival(60.0, queue="a", patience_s=30.0),
    ]


@pytest.mark.parametrize("lines", [[], ["nonsense"], ['{"step": "pull"}'], TECHNION[:1]])
def test_what_is_no_history_is_refused(lines: list[str]) -> None:
    with pytest.raises(LoadtestError):
        read_history(lines, DAY)
