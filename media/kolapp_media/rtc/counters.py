"""What became of the datagrams of one leg; a node adds its legs up."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Counters:
    forwarded: int = 0  # RTP packets sent on to another leg
    held: int = 0  # RTP packets that nobody is (yet) to get, or that the other one cannot read
    unsent: int = 0  # packets the socket or the cipher refused
    floods: int = 0  # times that strangers were too fast to be listened to

    # Repair:
    asked: int = 0  # lost packets of this leg's browser that it was asked for
    repaired: int = 0  # those that came then
    repeated: int = 0  # packets that had come before, not passed on
    resent: int = 0  # packets this leg's browser asked for and got again
    unknown: int = 0  # packets it asked for that were not to be had

    # Refused by the guard:
    empty: int = 0  # zero-length datagrams
    foreign: int = 0  # not from an address this leg has proved to be its own
    stun: int = 0  # malformed or not authenticated
    crowded: int = 0  # DTLS beyond the queue, or addresses beyond the limit
    over_rate: int = 0  # beyond the leg's packets per second
    forged: int = 0  # SRTP that does not authenticate
    strange: int = 0  # RTP or RTCP that is malformed or of an unknown stream
    failed: int = 0  # that a mistake of ours could not handle; see `faults`

    @property
    def dropped(self) -> int:
        return (
            self.empty
            + self.foreign
            + self.stun
            + self.crowded
            + self.over_rate
            + self.forged
            + self.strange
            + self.failed
        )

    def add(self, other: Counters) -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
