from __future__ import annotations

import pytest
from kolapp_queue.bulletin import (
    FIELDS,
    NOTHING_SAID,
    UNTIL_REOPENED_MS,
    WORD_LENGTH,
    Bulletin,
    Closing,
    Notice,
    checked_word,
    read,
)


def test_nothing_said_is_nothing() -> None:
    assert read([None] * len(FIELDS)) == NOTHING_SAID


def test_a_notice_and_a_closing_are_told_apart() -> None:
    notice = [b"Back at ten.", b"5", b"op"]
    closing = [b"900", b"7", "Stängt".encode(), b"op2"]
    nothing = [None] * 4
    assert read([*notice, *nothing]) == Bulletin(Notice("Back at ten.", 5, "op"))
    assert read([None, None, None, *closing]) == Bulletin(None, Closing(900, 7, "Stängt", "op2"))


def test_until_reopened_is_no_time() -> None:
    closing = read([None, None, None, str(UNTIL_REOPENED_MS).encode(), b"7", b"", b"op"]).closing
    assert closing == Closing(None, 7, "", "op")
    # Lua and JSON tell this number from its neighbour.
    assert float(UNTIL_REOPENED_MS) != float(UNTIL_REOPENED_MS - 1)


def test_a_closing_ends_by_itself_and_a_notice_does_not() -> None:
    said = Bulletin(Notice("a", 0, "op"), Closing(900, 7, "", "op"))
    assert said.at(899) is said
    assert said.at(900) == Bulletin(said.notice)
    forever = Bulletin(None, Closing(None, 7, "", "op"))
    assert forever.at(UNTIL_REOPENED_MS) is forever


def test_a_word_is_kept_without_the_spaces_around_it() -> None:
    assert checked_word("  Delayed.\nSorry!\n") == "Delayed.\nSorry!"
    assert checked_word(" ") == ""
    assert checked_word("å" * WORD_LENGTH) == "å" * WORD_LENGTH


@pytest.mark.parametrize(
    "word", ["x" * (WORD_LENGTH + 1), "a\x00b", "a\x1b[31mb", "a\tb", "\u202e"]
)
def test_what_cannot_be_shown_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="a word to those who wait"):
        checked_word(word)
