"""What operators say of one queue beside its policy: a word to those who wait, an early closing.

State like everything else, in the queue's own hash, so every node sees it and it has a version.
Pure; times are milliseconds of the store's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

WORD_LENGTH = 500  # characters
# "Until reopened" as a time, so that scripts need only compare: 2**53 - 1, the last whole number
# that Lua's numbers tell from its neighbours.
UNTIL_REOPENED_MS = 9_007_199_254_740_991

# Of the queue's `meta` hash, in the order that `read` takes.
FIELDS = (
    "notice",
    "notice_ms",
    "notice_by",
    "closed_until",
    "closed_ms",
    "closed_word",
    "closed_by",
)


@dataclass(frozen=True, slots=True)
class Notice:
    """A word of the staff to everybody who waits."""

    text: str
    since_ms: int
    by: str  # who said it, as a key; for the audit, not for patients


@dataclass(frozen=True, slots=True)
class Closing:
    """Closed by an operator, whatever the opening hours say."""

    until_ms: int | None  # None: until reopened
    since_ms: int
    text: str  # the word that came with it, may be ""
    by: str


@dataclass(frozen=True, slots=True)
class Bulletin:
    notice: Notice | None = None
    closing: Closing | None = None

    def at(self, now_ms: int) -> Bulletin:
        """What of it still holds: a closing ends by itself."""
        closing = self.closing
        if closing is None or closing.until_ms is None or closing.until_ms > now_ms:
            return self
        return replace(self, closing=None)


NOTHING_SAID = Bulletin()


def read(values: Sequence[bytes | None]) -> Bulletin:
    """From the values of `FIELDS`."""
    notice, notice_ms, notice_by, until, closed_ms, word, closed_by = values
    return Bulletin(
        Notice(_text(notice), int(notice_ms or 0), _text(notice_by)) if notice else None,
        Closing(_until(int(until)), int(closed_ms or 0), _text(word), _text(closed_by))
        if until
        else None,
    )


def read_closing(values: Sequence[bytes | str | None]) -> Bulletin:
    """What of it decides whether the queue is open, from `closed_until` and `closed_ms`."""
    until, closed_ms = values
    return Bulletin(
        None, Closing(_until(int(until)), int(closed_ms or 0), "", "") if until else None
    )


def checked_word(text: str) -> str:
    """`text` without spaces around it. Raises ValueError for one that is too long or is no text
    to show: lines may break, other control characters have no meaning."""
    text = text.strip()
    if len(text) > WORD_LENGTH:
        raise ValueError(f"a word to those who wait has at most {WORD_LENGTH} characters")
    if not text.replace("\n", "").isprintable():
        raise ValueError("a word to those who wait has no control characters but line breaks")
    return text


def _until(until_ms: int) -> int | None:
    return None if until_ms == UNTIL_REOPENED_MS else until_ms


def _text(value: bytes | None) -> str:
    return (value or b"").decode()
