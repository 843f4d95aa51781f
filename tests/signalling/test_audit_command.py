from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from audit_events import NOON_MS
from kolapp_queue.audit_files import ProviderLog, day_of, files_of
from kolapp_signalling.audit_command import exported, pseudonym, verified
from kolapp_signalling.auditing import audit_settings
from kolapp_signalling.auth import Identity
from kolapp_signalling.development import prepare
from kolapp_signalling.process import StartRefused
from kolapp_signalling.roles import Role
from kolapp_signalling.setting_kinds import SIGNALLING
from kolapp_signalling.settings import Settings
from processes import run_kolapp

DAY = date(2027, 1, 15)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """With an audit of one event."""
    settings = prepare(Settings(data_dir=tmp_path), SIGNALLING)
    log = ProviderLog(audit_settings(settings).directory, "clinic")
    event = {"step": "join", "ms": NOON_MS, "patient": pseudonym(settings, "idp", "anna")}
    record = {"kind": "event", "queue": "q", "id": "1-0", "n": 1, "event": event}
    log.append([record], day_of(NOON_MS))
    log.close()
    return settings


def directory(settings: Settings) -> Path:
    return audit_settings(settings).directory


def test_an_export_is_json_lines(settings: Settings) -> None:
    records = [json.loads(line) for line in exported(settings, "clinic", DAY, DAY)]
    assert [record["kind"] for record in records] == ["head", "event"]


def test_whole_files_are_said_to_be_whole_with_their_last_hash(settings: Settings) -> None:
    told = verified(directory(settings), "")
    assert told.startswith("clinic: 2 lines in 1 files are whole; last hash ")
    assert verified(directory(settings), told.split()[-1]) == told


def test_a_changed_file_is_named(settings: Settings) -> None:
    [file] = files_of(directory(settings), "clinic")
    file.write_bytes(file.read_bytes() + b"{}\n")
    for use in (
        lambda: verified(directory(settings), ""),
        lambda: list(exported(settings, "clinic", DAY, DAY)),
    ):
        with pytest.raises(StartRefused, match=r"not whole: .*2027-01-15.jsonl, line 3"):
            use()


def test_no_directory_is_not_an_empty_audit(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="no directory of audit files"):
        verified(tmp_path / "elsewhere", "")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert verified(empty, "") == "There are no audit files yet."


def test_a_pseudonym_is_the_key_that_the_store_has(settings: Settings) -> None:
    identity = Identity("idp", "anna", Role.PATIENT, "clinic", 0)
    assert pseudonym(settings, "idp", "anna") == identity.patient_key(settings.identity_pepper)


def test_the_command_line_leads_here(settings: Settings) -> None:
    data = str(settings.data_dir)
    days = ("--from", "2027-01-15", "--to", "2027-01-15")
    done = run_kolapp("audit", "export", "--provider", "clinic", *days, "--data-dir", data)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2)
    done = run_kolapp("audit", "verify", str(directory(settings)))
    assert done.stdout.startswith("clinic: ")
    done = run_kolapp("audit", "verify", str(directory(settings)), "--expect", "0" * 64)
    assert (done.returncode, "was noted" in done.stderr) == (1, True)
    done = run_kolapp("audit", "pseudonym", "idp", "anna", "--data-dir", data)
    assert done.stdout.strip() == pseudonym(settings, "idp", "anna")
