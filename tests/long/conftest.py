"""Tests that need minutes: `make test-long`. Left out of `make test`, which is to stay short."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("KOLAPP_LONG") else ["test_*.py"]
