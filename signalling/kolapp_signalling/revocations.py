"""Whose tokens count no more before they end, from a file that the operator keeps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

_LINE = re.compile(r"(?P<who>[0-9a-f]{64})(?:\s+(?P<since>\S+))?$")
_FOR_EVER = 2**63


class Unreadable(Exception):
    """What is wrong with the file, in a sentence."""


@dataclass
class Revocations:
    """Lines of a pseudonym and, if later tokens are good again, a time (RFC 3339): those issued
    before it are refused. Empty lines and those that begin with # say nothing."""

    path: Path | None
    _before_ms: Mapping[str, int] = field(default_factory=dict)  # by pseudonym
    _seen: tuple[int, int] = (0, 0)  # of the file when it was read: time of change and size

    def refuses(self, who: str, issued_ms: int) -> bool:
        """`issued_ms` is 0 for a token that does not say when it was issued."""
        return issued_ms < self._before_ms.get(who, 0)

    def look(self) -> frozenset[str]:
        """Read the file if it changed; who is in it anew, or with another time. Raises Unreadable,
        and what was read before holds on."""
        if self.path is None:
            return frozenset()
        try:
            found = self.path.stat()
            seen = found.st_mtime_ns, found.st_size
            if seen == self._seen:
                return frozenset()
            self._seen = seen
            before_ms = dict(_read(self.path.read_text("utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise Unreadable(f"The file of revoked tokens cannot be read: {error}") from None
        changed = {who for who, ms in before_ms.items() if self._before_ms.get(who) != ms}
        self._before_ms = before_ms
        return frozenset(changed)


def _read(text: str) -> list[tuple[str, int]]:
    told = []
    for number, line in enumerate(text.splitlines(), 1):
        if not (said := line.strip()) or said.startswith("#"):
            continue
        try:
            told.append(_line(said))
        except ValueError:
            raise Unreadable(
                f"Line {number} of the file of revoked tokens is no pseudonym with a time."
            ) from None
    return told


def _line(said: str) -> tuple[str, int]:
    if (match := _LINE.match(said)) is None:
        raise ValueError
    if match["since"] is None:
        return match["who"], _FOR_EVER
    since = datetime.fromisoformat(match["since"])
    if since.tzinfo is None:
        raise ValueError
    return match["who"], round(since.timestamp() * 1000)
