"""The floor of the media benchmark does the work it says."""

from __future__ import annotations

import pytest
from kolapp_loadtest.bench import media_floor
from kolapp_loadtest.errors import BenchFailed


def test_what_a_core_could_do_follows_from_what_a_packet_costs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(media_floor, "PACKETS", 2_000)
    found = media_floor.measure()
    assert 0 < found["crypto_us"] < 1_000
    assert 0 < found["system_calls_us"] < 1_000
    a_packet = found["crypto_us"] + found["system_calls_us"]
    assert found["packets_per_cpu_s"] == pytest.approx(1e6 / a_packet, rel=0.01)


def test_packets_of_another_key_are_no_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_floor, "PACKETS", 10)
    made = media_floor._packets

    def foreign(*given: object) -> list[bytes]:
        with monkeypatch.context() as other:
            other.setattr(media_floor, "KEY", bytes(28))
            return made(*given)

    monkeypatch.setattr(media_floor, "_packets", foreign)
    with pytest.raises(BenchFailed):
        media_floor.measure()
