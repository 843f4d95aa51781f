from __future__ import annotations

from pathlib import Path

import pytest
from kolapp_signalling.revocations import Revocations, Unreadable

ANNA, BO = "a" * 64, "b" * 64
NOON = "2026-11-22T12:00:00Z"
NOON_MS = 1_795_348_800_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "revoked"
    file.write_text(f"# left us\n{ANNA}\n\n{BO} {NOON}\n")
    return file


def test_tokens_of_those_in_the_file_count_no_more(file: Path) -> None:
    revocations = Revocations(file)
    assert revocations.look() == {ANNA, BO}
    assert revocations.look() == frozenset(), "nothing is new"
    assert revocations.refuses(ANNA, NOON_MS * 2)
    assert revocations.refuses(BO, 0), "a token that does not say"
    assert revocations.refuses(BO, NOON_MS - 1_000)
    assert not revocations.refuses(BO, NOON_MS)
    assert not revocations.refuses("c" * 64, 0)


def test_a_later_change_is_found_and_taking_out_is_forgiving(file: Path) -> None:
    revocations = Revocations(file)
    revocations.look()
    file.write_text(f"{BO} 2026-11-22T13:00:00Z\n")
    assert revocations.look() == {BO}
    assert revocations.refuses(BO, NOON_MS)
    assert not revocations.refuses(ANNA, 0)


@pytest.mark.parametrize("line", ["anna", f"{ANNA} noon", f"{ANNA} 2026-11-22T12:00:00", "a" * 65])
def test_what_cannot_be_read_changes_nothing_and_is_named(file: Path, line: str) -> None:
    revocations = Revocations(file)
    revocations.look()
    file.write_text(f"# one\n{line}\n# three\n")
    with pytest.raises(Unreadable, match="Line 2 "):
        revocations.look()
    assert revocations.refuses(ANNA, 0)


def test_a_file_that_is_not_there_is_told_and_none_is_none(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="cannot be read"):
        Revocations(tmp_path / "nowhere").look()
    assert Revocations(None).look() == frozenset()
