"""When a spare is loaded; that it takes over is tested in tests/test_restart.py."""

import pytest
from kolapp_signalling import spares
from kolapp_signalling.setting_kinds import MEDIA
from kolapp_signalling.spares import LONGEST_PAUSE_MS, Spare


@pytest.fixture
def clock(monkeypatch):
    now = [0]
    monkeypatch.setattr(spares, "now_ms", lambda: now[0])
    return now


def test_it_is_loaded_a_while_after_its_child_is_ready(clock):
    spare = Spare(MEDIA, {}, delay_ms=3_000)
    assert spare.due_ms is None
    spare.plan()
    assert spare.due_ms == clock[0] + 3_000


def test_an_operator_may_want_none(clock):
    spare = Spare(MEDIA, {}, delay_ms=None)
    spare.plan()
    assert (spare.due_ms, spare.take(), spare.reports, spare.cause_of_death()) == (
        None,
        None,
        -1,
        None,
    )


def test_one_that_keeps_dying_is_loaded_ever_more_seldom(clock):
    spare = Spare(MEDIA, {}, delay_ms=3_000)
    pauses = [spare.plan_again() for _ in range(7)]
    assert pauses == [3_000, 3_000, 6_000, 12_000, 24_000, 48_000, LONGEST_PAUSE_MS]
    assert spare.due_ms == clock[0] + LONGEST_PAUSE_MS


def test_nobody_takes_over_before_it_has_loaded():
    spare = Spare(MEDIA, {"PATH": ""}, delay_ms=0)
    spare.load()
    try:
        assert spare.take() is None
        assert spare.due_ms is None
    finally:
        spare.end()
    spare.end()
    assert spare.reports == -1
