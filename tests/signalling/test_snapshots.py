from __future__ import annotations

from dataclasses import replace

import pytest
from kolapp_queue.model import ClinicianKey, Duty, Line, TicketId
from kolapp_queue.states import TicketState, VisitState
from kolapp_signalling.parts import ForecastRange, PlaceInfo, QueueLoad, WaitRange
from kolapp_signalling.snapshots import (
    called_ticket,
    differs,
    duty_snapshot,
    queue_load,
    ticket_snapshot,
    visit_info,
)
from sample_records import REF, TICKET, VISIT

PLACE = PlaceInfo(2, 4, WaitRange(True, 60, 120))


def test_a_waiting_ticket_shows_its_place_at_the_lines_version() -> None:
    shown = ticket_snapshot(TICKET, 2_000, place=PLACE, line_version=8)
    assert (shown.version, shown.state, shown.number, shown.place) == (8, "waiting", 7, PLACE)
    assert (shown.call, shown.visit, shown.away) == (None, None, False)


def test_a_forecast_goes_with_a_place_and_makes_no_difference_of_its_own() -> None:
    forecast = ForecastRange(70, 340)
    shown = ticket_snapshot(TICKET, 0, place=PLACE, forecast=forecast)
    assert shown.forecast == forecast
    assert not differs(ticket_snapshot(TICKET, 0, place=PLACE), shown)
    called = called_ticket(TICKET, VISIT)
    assert ticket_snapshot(called, 0, place=PLACE, forecast=forecast).forecast is None


def test_away_is_said_while_waiting_only() -> None:
    away = replace(TICKET, present=False)
    assert ticket_snapshot(away, 0).away
    assert not ticket_snapshot(replace(away, state=TicketState.LEFT), 0).away


def test_a_called_ticket_counts_the_ring_down_and_hides_the_place() -> None:
    called = called_ticket(TICKET, VISIT)
    shown = ticket_snapshot(called, 20_000, place=PLACE, line_version=99)
    assert (shown.version, shown.state, shown.place) == (9, "called", None)
    assert shown.call is not None
    assert (shown.call.visit, shown.call.epoch, shown.call.answer_within_ms) == ("v1", 3, 35_000)
    assert not shown.call.encrypted
    encrypted = ticket_snapshot(called_ticket(TICKET, replace(VISIT, encrypted=True)), 0)
    assert encrypted.call is not None
    assert encrypted.call.encrypted
    late = ticket_snapshot(called, 60_000).call
    assert late is not None
    assert late.answer_within_ms == 0


def test_who_is_rung_again_in_the_visit_has_a_call_until_the_time_is_over() -> None:
    inside = replace(TICKET, state=TicketState.IN_VISIT, visit=VISIT.id, epoch=3)
    assert ticket_snapshot(inside, 20_000).call is None
    rung = replace(inside, ring_until_ms=55_000)
    call = ticket_snapshot(rung, 20_000).call
    assert call is not None
    assert (call.visit, call.epoch, call.answer_within_ms) == ("v1", 3, 35_000)
    assert ticket_snapshot(rung, 55_000).call is None


@pytest.mark.parametrize("state", [s for s in TicketState if s != TicketState.IN_VISIT])
def test_the_visit_is_shown_in_it_only(state: TicketState) -> None:
    info = visit_info(VISIT, {}, 0)
    assert ticket_snapshot(replace(TICKET, state=state), 0, visit=info).visit is None
    inside = replace(TICKET, state=TicketState.IN_VISIT, visit=VISIT.id)
    shown = ticket_snapshot(inside, 0, visit=info, visit_version=11)
    assert (shown.visit, shown.version) == (info, 11)


def test_a_visit_tells_durations_and_legs() -> None:
    called = visit_info(VISIT, {"clinician": "connecting"}, 15_000)
    assert (called.state, called.ring_ms, called.live_ms) == ("called", 40_000, 0)
    assert [(p.role, p.media) for p in called.participants] == [
        ("patient", "none"),
        ("clinician", "connecting"),
    ]
    live = replace(VISIT, state=VisitState.LIVE, answered_ms=20_000)
    assert visit_info(live, {}, 50_000).live_ms == 30_000
    assert visit_info(live, {}, 50_000).ring_ms == 0
    ended = replace(live, state=VisitState.ENDED, reason="declined")
    assert (visit_info(ended, {}, 99).live_ms, visit_info(ended, {}, 99).reason) == (0, "declined")


def test_a_desk_has_an_active_visit_or_the_one_that_ended() -> None:
    duty = Duty(ClinicianKey("doctor"), "north", True, ("drop-in",), None, 1)
    load = QueueLoad("drop-in", "Drop-in", 2, 1)
    active = duty_snapshot(duty, 1, [load], visit_info(VISIT, {}, 0), 0)
    assert (active.on_duty, active.serves, active.queues) == (True, ["drop-in"], [load])
    assert active.visit is not None
    assert active.ended is None
    over = visit_info(replace(VISIT, state=VisitState.ENDED, reason="declined"), {}, 0)
    shown = duty_snapshot(duty, 2, [load], over, 0)
    assert (shown.visit, shown.ended) == (None, over)
    assert duty_snapshot(duty, 3, [load], None, 0).ended is None


def test_a_queues_load_before_and_after_it_was_read() -> None:
    assert queue_load("drop-in", "Drop-in", None) == QueueLoad("drop-in", "Drop-in", 0, 0)
    line = Line(REF, 3, 0, (TicketId("a"), TicketId("b")), 1, (), 0, 0.0)
    assert queue_load("drop-in", "Drop-in", line) == QueueLoad("drop-in", "Drop-in", 2, 1)


def test_time_and_version_alone_are_no_difference() -> None:
    called = called_ticket(TICKET, VISIT)
    assert not differs(ticket_snapshot(called, 20_000), ticket_snapshot(called, 30_000))
    newer = replace(called, version=100)
    assert not differs(ticket_snapshot(newer, 20_000), ticket_snapshot(called, 20_000))
    assert differs(ticket_snapshot(replace(called, epoch=4), 20_000), ticket_snapshot(called, 0))

    live = replace(VISIT, state=VisitState.LIVE, answered_ms=20_000)
    duty = Duty(ClinicianKey("doctor"), "north", True, ("drop-in",), live, 1)
    before = duty_snapshot(duty, 1, [], visit_info(live, {}, 21_000), 21_000)
    assert not differs(duty_snapshot(duty, 2, [], visit_info(live, {}, 29_000), 29_000), before)
    lost = visit_info(live, {"patient": "lost"}, 29_000)
    assert differs(duty_snapshot(duty, 2, [], lost, 29_000), before)


def test_every_place_is_a_difference() -> None:
    shown = ticket_snapshot(TICKET, 0, place=PLACE)
    for other in (
        PlaceInfo(1, 4, PLACE.wait),
        PlaceInfo(2, 5, PLACE.wait),
        PlaceInfo(2, 4, WaitRange(True, 30, 120)),
    ):
        assert differs(ticket_snapshot(TICKET, 0, place=other), shown)
