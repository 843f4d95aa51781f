from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from kolapp_queue.audit_chain import GENESIS, Broken
from kolapp_queue.audit_files import ProviderLog, files_of, providers, records_of
from kolapp_queue.audit_stream import Cursor


def event(number: int) -> dict[str, object]:
    return {"kind": "event", "queue": "q", "id": f"{number}-0", "n": number, "event": {}}


@pytest.fixture
def three_days(tmp_path: Path) -> Path:
    log = ProviderLog(tmp_path, "clinic")
    for number, day in enumerate(("2027-01-14", "2027-01-15", "2027-01-16"), 1):
        log.append([event(number)], day)
    log.close()
    return tmp_path


def kinds(path: Path) -> list[str]:
    return [record["kind"] for record in records_of(path)]


def test_files_follow_each_other_by_day(three_days: Path) -> None:
    files = files_of(three_days, "clinic")
    assert [path.stem for path in files] == ["2027-01-14", "2027-01-15", "2027-01-16"]
    heads = [next(records_of(path)) for path in files]
    assert [head["after"] for head in heads] == ["", "2027-01-14.jsonl", "2027-01-15.jsonl"]
    assert heads[0]["prev"] == GENESIS
    assert providers(three_days) == ["clinic"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert (three_days / "clinic").stat().st_mode & 0o777 == 0o700


def test_a_new_writer_continues_the_chain(three_days: Path) -> None:
    log = ProviderLog(three_days, "clinic")
    assert log.cursors == {"q": Cursor("3-0", 3)}
    assert log.repaired == 0
    log.append([event(4)], "2027-01-15")  # late: files are never reopened
    log.append([event(5)], "2027-01-17")
    log.close()
    assert [len(kinds(path)) for path in files_of(three_days, "clinic")] == [2, 2, 3, 2]
    assert ProviderLog(three_days, "clinic").last == log.last


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_line_that_was_cut_off_is_taken_away_and_that_is_said(three_days: Path, cut: int) -> None:
    newest = files_of(three_days, "clinic")[-1]
    newest.write_bytes(newest.read_bytes()[:-cut])
    log = ProviderLog(three_days, "clinic")
    log.close()
    assert log.repaired > 0
    assert kinds(newest) == ["head", "repaired"]
    again = ProviderLog(three_days, "clinic")
    assert (again.repaired, again.last) == (0, log.last)


def test_a_head_that_was_cut_off_never_was(three_days: Path) -> None:
    (three_days / "clinic" / "2027-01-17.jsonl").write_bytes(b'{"after":"2027-01-1')
    log = ProviderLog(three_days, "clinic")
    log.close()
    files = files_of(three_days, "clinic")
    assert files[-1].stem == "2027-01-16"
    assert kinds(files[-1]) == ["head", "event", "repaired"]
    assert log.cursors == {"q": Cursor("3-0", 3)}


def test_a_changed_newest_file_is_not_written_on(three_days: Path) -> None:
    newest = files_of(three_days, "clinic")[-1]
    newest.write_bytes(newest.read_bytes().replace(b'"n":3', b'"n":7') + b"{}\n")
    with pytest.raises(Broken, match=r"2027-01-16.jsonl, line 3"):
        ProviderLog(three_days, "clinic")


def test_files_past_their_retention_are_deleted_and_that_is_said(three_days: Path) -> None:
    log = ProviderLog(three_days, "clinic")
    assert log.remove_before(date(2027, 1, 16)) == ["2027-01-14.jsonl", "2027-01-15.jsonl"]
    assert log.remove_before(date(2030, 1, 1)) == []  # the newest stays
    log.close()
    [left] = files_of(three_days, "clinic")
    said = [record["file"] for record in records_of(left) if record["kind"] == "removed"]
    assert said == ["2027-01-14.jsonl", "2027-01-15.jsonl"]


def test_what_is_known_is_told_by_its_content(three_days: Path) -> None:
    log = ProviderLog(three_days, "clinic")
    fifteenth = 1_799_971_200_000  # 2027-01-15 00:00 UTC
    assert len(log.known_since(fifteenth)) == 2
    assert len(log.known_since(0)) == 3
