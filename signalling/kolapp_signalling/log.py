"""What is logged, and what never is.

Only the fields named here can be added to a line: sessions, visits, nodes, codes and counts.
No name, subject, token, address, SDP or text that a client sent; and because an exception's text
may hold any of these, an exception is logged as its type and the way it came.
"""

from __future__ import annotations

import logging
import traceback
from pathlib import PurePath
from typing import Final

logger: Final = logging.getLogger("kolapp.signalling")


def event(
    level: int,
    what: str,
    *,
    session: str = "",
    visit: str = "",
    node: str = "",
    code: int = 0,
    count: int = 0,
    error: BaseException | None = None,
) -> None:
    """One line: `what` is a fixed sentence, the rest are its allowed fields."""
    fields: dict[str, str | int] = {
        "session": session,
        "visit": visit,
        "node": node,
        "code": code,
        "count": count,
    }
    if error is not None:
        fields |= {"error": type(error).__name__, "at": _way(error)}
    told = {name: value for name, value in fields.items() if value}
    line = " ".join([what, *(f"{name}={value}" for name, value in told.items())])
    # Beside the line, for those who write it in another way (`log_lines`).
    logger.log(level, "%s", line, extra={"what": what, "fields": told})


def _way(error: BaseException) -> str:
    steps = traceback.extract_tb(error.__traceback__)
    return "<".join(f"{PurePath(step.filename).name}:{step.lineno}" for step in reversed(steps))
