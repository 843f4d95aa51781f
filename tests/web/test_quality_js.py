"""Whose connection it is that is unsteady: own figures and the node's word about both legs."""

from __future__ import annotations

from typing import Any

import pytest
from staged_pages import BLANK, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOSS = {"good": 0.0, "fair": 0.1, "poor": 0.3}


@pytest.mark.parametrize(
    ("own", "mine", "theirs", "silent_ms", "shown"),
    [
        ("good", "good", "good", 0, ["good", ""]),
        ("good", "good", "poor", 0, ["poor", "theirs"]),  # they hear me badly
        ("fair", "good", "fair", 0, ["fair", "theirs"]),
        ("fair", "fair", "good", 0, ["fair", "mine"]),
        ("good", "poor", "fair", 0, ["poor", "mine"]),
        ("poor", "fair", "fair", 0, ["poor", ""]),
        ("fair", None, None, 0, ["fair", ""]),
        ("good", "good", "good", 2_900, ["good", ""]),
        ("good", "good", "good", 3_000, None),  # gone
        (None, "good", "good", 0, None),
    ],
)
async def test_whose_connection_it_is(
    stage: Stage,
    own: str | None,
    mine: str | None,
    theirs: str | None,
    silent_ms: int,
    shown: list[str] | None,
) -> None:
    def leg(role: str, kind: str | None) -> list[dict[str, Any]]:
        if kind is None:
            return []
        up, down = {"loss": 0.0}, {"loss": LOSS[kind]}
        return [{"role": role, "round_trip_ms": 20, "up": up, "down": down, "silent_ms": 0}]

    page = await stage.page(BLANK)
    legs = leg("patient", mine) + leg("clinician", theirs)
    if legs:
        legs[-1]["silent_ms"] = silent_ms
    found = await page.evaluate(
        """async ({ own, legs }) => {
          const { told, verdict } = await import("/static/quality.js");
          const words = [told({ legs }, "patient"), ...(legs.length ? [] : [null])];
          return words.map((word) => verdict(own, word)).map((it) => it && [it.grade, it.whose]);
        }""",
        {"own": own, "legs": legs},
    )
    assert all(each == shown for each in found)


async def test_of_several_others_the_worst_who_is_there_counts(stage: Stage) -> None:
    def leg(role: str, loss: float, silent_ms: int = 0) -> dict[str, Any]:
        flow = {"loss": loss}
        return {"role": role, "round_trip_ms": 9, "up": flow, "down": flow, "silent_ms": silent_ms}

    good, poor = leg("clinician", 0.0), leg("guest1", 0.3)
    gone = [one | {"silent_ms": 3_100} for one in (good, poor)]
    page = await stage.page(BLANK)
    found = await page.evaluate(
        """async (given) => {
          const { told } = await import("/static/quality.js");
          return given.map((legs) => told({ legs }, "patient"));
        }""",
        [[good, poor], [poor, good], [good, gone[1]], gone],
    )
    assert [one["theirs"] for one in found] == ["poor", "poor", "good", None]
    assert [one["gone"] for one in found] == [False, False, False, True]


async def test_only_a_long_time_of_my_own_poor_connection_is_too_long(stage: Stage) -> None:
    page = await stage.page(BLANK)
    poor, theirs, fair = (
        {"grade": "poor", "whose": "mine"},
        {"grade": "poor", "whose": "theirs"},
        {"grade": "fair", "whose": "mine"},
    )
    told = [(0, poor), (9_000, poor), (10_000, poor), (11_000, fair), (12_000, poor)]
    told += [(21_000, poor), (22_000, poor), (23_000, theirs), (40_000, theirs), (41_000, None)]
    script = """async (given) => {
      const { Patience } = await import("/static/quality.js");
      const patience = new Patience();
      return given.map(([at, verdict]) => patience.isOver(verdict, at));
    }"""
    over = await page.evaluate(script, [list(each) for each in told])
    assert over == [False, False, True, False, False, False, True, False, False, False]
