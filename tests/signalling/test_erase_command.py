from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from kolapp_queue import erase as erasing
from kolapp_queue import leftovers
from kolapp_queue.append_only import traces
from kolapp_queue.audit_export import verify
from kolapp_queue.audit_lease import AuditLease
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.model import PatientKey, QueueRef, TicketId
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from kolapp_signalling.audit_command import pseudonym
from kolapp_signalling.auditing import audit_settings
from kolapp_signalling.development import prepare
from kolapp_signalling.erase_command import erase
from kolapp_signalling.process import StartRefused
from kolapp_signalling.setting_kinds import SIGNALLING
from kolapp_signalling.settings import Settings
from processes import run_kolapp, serving
from redis.exceptions import NoPermissionError

REF = QueueRef("demo", "drop-in")
T = TypeVar("T")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    plain = Settings(data_dir=tmp_path / "data", queue=QueueSettings(resync_ms=10))
    return prepare(plain, SIGNALLING)


def at(url: str, act: Callable[[QueueStore], Awaitable[T]]) -> T:
    async def run() -> T:
        store = await QueueStore.connect(url, QueueSettings())
        try:
            return await act(store)
        finally:
            await store.close()

    return asyncio.run(run())


def join(url: str, patient: PatientKey) -> None:
    at(url, lambda s: s.join(REF, patient, TicketId(secrets.token_urlsafe(16)), "c"))


def test_a_patient_of_a_stopped_server_is_erased(settings: Settings) -> None:
    directory = settings.data_dir / "store"
    anna = pseudonym(settings, "idp", "anna")
    store = EmbeddedStore(directory)
    store.start()
    try:
        store.wait_ready(10)
        join(store.url, anna)
    finally:
        store.stop()
    assert list(traces(directory, [anna.encode()])) != []
    told = erase(settings, "demo", anna)
    assert told.startswith("Erased: 1 tickets, 0 visits, 3 events.")
    assert told.endswith("holds no trace of the patient.")
    assert list(traces(directory, [anna.encode()])) == []
    assert anna in next(audit_settings(settings).directory.glob("demo/*.jsonl")).read_text()


def test_bad_input_32_a_patient_of_a_running_server_is_erased(tmp_path: Path) -> None:
    """By the command line; the server writes the audit itself."""
    data = tmp_path / "data"
    with serving(data) as serve:
        done = run_kolapp("audit", "pseudonym", "idp", "anna", "--data-dir", str(data))
        anna = PatientKey(done.stdout.strip())
        join(EmbeddedStore(data / "store").url, anna)
        who = ("--provider", "demo", "--patient", "idp", "anna")
        done = run_kolapp("erase", *who, "--data-dir", str(data))
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Erased: 1 tickets, 0 visits, 3 events.")
        assert list(traces(data / "store", [anna.encode()])) == []
        assert serve.children(), "it runs on"
    assert verify(data / "audit")[0].provider == "demo"


def test_on_a_store_of_ones_own_what_remains_is_listed(settings: Settings, store_url: str) -> None:
    own = replace(settings, store_url=store_url, audit=False)
    told = erase(own, "demo", "c" * 64).splitlines()
    assert told[0] == "Erased: 0 tickets, 0 visits, 0 events."
    assert any("BGREWRITEAOF" in line for line in told), "the tests' stores keep one"
    assert told[-1] == " - every backup of these files"


def test_a_store_that_tells_nothing_of_itself_may_have_everything(
    settings: Settings, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def asked(redis: object) -> None:
        raise NoPermissionError("this user has no permissions to run the 'info' command")

    monkeypatch.setattr(leftovers, "_asked", asked)
    told = erase(replace(settings, store_url=store_url, audit=False), "demo", "c" * 64)
    for word in ("BGREWRITEAOF", "RDB", "replica", "backup"):
        assert word in told


def test_an_audit_that_hangs_stops_the_erasure(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "_AUDIT_S", 0.0)
    anna = pseudonym(settings, "idp", "anna")
    store = EmbeddedStore(settings.data_dir / "store")
    store.start()
    try:
        store.wait_ready(10)
        join(store.url, anna)
        assert at(store.url, lambda s: AuditLease(s._link, "hangs", 60_000).hold())
        with pytest.raises(StartRefused, match="3 events are not in the audit files yet"):
            erase(settings, "demo", anna)
    finally:
        store.stop()


@pytest.mark.parametrize(("provider", "key"), [("a b", "c" * 64), ("demo", "anna.a")])
def test_what_is_no_pseudonym_is_refused(settings: Settings, provider: str, key: str) -> None:
    with pytest.raises(StartRefused, match="1 to 64"):
        erase(settings, provider, key)


def test_a_data_directory_without_a_store_is_told(settings: Settings) -> None:
    with pytest.raises(StartRefused, match="no embedded store"):
        erase(settings, "demo", "c" * 64)
