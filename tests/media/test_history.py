"""The newest packets, by number, each not more often than it can be of use."""

from __future__ import annotations

import pytest
from kolapp_media.history import History


def keep(history: History, sequence: int, now: float) -> bytes:
    """As the hot path does it."""
    packet = b"\x80\x60" + sequence.to_bytes(2, "big") + b"rest"
    history.packets[sequence & history.mask] = packet
    history.at[sequence & history.mask] = now
    return packet


def test_the_newest_are_found_by_number() -> None:
    history = History(4, plain=True)
    packets = {
        sequence & 0xFFFF: keep(history, sequence & 0xFFFF, 1.0)
        for sequence in range(65_530, 65_540)
    }

    assert history.find(65_535, 2.0, 0.1) is None  # overwritten by 3
    assert history.find(3, 2.0, 0.1) == (packets[3], 1.0)
    assert history.find(4, 2.0, 0.1) is None


def test_a_packet_is_repeated_after_a_pause() -> None:
    history = History(4, plain=True)
    keep(history, 1, 1.0)

    assert history.find(1, 1.0, 0.1) is not None
    assert history.find(1, 1.05, 0.1) is None
    assert history.find(1, 1.15, 0.1) is not None


def test_a_history_is_a_ring() -> None:
    with pytest.raises(ValueError, match="power of two"):
        History(100, plain=True)
