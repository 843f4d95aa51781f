"""The store under real client processes that are killed at any moment. `make history`: longer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from history_process import history_of

SECONDS = float(os.environ.get("KOLAPP_HISTORY_S", "6"))
BREAK_S, BREAK_RUNS = 20.0, 3
LONG_S = 60  # every verb succeeds at least once; in a short run each is tried
EVERY_VERB = {
    "join", "attach", "leave", "answer", "decline", "pull", "pull_ticket", "give_back",
    "undo_pull", "hang_up", "transfer", "ring_again", "set_outcome", "place_media", "take_over",
}  # fmt: skip


def test_whatever_is_killed_nobody_is_lost_doubled_or_misplaced(memory_path: Path) -> None:
    history = history_of(memory_path, SECONDS)
    print(f"{len(history.calls)} calls, {history.events} events, {history.kills} kills")  # noqa: T201  # the figures of a long run
    assert history.wrong == []
    assert history.kills >= SECONDS
    assert history.verbs(done=SECONDS >= LONG_S) == EVERY_VERB
    assert history.events > 20 * SECONDS


@pytest.mark.parametrize(
    "broken",
    [
        "if ticket.epoch ~= epoch then return refuse('stale_epoch') end",
        "if visit.epoch ~= epoch then return refuse('stale_epoch') end",
    ],
)
def test_scripts_without_the_epoch_check_are_found_out(memory_path: Path, broken: str) -> None:
    for seed in range(BREAK_RUNS):  # one does; more are for a machine that stands still meanwhile
        directory = memory_path / str(seed)
        directory.mkdir()
        # Two, so that what is old and what is new is often known to the same one.
        history = history_of(directory, BREAK_S, clients=2, seed=seed, broken=broken)
        if any("a stale epoch won" in sentence for sentence in history.wrong):
            return
    pytest.fail("nobody noticed")
