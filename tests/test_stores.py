"""The store's tests that say most, on the other stores that Kolapp runs on. The whole of them:
`make test-stores`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from processes import own_environment

HERE = Path(__file__).parent
SOME = ("test_store_model.py", "test_feed.py", "test_two_steps.py", "test_clinician_verbs.py")
# That the model's test catches a broken script is shown once, on the embedded store.
WITHOUT = "not is_caught"
DEADLINE_S = 180


@pytest.mark.parametrize("kind", ["redis", "cluster"])
def test_the_queue_is_the_same_on_another_store(kind: str) -> None:
    redis = {name: os.environ[name] for name in ("KOLAPP_REDIS_SERVER",) if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", WITHOUT]
        + [str(HERE / "queue" / name) for name in SOME],
        env=own_environment(redis | {"KOLAPP_TEST_STORES": kind, "KOLAPP_HYPOTHESIS": "short"}),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:]
