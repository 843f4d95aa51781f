from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from kolapp_queue.eta import forecaster
from kolapp_queue.eta.facts import Facts
from kolapp_queue.eta.history import Event, Step
from kolapp_queue.eta.line import MOST_KNOTS
from kolapp_queue.eta.live import LiveForecast
from kolapp_queue.eta.published import Published
from kolapp_queue.eta.synthetic import Scenario, days

VISIT_S = 600.0
TEAM = [f"c{number}" for number in range(4)]
START_MS = 1_736_121_600_000  # a Monday's midnight
STATES = {
    Step.JOINED: "waiting",
    Step.LEFT: "left",
    Step.STARTED: "called",
    Step.ENDED: "completed",
}
Entries = list[tuple[str, dict[str, Any]]]


def joined(number: int, ms: int, **more: Any) -> dict[str, Any]:
    told = {"step": "join", "state": "waiting", "ticket": f"t{number}", "number": number}
    return told | {"class": "00", "ms": ms, "order_key": ms} | more


def stream(events: list[Event]) -> Entries:
    entries: Entries = []
    for event in events:
        if event.ticket >= 0:
            ms = START_MS + int(event.at_s * 1000)
            told = joined(event.ticket, ms, order_key=ms - int(event.credit_s * 1000))
            told |= {"step": "", "state": STATES[event.step], "actor": event.server}
            entries.append((f"{ms}-{len(entries)}", told))
    return entries


@pytest.fixture(scope="module")
def entries() -> Entries:
    return stream(days(Scenario(4, 1.2, visit_s=VISIT_S), 1))


def fed(live: LiveForecast, entries: Entries, now_ms: int = 0) -> LiveForecast:
    for entry, told in entries:
        live.happened(entry, told, now_ms or told["ms"])
    return live


def facts(now_ms: int, team: list[str] = TEAM, **more: Any) -> Facts:
    return Facts(now_ms, 1, team, **more)


def waiting(count: int, classes: int = 1) -> LiveForecast:
    live = LiveForecast(VISIT_S)
    for number in range(count):
        ms = START_MS + number
        told = joined(number, ms, **{"class": f"{number % classes:02d}"})
        # Not `happened`: thousands of forecasts are of no use here.
        for event in live._recorded.events(told):
            live.state.apply(event)
    return live


def test_the_curve_rises_with_the_place(entries: Entries) -> None:
    rush = entries[: len(entries) // 2]
    live = fed(LiveForecast(VISIT_S), rush)
    published = live.publish(facts(rush[-1][1]["ms"] + 1000))
    [curve] = published.curves
    # Everybody who waits, and who joins now.
    assert len(curve.places) == len(live.state.waiting) + 1 > 6
    highs = list(curve.at(curve.places, "q90"))
    assert highs == sorted(highs)
    assert published == Published.unpack(published.pack())
    assert len(list(published.promises())) == len(live.state.waiting)
    assert published.next_until_ms >= max(until for _, (until, _, _) in published.promises())


def test_without_a_clinician_nothing_is_known_and_promises_are_kept() -> None:
    live = waiting(3)
    before = live.publish(facts(START_MS + 1000))
    nobody = live.publish(facts(START_MS + 2000, []))
    assert (nobody.why, nobody.curves) == ("nobody_on_duty", ())
    assert dict(nobody.promises()) == dict(before.promises())


def test_thousands_are_64_knots() -> None:
    published = waiting(3_000).publish(facts(START_MS + 5_000))
    [curve] = published.curves
    assert len(curve.places) <= MOST_KNOTS
    assert curve.places[-1] == 3_001
    low, middle, high = curve.at([curve.places[-2], 2_900, 3_001], "q90")
    assert low <= middle <= high
    asked = [0, 1, 17, 100, 2_900, 3_001, 4_000]
    assert [curve.at_place(place, "q90") for place in asked] == pytest.approx(
        curve.at(asked, "q90")
    )
    promises = published.promises()
    assert promises.get(1_234) == dict(promises)[1_234]
    assert promises.get(3_000) is None
    assert len(published.pack()) < 64 * 7 * 9 + 3_000 * 15 + 500


def test_each_class_has_a_curve_and_all_together_64_knots() -> None:
    masks = {0: 0b1111, 1: 0b0001, 2: 0}
    published = waiting(900, classes=3).publish(facts(START_MS + 5_000, masks=masks))
    assert [curve.cls for curve in published.curves] == [0, 1, 2]
    assert sum(len(curve.places) for curve in published.curves) <= MOST_KNOTS
    promised = {number for number, _ in published.promises()}
    assert promised == {number for number in range(900) if number % 3 < 2}  # nobody fits class 2


def test_a_successor_says_nearly_the_same_and_promises_nothing_else(entries: Entries) -> None:
    """From the memory and the events that the store still has, on another node."""
    half = entries[: len(entries) // 2]
    now_ms = half[-1][1]["ms"] + 1000
    live = fed(LiveForecast(VISIT_S), half)
    mine = live.publish(facts(now_ms))
    successor = fed(LiveForecast(VISIT_S, live.memory(), mine), half, now_ms)
    assert live.learned == successor.learned > 0  # nothing twice
    # Who waits is known from the events.
    assert len(successor.state.waiting) == len(live.state.waiting)
    theirs = successor.publish(facts(now_ms))
    places = mine.curves[0].places
    assert theirs.curves[0].at(places, "q90") == pytest.approx(
        mine.curves[0].at(places, "q90"), rel=0.1, abs=5
    )
    assert dict(theirs.promises()) == dict(mine.promises())
    assert successor.state.remember() == live.state.remember()


def test_a_memory_of_another_version_is_learned_anew() -> None:
    assert LiveForecast(VISIT_S, b"?").learned == 0


def test_what_is_no_event_says_nothing() -> None:
    live = LiveForecast(VISIT_S)
    for told in ({}, {"ticket": []}, {"ticket": "a", "state": "waiting", "ms": "x"}):
        live.happened("7-0", told, START_MS)
    assert (live.cursor, live.state.waiting) == ("7-0", [])


def test_the_store_knows_better_who_waits() -> None:
    live = waiting(3)
    live.in_line([(START_MS + 1, 1), (START_MS + 9, 17)], [0, 0])
    assert [number for _, number in live.state.waiting] == [1, 17]


def test_who_is_in_a_visit_in_another_queue_takes_nobody_here() -> None:
    def q50(elsewhere_ms: Mapping[str, int]) -> float:
        live, now_ms = waiting(8), START_MS + 10_000
        published = live.publish(facts(now_ms, elsewhere_ms=elsewhere_ms))
        return float(published.curves[0].at(8, "q50"))

    assert q50(dict.fromkeys(TEAM[1:], START_MS)) > 1.5 * q50({})


def test_half_of_somebodys_visits_are_half_of_their_time() -> None:
    live = waiting(8)
    half = {}
    for number in range(60):
        busy = {TEAM[0]: START_MS + number * 1000} if number % 2 else {}
        published = live.publish(facts(START_MS + 60_000 + number, TEAM[:1], elsewhere_ms=busy))
        half = {"share": live.state.servers[TEAM[0]].share, "why": published.why}
    assert half["share"] < 0.2  # thirty visits there, none here


def test_who_needs_one_of_four_waits_longer() -> None:
    live, now_ms = waiting(24, classes=2), START_MS + 10_000
    published = live.publish(facts(now_ms, masks={0: 0b1111, 1: 0b0001}))
    anybody, one = published.curves
    assert one.at_place(24, "q50") > 1.5 * anybody.at_place(23, "q50")
    apart = live.publish(facts(now_ms, masks={0: 0b1110, 1: 0b0001})).curves[0]
    # Nobody of the others is ahead of them any more, and one clinician less takes them.
    assert apart.at_place(23, "q50") < anybody.at_place(23, "q50")


def test_who_pauses_during_a_visit_takes_nobody_after_it() -> None:
    live, now_ms = waiting(8), START_MS + 300_000
    for number, name in enumerate(TEAM, 50):
        for ms, state in ((1, "waiting"), (2, "called")):
            told = joined(number, START_MS + ms, state=state, actor=name)
            live.happened(f"{START_MS + ms}-{number}", told, now_ms)
    serving, alone = (live.publish(facts(now_ms, team)).curves[0] for team in (TEAM, TEAM[:1]))
    assert alone.at_place(8, "q50") > 2 * serving.at_place(8, "q50")


def test_who_is_expected_back_is_waited_for() -> None:
    live, now_ms = waiting(4), START_MS + 10_000
    assert live.publish(facts(now_ms, [])).why == "nobody_on_duty"
    soon, late = (
        live.publish(facts(now_ms, [], masks={0: 0b1}, returns_ms={"c0": now_ms + in_ms}))
        for in_ms in (600_000, 1_800_000)
    )
    assert (soon.why, soon.expected) == ("", (0,))
    waits_s = [one.curves[0].at_place(1, "q50") for one in (soon, late)]
    assert waits_s[0] > 400
    assert waits_s[1] > waits_s[0] + 800
    # With somebody on duty nobody has to wait for them.
    both = live.publish(facts(now_ms, ["c1"], masks={0: 0b11}, returns_ms={"c0": now_ms + 600_000}))
    assert both.expected == ()
    assert both.curves[0].at_place(1, "q50") < waits_s[0] / 2
    gone = live.publish(facts(now_ms, []))
    assert (gone.why, gone.expected) == ("nobody_on_duty", ())


def test_the_end_of_shifts_is_known() -> None:
    live, now_ms = waiting(12), START_MS + 10_000
    soon = dict.fromkeys(TEAM[1:], now_ms + 300000)
    alone, all_day = (live.publish(facts(now_ms, leaves_ms=one)).curves[0] for one in (soon, {}))
    assert alone.at_place(12, "q50") > 2 * all_day.at_place(12, "q50")


def test_once_no_number_is_drawn_nobody_passes() -> None:
    live = waiting(12)
    for number in range(100, 105):  # credit for an hour: any of their kind would pass
        ms = START_MS + 10_000
        live.happened(f"{ms}-{number}", joined(number, ms, order_key=ms - 3_600_000), ms)
    now_ms = START_MS + 20_000
    always, soon, shut = (
        live.publish(facts(now_ms, joins_until_ms=until_ms)).curves[0].at_place(16, "q50")
        for until_ms in (None, now_ms + 300_000, now_ms)
    )
    assert always > 1.1 * soon > 1.1 * shut


def test_of_a_long_line_not_everybody_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecaster, "MOST_FOLLOWED", 5)
    live = LiveForecast(VISIT_S)
    for number in range(20):
        live.happened(f"{number}-1", joined(number, START_MS + number), START_MS + 20)
    assert len(live.forecaster._asked) in (5, 6)
    assert len(live.state.waiting) == 20
    # Who has gone without a word makes room for others.
    live.in_line([(START_MS, 0), (START_MS + 19, 19)], [0, 0])
    live.happened("50-1", joined(50, START_MS + 50_000), START_MS + 50_000)
    assert 50 in live.forecaster._asked
    done = joined(0, START_MS + 60_000, state="called", actor="c0")
    live.happened("99-1", done, START_MS + 60_000)
    assert live.learned >= 1


def test_hours_are_those_of_the_wall() -> None:
    live = LiveForecast(VISIT_S, zone_s=lambda ms: 7_200.0)
    live.publish(facts(START_MS))
    assert live.state.local_s - live.state.now_s == 7_200
