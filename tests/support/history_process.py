"""A history in a process of its own: its clients are forked, which is safe only where no other
thread runs, and the test's process may have some (a worker of pytest-xdist does)."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

from history_run import CLIENTS, History, run_history

BEYOND_S = 120.0  # for the starts, and for the check of what happened


def history_of(
    directory: Path, seconds: float, clients: int = CLIENTS, seed: int = 1, broken: str = ""
) -> History:
    """As `run_history`. Raises `subprocess.TimeoutExpired` when it does not end."""
    arguments = json.dumps([str(directory), seconds, clients, seed, broken])
    done = subprocess.run(
        [sys.executable, __file__, arguments],
        stdout=subprocess.PIPE,
        timeout=seconds + BEYOND_S,
        check=True,
    )
    history: History = pickle.loads(done.stdout)
    return history


if __name__ == "__main__":
    directory, *others = json.loads(sys.argv[1])
    sys.stdout.buffer.write(pickle.dumps(run_history(Path(directory), *others)))
