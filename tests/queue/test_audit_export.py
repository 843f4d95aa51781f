from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from audit_events import DAY_MS, NOON_MS
from kolapp_queue.audit_chain import Broken
from kolapp_queue.audit_export import export, verify
from kolapp_queue.audit_files import ProviderLog, day_of, files_of

FIFTEENTH, SIXTEENTH = date(2027, 1, 15), date(2027, 1, 16)


def event(number: int, ms: int) -> dict[str, object]:
    what = {"ms": ms, "step": f"s{number}"}
    return {"kind": "event", "queue": "q", "id": f"{number}-0", "n": number, "event": what}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Three days of one provider, two events a day, the last of them late; and another provider."""
    for provider in ("clinic", "other"):
        log = ProviderLog(tmp_path, provider)
        for number in range(6):
            ms = NOON_MS + number // 2 * DAY_MS
            log.append([event(number, ms)], day_of(ms))
        log.append([event(6, NOON_MS)], day_of(NOON_MS))
        log.append([{"kind": "gap", "queue": "q", "missing": 3}], day_of(NOON_MS))
        log.close()
    return tmp_path


def steps(directory: Path, first: date, last: date) -> list[str]:
    records = [json.loads(line) for line in export(directory, "clinic", first, last)]
    return [record["event"]["step"] for record in records if record["kind"] == "event"]


def test_an_export_holds_the_days_that_were_asked_for(directory: Path) -> None:
    assert steps(directory, FIFTEENTH, FIFTEENTH) == ["s0", "s1", "s6"]
    assert steps(directory, SIXTEENTH, SIXTEENTH) == ["s2", "s3"]
    assert steps(directory, FIFTEENTH, date(2027, 1, 17)) == [f"s{n}" for n in range(7)]
    assert steps(directory, date(2027, 2, 1), date(2027, 2, 1)) == []
    assert list(export(directory, "stranger", FIFTEENTH, SIXTEENTH)) == []


def test_an_export_tells_of_gaps(directory: Path) -> None:
    lines = export(directory, "clinic", FIFTEENTH, date(2027, 1, 17))
    assert sum(b'"kind":"gap"' in line for line in lines) == 1


def test_an_event_written_by_two_writers_is_exported_once(directory: Path) -> None:
    log = ProviderLog(directory, "clinic")
    log.append([event(0, NOON_MS)], day_of(NOON_MS))
    log.close()
    assert steps(directory, FIFTEENTH, FIFTEENTH) == ["s0", "s1", "s6"]


def test_whole_files_are_verified(directory: Path) -> None:
    clinic, other = verify(directory)
    assert (clinic.provider, clinic.files, clinic.lines) == ("clinic", 3, 11)
    assert other.last != clinic.last
    assert verify(directory, clinic.last) == [clinic, other]


def test_the_first_break_is_named_by_file_and_line(directory: Path) -> None:
    middle = files_of(directory, "clinic")[1]
    content = middle.read_bytes()
    middle.write_bytes(content.replace(b'"step":"s2"', b'"step":"s9"'))
    with pytest.raises(Broken, match=r"clinic/2027-01-16.jsonl, line 3: it does not follow"):
        verify(directory)
    last_line = content.replace(b'"step":"s3"', b'"step":"s9"')
    middle.write_bytes(last_line)
    with pytest.raises(Broken, match=r"clinic/2027-01-17.jsonl, line 1: it does not follow"):
        verify(directory)


@pytest.mark.parametrize(("number", "why"), [(0, "before it is missing"), (1, "not follow")])
def test_a_missing_file_is_noticed(directory: Path, number: int, why: str) -> None:
    files_of(directory, "clinic")[number].unlink()
    with pytest.raises(Broken, match=why):
        verify(directory)


def test_a_missing_end_is_noticed_by_a_hash_that_was_noted(directory: Path) -> None:
    noted = verify(directory)[0].last
    files_of(directory, "clinic")[-1].unlink()
    assert verify(directory)[0].files == 2  # the chain alone cannot know
    with pytest.raises(Broken, match="noted"):
        verify(directory, noted)


def test_files_removed_by_their_retention_are_missed_by_nobody(directory: Path) -> None:
    log = ProviderLog(directory, "clinic")
    assert log.remove_before(SIXTEENTH) == ["2027-01-15.jsonl"]
    log.close()
    assert verify(directory)[0].files == 2


def test_a_file_of_another_provider_or_day_is_noticed(directory: Path) -> None:
    file = files_of(directory, "other")[0]
    shutil.copy(file, directory / "clinic" / file.name)
    with pytest.raises(Broken, match="another provider"):
        verify(directory)
