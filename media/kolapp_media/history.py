"""The newest packets sent on a track, for a receiver that asks again. Pure.

Bounded by number, a ring by sequence number. Times are monotonic, in seconds.
"""

from __future__ import annotations


class History:
    """The hot path writes `packets` and `at` itself, at `sequence & mask`.

    `plain` says what is kept: packets as they were before protection, to be repeated in a stream
    of their own (RTX); else as they left, to be sent once more byte for byte: protecting a
    number twice would reveal the key stream.
    """

    __slots__ = ("_again", "at", "mask", "packets", "plain")

    def __init__(self, size: int, *, plain: bool) -> None:
        if size & (size - 1):
            raise ValueError("the size of a history is a power of two")
        self.mask = size - 1
        self.plain = plain
        self.packets: list[bytes | None] = [None] * size
        self.at = [0.0] * size
        self._again = [float("-inf")] * size

    def find(self, sequence: int, now: float, pause: float) -> tuple[bytes, float] | None:
        """The packet and how long ago it was sent; None if it is gone, never came, or was
        repeated less than `pause` ago."""
        slot = sequence & self.mask
        packet = self.packets[slot]
        if packet is None or packet[2:4] != sequence.to_bytes(2, "big"):
            return None
        if now - self._again[slot] < pause:
            return None
        self._again[slot] = now
        return packet, now - self.at[slot]
