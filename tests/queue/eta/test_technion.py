from __future__ import annotations

import pytest
from kolapp_queue.eta.history import DAY_S, Event, Step, weekday
from kolapp_queue.eta.technion import NotTechnion, read

HEAD = (
    "vru+line\tcall_id\tcustomer_id\tpriority\ttype\tdate\tvru_entry\tvru_exit\tvru_time\tq_start"
    "\tq_exit\tq_time\toutcome\tser_start\tser_exit\tser_time\tserver\n"
)


def row(
    queue: tuple[str, str] = ("0:00:00", "0:00:00"),
    service: tuple[str, str] = ("0:00:00", "0:00:00"),
    outcome: str = "AGENT",
    priority: int = 0,
    kind: str = "PS",
    date: str = "990104",  # a Monday
    server: str = "ANN",
) -> str:
    cells = ["AA0101", "1", "0", str(priority), kind, date, "8:00:00", "8:00:05", "5", *queue, "0"]
    return "\t".join([*cells, outcome, *service, "0", server]) + "\n"


def steps(*rows: str) -> list[tuple[Step, float]]:
    return [(event.step, event.at_s % DAY_S) for event in read([HEAD, *rows])]


def test_a_call_that_waited_is_three_events() -> None:
    line = row(("8:00:10", "8:01:10"), ("8:01:09", "8:03:09"), priority=2)
    joined, started, ended = read([line], first_ticket=7)
    assert joined == Event(joined.at_s, Step.JOINED, 7, "PS", 90.0, "", True)
    assert (started.step, started.at_s - joined.at_s, started.server) == (Step.STARTED, 60, "ANN")
    assert (ended.step, ended.at_s - joined.at_s) == (Step.ENDED, 179)
    assert weekday(joined.at_s) == 0


def test_who_gave_up_left() -> None:
    told = steps(row(("8:00:00", "8:00:30"), outcome="HANG", server="NO_SERVER"))
    assert told == [(Step.JOINED, 28_800), (Step.LEFT, 28_830)]


def test_served_at_once_has_no_wait() -> None:
    told = steps(row(service=("8:00:00", "8:02:00")))
    assert told == [(Step.STARTED, 28_800), (Step.ENDED, 28_920)]


def test_a_queue_of_no_length_is_no_wait() -> None:
    told = steps(row(("8:00:00", "8:00:00"), ("8:00:00", "8:02:00")))
    assert told == [(Step.STARTED, 28_800), (Step.ENDED, 28_920)]


@pytest.mark.parametrize("service", [("8:00:00", "7:00:00"), ("8:00:00", "8:00:00")])
def test_an_end_that_cannot_be_is_just_after_the_start(service: tuple[str, str]) -> None:
    assert steps(row(service=service)) == [(Step.STARTED, 28_800), (Step.ENDED, 28_801)]


def test_a_service_past_midnight_ends_the_next_day() -> None:
    started, ended = read([row(service=("23:59:00", "0:01:00"))])
    assert ended.at_s - started.at_s == 120


@pytest.mark.parametrize(
    "ignored",
    [
        row(("8:00:00", "8:01:00"), outcome="PHANTOM"),
        row(("8:00:00", "8:01:00"), ("8:01:00", "8:02:00"), kind="IN"),
        row(outcome="HANG"),
        "\n",
    ],
)
def test_what_says_nothing_of_this_queue_is_left_out(ignored: str) -> None:
    assert read([ignored]) == []


@pytest.mark.parametrize(
    ("line", "scored"),
    [
        (row(("8:00:00", "8:01:00"), ("8:01:00", "8:02:00")), True),
        (row(("6:59:59", "7:01:00"), ("7:01:00", "7:02:00")), False),
        (row(("8:00:00", "8:01:00"), ("8:01:00", "8:02:00"), kind="TT"), False),
        (row(("8:00:00", "8:01:00"), ("8:01:00", "8:02:00"), date="990108"), False),  # Friday
        (row(("8:00:00", "8:01:00"), ("8:01:00", "8:02:00"), date="990110"), True),  # Sunday
    ],
)
def test_weekdays_from_seven_are_compared(line: str, scored: bool) -> None:
    assert read([line])[0].scored is scored


def test_a_wrong_year_is_not_believed() -> None:
    line = row(("8:00:00", "8:01:00"), ("8:01:00", "8:02:00"), date="100104")
    assert read([line]) == read([row(("8:00:00", "8:01:00"), ("8:01:00", "8:02:00"))])


@pytest.mark.parametrize("line", ["a\tb\n", row(date="991399"), row(queue=("8:00", "8:01:00"))])
def test_another_format_is_named_by_its_line(line: str) -> None:
    with pytest.raises(NotTechnion, match="line 2 "):
        read([HEAD, line])
