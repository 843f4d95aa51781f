"""How every benchmark ends on the command line: figures to a file and to people, an exit code."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from ..errors import BenchFailed

Report = dict[str, Any]


def ended(
    name: str,
    measuring: Coroutine[Any, Any, Report],
    file: Path | None,
    summary: Callable[[Report], str],
    good: Callable[[Report], bool] = lambda _: True,
) -> int:
    """Measure, and write the figures to `file` if there is one. Returns 0; 1 if the run failed or
    what it found is not `good`; 130 when interrupted."""
    try:
        report = asyncio.run(measuring)
    except BenchFailed as error:
        sys.stderr.write(f"kolapp bench {name}: {error}\n")
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write(f"kolapp bench {name}: interrupted\n")
        return 130
    if file is not None:
        file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(summary(report))
    return 0 if good(report) else 1
