"""How one stream arrives: what is missing, what to ask for again, what to report. Pure.

Time is monotonic and in seconds. RFC 3550, 6.4.1, A.3, A.8 · RFC 4585, 6.2.1.
"""

from __future__ import annotations

from .bandwidth import Queue
from .rtcp import Block

_LATE = 0x8000  # sequence numbers further ahead than this are behind
_PAUSE = 0.04  # seconds at least between two questions for one packet
_UNITS = 65_536  # of a report's times, in a second


class Missing:
    """Packets of a stream that have not come, and when to ask for each again."""

    __slots__ = ("_give_up", "_most", "_patience", "_waited_for", "hopeless")

    def __init__(self, most: int, patience: float, give_up: float) -> None:
        """`patience`: for a packet that was only overtaken. `give_up`: after so long."""
        self._most = most
        self._patience = patience
        self._give_up = give_up
        self._waited_for: dict[int, list[float]] = {}  # noticed at, ask at
        self.hopeless = False  # too much is gone: only a key frame helps; for others to clear

    def __len__(self) -> int:
        return len(self._waited_for)

    def gap(self, first: int, count: int, now: float) -> None:
        """These numbers were skipped."""
        if len(self._waited_for) + count > self._most:
            self._waited_for.clear()
            self.hopeless = True
            return
        ask_at = now + self._patience
        for number in range(first, first + count):
            self._waited_for[number & 0xFFFF] = [now, ask_at]

    def came(self, sequence: int) -> bool:
        """Whether it was waited for; False means that it came before, or too late."""
        return self._waited_for.pop(sequence, None) is not None

    def due(self, now: float, round_trip: float) -> list[int]:
        """What to ask for now; asking again waits for an answer's way there and back."""
        found = []
        for number, times in list(self._waited_for.items()):
            if now - times[0] > self._give_up:
                del self._waited_for[number]
                self.hopeless = True
            elif now >= times[1]:
                # 1.5 times what has passed so far: a line that is full gets no storm of questions
                wait = max(1.5 * round_trip, _PAUSE, 0.5 * (now - times[0]))
                times[1] = now + wait
                found.append(number)
        return found


class Reception:
    """One stream's arrival. The hot path reads and writes `next`, `packets`, `octets` and
    `timestamp` itself; a packet that is not the next one goes through `takes`."""

    __slots__ = (
        "_expected_before",
        "_first",
        "_highest",
        "_received_before",
        "_report_at",
        "_report_ntp",
        "_transit",
        "at",
        "clock_rate",
        "fraction",
        "jitter",
        "missing",
        "next",
        "octets",
        "packets",
        "queue",
        "timestamp",
    )

    def __init__(
        self, clock_rate: int, missing: Missing | None, queue: Queue | None = None
    ) -> None:
        self.clock_rate = clock_rate
        self.missing = missing  # None: this publisher is not asked again
        self.queue = queue  # None: not looked at
        self.next = -1  # sequence number; -1 before the first packet
        self.packets = 0  # as they came, without those that were repeated for us
        self.octets = 0
        self.timestamp = -1  # of the newest packet
        self.at = 0.0  # when that began to arrive
        self.jitter = 0.0  # in the stream's clock
        self.fraction = 0.0  # lost, of what was sent between the last two reports
        self._transit: float | None = None
        self._first = 0
        self._highest = 0
        self._expected_before = 0
        self._received_before = 0
        self._report_ntp = 0
        self._report_at = 0.0

    def takes(self, sequence: int, now: float) -> bool:
        """A packet that is not the next one: False if it came before or is too late."""
        if self.next < 0:
            self._first = self._highest = sequence
            self.next = (sequence + 1) & 0xFFFF
            return True
        ahead = (sequence - self.next) & 0xFFFF
        if ahead >= _LATE:
            return self.missing is None or self.missing.came(sequence)
        if self.missing is not None:
            self.missing.gap(self.next, ahead, now)
        self.next = (sequence + 1) & 0xFFFF
        return True

    def begin(self, timestamp: int, now: float) -> None:
        """The first packet of a new moment. The rest of a picture says nothing about jitter."""
        transit = now * self.clock_rate - timestamp
        if self._transit is not None:
            moved = abs(transit - self._transit)
            if moved < 10 * self.clock_rate:
                self.jitter += (moved - self.jitter) / 16
            elif self.queue is not None:  # the numbers went round, or began anew
                self.queue = Queue()
        self._transit = transit
        if self.queue is not None:
            self.queue.add(transit / self.clock_rate, now)
        self.timestamp = timestamp
        self.at = now

    def reported(self, ntp: int, now: float) -> None:
        """Its sender's report came; ours says when that was, so that it can tell the way."""
        self._report_ntp = ntp
        self._report_at = now

    def block(self, ssrc: int, now: float) -> Block | None:
        """Our report on it, to be made about once a second; None before the first packet."""
        if self.next < 0:
            return None
        self._highest += (self.next - 1 - self._highest) & 0xFFFF
        expected = self._highest - self._first + 1
        sent = expected - self._expected_before
        gone = sent - (self.packets - self._received_before)
        self.fraction = max(0, gone) / sent if sent > 0 else 0.0
        self._expected_before = expected
        self._received_before = self.packets
        known = self._report_ntp != 0
        return Block(
            ssrc=ssrc,
            fraction=min(255, int(self.fraction * 256)),
            lost=expected - self.packets,
            highest=self._highest & 0xFFFFFFFF,
            jitter=int(self.jitter),
            last_report=self._report_ntp >> 16 & 0xFFFFFFFF if known else 0,
            delay=int((now - self._report_at) * _UNITS) if known else 0,
        )
