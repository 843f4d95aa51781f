from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from kolapp_queue.sealing import KeyRing, Purpose
from kolapp_signalling import seal_keys
from kolapp_signalling.development import prepare
from kolapp_signalling.process import StartRefused
from kolapp_signalling.seal_keys import SealKeys, seal_ring
from kolapp_signalling.setting_kinds import SIGNALLING
from kolapp_signalling.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return prepare(Settings(data_dir=tmp_path), SIGNALLING)


def test_the_ring_is_the_files(settings: Settings) -> None:
    assert settings.seal_keys is not None
    before = seal_ring(settings)
    with settings.seal_keys.open("a") as file:
        file.write(KeyRing.new_line("autumn"))
    after = seal_ring(settings)
    assert after.newest == "autumn"
    assert set(before.keys) < set(after.keys)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read"),
        (b"", "the key file is empty"),
        (b"secret", "line 1"),
        (b"\xff\xfe", "no text"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_without_its_content(
    settings: Settings, tmp_path: Path, content: bytes | None, why: str
) -> None:
    path = tmp_path / "ring"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StartRefused, match=why) as refused:
        seal_ring(replace(settings, seal_keys=path))
    assert "secret" not in str(refused.value)


async def test_a_rotated_key_counts_without_a_restart(settings: Settings) -> None:
    """In the documents' order: no node ever seals what another one cannot open yet."""
    path = settings.seal_keys
    assert path is not None
    one, other = SealKeys(settings), SealKeys(settings)
    old, new = path.read_text("ascii"), KeyRing.new_line("autumn")
    written = one.ring.seal(Purpose.INTAKE, b"cough", "t1")
    for lines in (new + old, old + new):
        path.write_text(lines, "ascii")
        for first, second in ((one, other), (other, one)):
            await first.look()
            sealed = first.ring.seal(Purpose.INTAKE, b"fever", "t2")
            assert second.ring.open(Purpose.INTAKE, sealed, "t2") == b"fever"
            assert first.ring.open(Purpose.INTAKE, written, "t1") == b"cough"
    assert (one.ring.newest, other.ring.newest) == ("autumn", "autumn")


async def test_a_file_that_broke_changes_nothing_and_is_told_once(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    path = settings.seal_keys
    assert path is not None
    keys, good = SealKeys(settings), path.read_text("ascii")
    before = keys.ring
    for text in ("secret", "secret", "", good):
        path.write_text(text, "ascii")
        await keys.look()
        assert keys.ring is before
    told = [record.getMessage() for record in caplog.records]
    assert told == ["The seal keys cannot be used; the old ones stay."] * 2


async def test_a_node_follows_its_file(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal_keys, "LOOK_S", 0.01)
    path, keys = settings.seal_keys, SealKeys(settings)
    assert path is not None
    following = asyncio.create_task(keys.follow())
    path.write_text(path.read_text("ascii") + KeyRing.new_line("autumn"), "ascii")
    async with asyncio.timeout(30):
        while keys.ring.newest != "autumn":  # noqa: ASYNC110  # nobody is told of a file read
            await asyncio.sleep(0.01)
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
