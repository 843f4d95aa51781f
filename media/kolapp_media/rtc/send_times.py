"""When packets say that they were sent, to a browser that is sent several people.

By these times (abs-send-time, 24 bits of 2^-18 s) a browser judges whether its line is full, and
takes all of them for one clock's. Of one person they are passed on as they are, and the judgement
holds for both hops. Of several they come from as many clocks: so they say when a packet left here,
and the judgement holds for the browser's own line; the lines of the others we judge ourselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import rtp

if TYPE_CHECKING:
    from .streams import Route

_UNITS = 1 << 18  # in a second
_MASK = (1 << 24) - 1
_HALF = 1 << 23
_LOOKS = 10
_PATIENCE = 1.0  # seconds for which a picture that stands still keeps others waiting
_NOTHING = b""  # of another length than a time: the extension is blanked


class SendClock:
    """Of one receiver, and for as long as it is there. It goes on from the times of `leader`, who
    was seen there before: a clock that jumped back would not be listened to for half a minute.

    Some packets of the leader are looked at first, which say what they said: the one that was
    quickest on its way counts, or the next ones would seem to come out of a queue.
    """

    __slots__ = ("_ahead", "_leader", "_looks")

    def __init__(self, leader: Route | None) -> None:
        self._leader = leader
        self._ahead = 0  # of our clock, in units, as far as is known
        self._looks = _LOOKS  # still to come

    def at(self, route: Route, packet: memoryview, size: int, now: float) -> bytes:
        """What a packet of this route is to say. Raises `rtp.MalformedPacket`."""
        ticks = int(now * _UNITS)
        if self._looks:
            said = rtp.find_extension(packet, size, route.time_id)
            if said is None or len(said) != 3 or not self._leads(route, now):
                return _NOTHING
            self._look(int.from_bytes(said, "big") - ticks)
            return said
        return (ticks + self._ahead & _MASK).to_bytes(3, "big")

    def _leads(self, route: Route, now: float) -> bool:
        leader = self._leader
        if leader is not None and leader.bound and now - leader.stream.at < _PATIENCE:
            return route is leader
        self._leader, self._looks = route, _LOOKS
        return True

    def _look(self, ahead: int) -> None:
        quicker = (ahead - self._ahead + _HALF & _MASK) - _HALF
        if self._looks == _LOOKS or quicker > 0:
            self._ahead = ahead
        self._looks -= 1
        if not self._looks:
            self._leader = None
