"""Two signalling nodes restarted one after the other while 2,000 people wait and are called."""

from __future__ import annotations

import sys
from pathlib import Path

from processes import serving
from rolling import Waiting, restarted_in_turn
from story import town_of

CLIENTS, PULLS_PER_S = 2_000, 5
BACK_S, TURN_MS = 20.0, 1_000


async def test_two_thousand_wait_through_a_rolling_restart(tmp_path: Path) -> None:
    """No ticket lost, none out of order, no call missed, everybody back in time, and the turn told
    within a second (99 of 100)."""
    with serving(tmp_path / "data", "--workers", "2") as serve:
        async with town_of(serve.url) as town, Waiting(town, CLIENTS, False) as waiting:
            seen = await restarted_in_turn(serve, waiting, PULLS_PER_S)
    turns = sorted(seen.turn_ms)
    p99 = turns[int(len(turns) * 0.99) - 1]
    sys.stderr.write(
        f"{len(seen.back_s)} came back, the last after {max(seen.back_s):.1f} s; "
        f"{len(turns)} turns, p50 {turns[len(turns) // 2]} ms, p99 {p99} ms, max {turns[-1]} ms\n"
    )
    assert seen.pulled == list(range(seen.first, seen.first + len(seen.pulled)))
    assert seen.rung == seen.pulled
    assert seen.kept == seen.drawn
    assert max(seen.back_s) < BACK_S
    assert p99 < TURN_MS
