"""What the media benchmark replays, and what it says when the load peer cannot be built."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from kolapp_loadtest.bench import media_load
from kolapp_loadtest.errors import BenchFailed


async def test_without_a_compiler_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(media_load.shutil, "which", lambda name: None)
    with pytest.raises(BenchFailed, match="apt-get install golang-go"):
        await media_load.build()


async def test_what_was_built_is_not_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(media_load.shutil, "which", lambda name: None)
    monkeypatch.setattr(media_load.hashlib, "sha256", lambda source: Digest())
    program = tmp_path / "kolapp-bench" / f"pion-{Digest.NAME[:16]}"
    program.parent.mkdir()
    program.touch()
    assert await media_load.build() == program


class Digest:
    NAME = "0123456789abcdef-and-more"

    def hexdigest(self) -> str:
        return self.NAME


def frames(path: Path) -> list[bytes]:
    data, found = path.read_bytes(), []
    while data:
        (size,) = struct.unpack_from("!I", data)
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    return found


def test_the_recording_is_a_call_of_that_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_load, "PICTURES", 15)  # of 60, which take seconds to encode
    monkeypatch.setattr(media_load, "SOUNDS", 25)
    media_load.record(tmp_path)
    pictures, sounds = frames(tmp_path / "video"), frames(tmp_path / "audio")
    assert len(pictures) == media_load.PICTURES
    assert not pictures[0][0] & 1  # a key frame (RFC 6386, 9.1)
    bits = sum(map(len, pictures)) * 8 / (media_load.PICTURES / media_load.RATE)
    assert 0.5 * media_load.BITS < bits < 1.5 * media_load.BITS
    assert len(sounds) >= media_load.SOUNDS - 2  # the encoder keeps some to itself


def test_a_port_is_read_from_an_answer() -> None:
    sdp = "v=0\r\na=candidate:1 1 udp 2130706431 127.0.0.1 40123 typ host\r\na=x\r\n"
    assert media_load.port_of(sdp) == 40123
