from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from kolapp_queue.sealing import KeyRing
from kolapp_signalling.development import prepare
from kolapp_signalling.process import StartRefused
from kolapp_signalling.seal_keys import seal_ring
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
