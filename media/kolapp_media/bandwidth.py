"""How much a publisher may send: what its way to us and its receivers' ways from us carry. Pure.

Three sources, of which the smallest counts: what receivers say (REMB, which covers both hops,
since the time of sending in each packet is kept), our own look at each hop, and a cap for who
says nothing at all. Bits and seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_GROWTH = 1.08  # a second, while a hop carries what is sent (as libwebrtc's)
_TRIAL = 1.12  # a second, above a receiver's own estimate
_LOWERED = 0.95  # of the estimate before: it did not just waver
_BACK_OFF = 0.85  # of what really arrived
_HEADROOM = 1.5  # an estimate is not believed further above what was tried
_SLACK = 10_000
_LEAST = 60_000  # below it there is no picture worth its packets
_SOUND = 30_000  # what sound needs
_HEAVY_LOSS = 0.1  # random loss of radio links stays below; repair deals with that
_SETTLES = 2.0  # seconds until a sender that was told less has done it and the queue is gone
_QUEUE = 0.1  # seconds a packet may stand in a queue before that counts as too much


@dataclass(slots=True)
class Hop:
    """Our own estimate of one direction of one leg; None until it was once too much.

    Loss and a growing queue say that it is too much; nothing says how much it could be, so it is
    tried out slowly.
    """

    estimate: int | None = None
    settling: float = 0.0  # seconds for which the last change has not shown yet

    def look(self, rate: float, loss: float, queue: float, seconds: float) -> None:
        """`rate` arrived in the last so many seconds, `loss` of 1 did not, and the rest stood
        in a queue for `queue` seconds."""
        self.settling -= seconds
        if loss > _HEAVY_LOSS or queue > _QUEUE:
            if self.settling > 0:
                return
            self.settling = _SETTLES
            lowered = max(_LEAST, int(rate * _BACK_OFF))
            self.estimate = lowered if self.estimate is None else min(self.estimate, lowered)
        elif self.estimate is not None:
            grown = int(self.estimate * _GROWTH**seconds) + 1_000
            self.estimate = max(self.estimate, min(grown, int(_HEADROOM * rate) + _SLACK))


class Queue:
    """How long packets stand in queues on their way, from when they were due and when they
    came: above the shortest way in the last seconds. Clocks need not agree."""

    __slots__ = ("_began", "_least", "_least_before", "_mean", "_window")

    def __init__(self, window: float = 10.0) -> None:
        self._window = window
        self._began = float("-inf")
        self._least = float("inf")
        self._least_before = float("inf")
        self._mean = 0.0

    def add(self, transit: float, now: float) -> None:
        """`transit`: arrival less time of sending, in seconds, whatever their zero is."""
        if now - self._began > self._window:
            self._began, self._least_before, self._least = now, self._least, transit
        elif transit < self._least:
            self._least = transit
        above = transit - min(self._least, self._least_before)
        self._mean += (above - self._mean) / 8

    @property
    def delay(self) -> float:
        return self._mean


@dataclass(slots=True)
class Said:
    """What one receiver let us know, and when.

    Browsers lower their estimate fast and well, and raise it by some 4 % a second after a
    narrow place, which leaves a bad picture for a minute on a line that is good again. So while
    both hops are clear more is tried, until the receiver lowers its estimate again.
    """

    bits: int | None = None  # its own estimate
    at: float = float("-inf")
    heard_at: float = float("-inf")  # anything about what we send
    tried: float = 0.0  # what was tried above the estimate

    def says(self, bits: int, now: float) -> None:
        if self.bits is None or bits < self.bits * _LOWERED:
            self.tried = 0.0
        self.bits, self.at, self.heard_at = bits, now, now

    def try_more(self, rate: float, seconds: float, *, clear: bool) -> None:
        """Once so many seconds, with what is sent now."""
        if self.bits is None or not clear:
            self.tried = 0.0
            return
        grown = max(self.tried, self.bits) * _TRIAL**seconds
        self.tried = max(self.tried, min(grown, _HEADROOM * rate + _SLACK))

    def limit(self, now: float, since: float, patience: float, cap: int) -> int | None:
        """Its estimate while it is fresh; the cap for one that has been silent so long while it
        was sent to (`since`); None when there is nothing to say."""
        if self.bits is not None and now - self.at <= patience:
            return max(_LEAST, self.bits, int(self.tried))
        if now - max(self.heard_at, since) > patience:
            return cap
        return None


def share(total: int, others: Sequence[float]) -> int:
    """What one sender may take of a line that carries so much, beside others who send this much
    now: an equal part, or what they leave. Who was left more gives way as the others come up.
    Whatever a receiver says, what sound needs is left to everybody."""
    return max(total // (len(others) + 1), total - int(sum(others)), _SOUND)


def smallest(*limits: int | None) -> int | None:
    return min((each for each in limits if each is not None), default=None)
