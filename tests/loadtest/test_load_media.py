"""Visits with real media: who carries it, how many a machine may, and what becomes of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from far_peer import Answers
from kolapp_loadtest.errors import LoadtestError, RequestRefused
from kolapp_loadtest.load.cameras import most_at_once, most_visits, spread, with_media
from kolapp_loadtest.load.legs import CLINICIAN, PATIENT, Legs, signatures
from kolapp_loadtest.load.lives import make_plan
from kolapp_loadtest.load.measures import Measures
from kolapp_loadtest.load.media_ledger import summary, visits
from kolapp_loadtest.load.shipped import load
from kolapp_loadtest.peer import Signature
from kolapp_loadtest.waiting import Changes
from kolapp_loadtest.wire import SdpAnswer

MS = 1_000_000
MONDAY = load("monday-morning")


def test_so_many_are_chosen_over_the_whole_day_and_the_clinicians_look() -> None:
    scenario, plan = with_media(MONDAY, make_plan(MONDAY), 30, cpus=2)
    chosen = [life for life in plan.patients if life.media]
    assert len(chosen) == 30
    assert not [life for life in chosen if life.declines or life.misses_call]
    thirds = [sum(100 * n <= life.at_s < 100 * (n + 1) for life in chosen) for n in range(3)]
    assert min(thirds) >= 7
    assert all(life.media for life in plan.clinicians)
    assert {"media_failed", "media_loss"} <= {one.name for one in scenario.objectives}


def test_more_than_the_machine_can_carry_are_refused_with_the_reason() -> None:
    most = most_visits(MONDAY, cpus=2)
    with_media(MONDAY, make_plan(MONDAY), most, cpus=2)
    with pytest.raises(LoadtestError, match=f"{most} over this scenario"):
        with_media(MONDAY, make_plan(MONDAY), most + 1, cpus=2)
    with pytest.raises(LoadtestError, match="one visit or more"):
        with_media(MONDAY, make_plan(MONDAY), -1, cpus=2)
    assert most_visits(MONDAY, cpus=8) > 3 * most
    assert most_at_once(1) >= 1


def test_choosing_from_few_takes_all_that_fit() -> None:
    assert spread(range(10), 50, lambda n: n % 2 == 0) == [0, 2, 4, 6, 8]
    assert spread(range(100), 4, lambda n: True) == [12, 37, 62, 87]


def leg(**changes: Any) -> dict[str, Any]:
    return {
        "picture_ns": 300 * MS, "sound_ns": 350 * MS, "pictures": 90, "sounds": 150,
        "right_picture": True, "right_sound": True, "received": 240, "lost": 0, "late_ms": 1.0,
    } | changes  # fmt: skip


def side(who: str, *legs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "visit": "v", "side": who, "put_off": False, "begun_ns": 100 * MS, "connected_ns": 0,
        "ended_ns": 3300 * MS, "failed": "", "legs": list(legs or [leg()]),
    } | changes  # fmt: skip


def verdict(*sides: dict[str, Any]) -> tuple[str, str]:
    [row] = visits(sides)
    return row["verdict"], row["why"]


def test_a_good_visit_counts_from_the_answer_on_both_sides() -> None:
    # The clinician pulled before the patient answered: that time is not the media's.
    both = side(PATIENT), side(CLINICIAN, leg(picture_ns=500 * MS), begun_ns=1)
    assert verdict(*both) == ("good", "")
    found = summary(both, asked=1)
    assert found["first_ms"]["patient picture"]["max"] == 200.0
    assert found["first_ms"]["clinician picture"]["max"] == 400.0
    assert (found["loss"], found["pictures"]) == (0.0, {"came": 180, "due": 90 + 84})


@pytest.mark.parametrize(
    ("sides", "why"),
    [
        ([side(PATIENT), side(CLINICIAN, leg(pictures=0))], "clinician: no pictures"),
        (
            [side(PATIENT, leg(sounds=0), failed="bad_sdp"), side(CLINICIAN)],
            "patient: no sounds (bad_sdp)",
        ),
        (
            [side(PATIENT, leg(right_picture=False)), side(CLINICIAN)],
            "patient: picture not the other side's",
        ),
        ([side(PATIENT)], "the clinician's side never began"),
    ],
)
def test_what_is_not_seen_or_is_somebody_elses_fails(sides: list[Any], why: str) -> None:
    assert verdict(*sides) == ("failed", why)
    assert summary(sides, 1)["reasons"] == [why]


def test_a_visit_that_was_over_at_once_or_put_off_is_not_judged() -> None:
    short = [
        side(who, leg(pictures=0, sounds=0), ended_ns=900 * MS) for who in (PATIENT, CLINICIAN)
    ]
    assert verdict(*short)[0] == "too short"
    assert verdict(side(PATIENT), side(CLINICIAN, put_off=True))[0] == "put off"
    assert not visits([side(CLINICIAN)])  # pulled, and never answered


def test_a_leg_that_was_made_again_adds_up() -> None:
    again = side(PATIENT, leg(lost=2), leg(pictures=0, right_picture=False, picture_ns=0))
    assert verdict(again, side(CLINICIAN)) == ("good", "")
    found = summary([again, side(CLINICIAN)], 1)
    assert (found["remade_legs"], found["lost"]) == (1, 2)


class Person:
    """Somebody whose offers are answered by a peer instead of a node."""

    visit = None

    def __init__(self, far: Answers) -> None:
        self._far, self._changes = far, Changes()
        self.refusals = 1

    async def offer(self, sdp: str, generation: int = 1) -> SdpAnswer:
        if self.refusals:
            self.refusals -= 1
            raise RequestRefused("media_unavailable", "later")
        return await self._far.offer(sdp, generation)

    async def until(self, predicate: Callable[[Any], Any], timeout: float) -> Any:
        return await self._changes.until(self, predicate, timeout, "")


@pytest.mark.parametrize("right", [True, False], ids=["the other side", "a stranger"])
async def test_a_leg_of_another_process_knows_whom_it_sees_and_hears(
    monkeypatch: pytest.MonkeyPatch, right: bool
) -> None:
    monkeypatch.setattr("kolapp_loadtest.load.legs.OFFER_AGAIN_S", 0.01)
    expected = signatures("v")[CLINICIAN]
    far = Answers(expected if right else Signature(expected.mark - 8, expected.hertz - 100))
    measures = Measures()
    async with contextlib.AsyncExitStack() as stack:
        legs = Legs("http://127.0.0.1:1", measures, most_at_once=1)
        await stack.enter_async_context(legs)
        stack.push_async_callback(far.peer.close)
        over = legs.begin(Person(far), "v", PATIENT, 0)
        legs.begin(Person(far), "w", PATIENT, 0)  # one at a time here
        await far.peer.until(lambda one: one.received.picture.frames >= 10, 20, "picture")
        await far.peer.until(lambda one: one.received.sound.frames >= 30, 20, "sound")
        assert far.peer.received.picture.marks == {signatures("v")[PATIENT].mark}
        over.set()
        async with asyncio.timeout(20):
            while legs.going_on:  # noqa: ASYNC110  # a set of tasks tells nobody
                await asyncio.sleep(0.01)
    put_off, carried = measures.drain()["media"]
    assert (put_off["visit"], put_off["put_off"]) == ("w", True)
    assert not carried["failed"]
    [leg] = carried["legs"]
    assert (leg["right_picture"], leg["right_sound"]) == (right, right)
    assert visits([carried])[0]["sides"][PATIENT]["pictures"] >= 1


def test_a_scenario_of_its_own_bounds_keeps_them() -> None:
    own = replace(MONDAY, objectives=with_media(MONDAY, make_plan(MONDAY), 1, 2)[0].objectives)
    assert with_media(own, make_plan(own), 1, 2)[0].objectives == own.objectives
