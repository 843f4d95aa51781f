from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from kolapp_queue.eta.forecaster import Kolapp
from kolapp_queue.eta.history import Event, Step, in_order
from kolapp_queue.eta.published import COLUMNS
from kolapp_queue.eta.replay import Records, replay
from kolapp_queue.eta.synthetic import CLOSES_S, OPENS_S, Scenario, days, midnight

VISIT_S = 600.0
SMALL = Scenario(4, 1.05, visit_s=VISIT_S, seed=3)
DAYS = 2


@pytest.fixture(scope="module")
def history() -> list[Event]:
    return days(SMALL, DAYS)


def replayed(events: list[Event]) -> Records:
    return replay(events, VISIT_S, {"kolapp": Kolapp(VISIT_S)})


@pytest.fixture(scope="module")
def records(history: list[Event]) -> Records:
    return replayed(history)


def test_a_row_is_kept_for_each_wait_that_was_served(
    history: list[Event], records: Records
) -> None:
    joined = {event.ticket: event.at_s for event in history if event.step == Step.JOINED}
    waits = {
        event.ticket: event.at_s - joined[event.ticket]
        for event in history
        if event.step == Step.STARTED and event.ticket in joined
    }
    assert dict(zip(records.ticket.tolist(), records.wait_s, strict=True)) == waits
    assert list(records.at_s) == sorted(records.at_s)


def test_what_is_not_known_yet_is_said_with_wide_ranges(records: Records) -> None:
    low, median, high = (
        records.forecasts["kolapp"][:, COLUMNS.index(name)] for name in ("low", "q50", "high")
    )
    inside = (records.wait_s >= low) & (records.wait_s <= high)
    assert inside[:80].mean() > 0.8
    # By nobody learned from yet, to a whole day.
    wide = (high - low) / np.maximum(median, VISIT_S / 10)
    assert np.median(wide[:40]) > 1.2 * np.median(wide[-40:])


def test_nothing_is_forecast_from_what_has_not_happened(
    history: list[Event], records: Records
) -> None:
    """The second half of the last day is swapped for that of another future; every forecast of
    before is the same to the last bit."""
    noon_s = midnight(DAYS - 1) + (OPENS_S + CLOSES_S) / 2
    other = [
        replace(event, ticket=event.ticket + 1_000_000 if event.ticket >= 0 else -1)
        for event in days(replace(SMALL, load=1.4, seed=99), DAYS)
        if event.at_s >= noon_s
    ]
    swapped = in_order([event for event in history if event.at_s < noon_s] + other)
    one, two = records, replayed(swapped)
    # Who was served in either future; the others have no row in one of them.
    common = np.intersect1d(one.ticket[one.at_s < noon_s], two.ticket)
    ended = {event.ticket for event in history if event.step == Step.STARTED}
    before = {event.ticket for event in history if event.at_s < noon_s}
    assert len(common) > 100
    assert set(common.tolist()) <= ended & before
    for table in ("inputs", "forecasts", "points"):
        for left, right in zip(
            columns(one, table, common), columns(two, table, common), strict=True
        ):
            assert left.tobytes() == right.tobytes()
    later = [each.forecasts["kolapp"][each.at_s >= noon_s] for each in (one, two)]
    assert later[0].tobytes() != later[1].tobytes()


def columns(records: Records, table: str, tickets: np.ndarray) -> list[np.ndarray]:
    chosen = np.isin(records.ticket, tickets)
    value = getattr(records, table)
    return [one[chosen] for one in (value.values() if isinstance(value, dict) else [value])]


def test_the_same_history_twice_is_the_same(history: list[Event], records: Records) -> None:
    again = replayed(history)
    assert again.forecasts["kolapp"].tobytes() == records.forecasts["kolapp"].tobytes()
