"""The queues as this node last read them: one reading serves everybody who waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec
from kolapp_queue import places
from kolapp_queue.admission import Admitted, Facts, admission
from kolapp_queue.bulletin import NOTHING_SAID
from kolapp_queue.model import Line, Needs, QueueRef, TicketId
from kolapp_queue.policy import QueuePolicy
from kolapp_queue.rises import Recent
from kolapp_queue.store import QueueStore

from . import gate
from .clock import StoreClock
from .operator_messages import QueueStatus
from .parts import ForecastRange, PlaceInfo, QueueInfo, QueueLoad
from .queue_status import queue_status
from .snapshots import queue_load
from .tasks import Tasks
from .waits import NOT_READ_YET, Waits

# A reading costs more the longer the line is: rest this many times as long as the last one took.
_REST = 4.0
_TRIES = 3  # readings before a ticket is shown without a place


class QueueLine:
    """One queue's line, its positions and waiting ranges. `line` is None before it was read."""

    def __init__(
        self,
        ref: QueueRef,
        policy: Callable[[], QueuePolicy],
        store: QueueStore,
        clock: StoreClock,
        tasks: Tasks,
    ) -> None:
        self.ref = ref
        self.line: Line | None = None
        self.bulletin = NOTHING_SAID
        self.seen = 0  # the highest version ever read
        self.went_back = False  # the store has forgotten what was read of it
        self._index: Mapping[TicketId, int] = {}
        self._positions: Sequence[int] = ()
        self._policy = policy
        self._store = store
        self._clock = clock
        self._tasks = tasks
        self._waits: Waits | None = None
        self._reading: asyncio.Task[None] | None = None
        self._recent: Recent | None = None
        self._recalling = asyncio.Lock()
        self._rest_until = 0.0  # the loop's time

    @property
    def version(self) -> int:
        return self.line.version if self.line is not None else -1

    def forget(self) -> None:
        self.line, self._waits, self.went_back = None, None, False
        self._index, self._positions = {}, ()

    async def read(self) -> None:
        """Read the line as it is from now on: a reading that runs already is not new enough.

        Raises StoreUnavailable.
        """
        if self._reading is not None:
            await asyncio.wait([self._reading])
        await self._join_reading()

    async def at_least(self, version: int) -> None:
        """Until the line is as new as a ticket's `version`; gives up on a store that went back.

        Raises StoreUnavailable.
        """
        for _ in range(_TRIES):
            if self.version >= version:
                return
            await self._join_reading()

    async def read_waits(self) -> None:
        """The waiting times alone, of the line as it was read. Raises StoreUnavailable."""
        published = await self._store.forecast(self.ref)
        if self.line is not None:
            self._waits = Waits(self.line, published)

    async def _join_reading(self) -> None:
        if self._reading is None:
            self._reading = self._tasks.start(self._read(), waited_for=True)
        # Shielded: one reader's end is not the end of what the others wait for.
        await asyncio.shield(self._reading)

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(max(0.0, self._rest_until - loop.time()))
            started = loop.time()
            line = await self._store.line(self.ref)
            published = await self._store.forecast(self.ref)
            # After the line: a word said in between is rather read early than missed.
            self.bulletin = await self._store.bulletin(self.ref)
            self._clock.heard(line.now_ms)
            self.went_back = self.went_back or line.version < self.version
            self.line, self.seen = line, max(self.seen, line.version)
            self._index = {ticket: index for index, ticket in enumerate(line.waiting)}
            self._positions = places.positions(line)
            self._waits = Waits(line, published)
            self._rest_until = loop.time() + _REST * (loop.time() - started)
        finally:
            self._reading = None

    def place(
        self, ticket: TicketId, told: PlaceInfo | None = None, told_at: int = 0
    ) -> PlaceInfo | None:
        """None for who is not in the line. `told` is what was shown before, as of version
        `told_at`: a place rises with a cause that it carries until it falls, or not at all."""
        index = self._index.get(ticket)
        if index is None or self.line is None:
            return None
        position = self._positions[index]
        if told is None or position < told.position:
            return self._place_of(index, position)
        if position == told.position:
            return self._place_of(index, position, told.cause)
        rise = places.why_risen(self.line, index, told_at)
        if rise is None:
            return self._place_of(index, told.position, told.cause)
        return self._place_of(index, position, rise.value)

    async def place_again(self, ticket: TicketId) -> PlaceInfo | None:
        """For a patient whom this node has not told a place, but another one may have: if it rose
        last, it says why. Raises StoreUnavailable."""
        line, index = self.line, self._index.get(ticket)
        if line is None or index is None or not line.causes:
            return self.place(ticket)
        async with self._recalling:  # one reading for all who come after a node's death
            if self._recent is None or self._recent.line is not line:
                self._recent = await self._store.recent(line)
            rise = self._recent.why_risen(index)
        place = self.place(ticket)
        if place is None or rise is None:
            return place
        return msgspec.structs.replace(place, cause=rise.value)

    def _place_of(self, index: int, position: int, cause: str = "") -> PlaceInfo:
        waits, now_ms = self._waits, self._clock.now_ms()
        wait = waits.of(index, now_ms) if waits is not None else NOT_READ_YET
        return PlaceInfo(position, max(position, len(self._index)), wait, cause)

    def forecast(self, ticket: TicketId) -> ForecastRange | None:
        """The forecast behind the range of who is in the line; None while there is none."""
        index, waits = self._index.get(ticket), self._waits
        if index is None or waits is None:
            return None
        return waits.forecast(index, self._clock.now_ms())

    def facts(self) -> Facts:
        """For the gate; nobody waits before the first reading."""
        return Facts(len(self._index), self.bulletin)

    def notices(self) -> list[str]:
        return gate.notices(self.bulletin, self._clock.now_ms())

    def info(self) -> QueueInfo:
        """With the place that somebody who joins now would get."""
        return gate.queue_info(self._policy(), self.facts(), self._clock.now_ms(), self._next())

    def status(self) -> QueueStatus:
        """As operators see it; for a line that was read."""
        assert self.line is not None
        place = self._next()
        wait = NOT_READ_YET if place is None else place.wait
        return queue_status(self._policy(), self.line, self.bulletin, wait, self._clock.now_ms())

    def admission(self, needs: Needs, band: str) -> Admitted:
        """May somebody draw a number now? Raises Refused."""
        policy, place = self._policy(), self._next()
        wait = gate.NOTHING_KNOWN if place is None else gate.estimate(place.wait)
        answer = admission(policy, self.facts(), self._clock.now_ms(), wait, needs, band)
        if isinstance(answer, Admitted):
            return answer
        raise gate.refusal(answer, policy)

    def load(self) -> QueueLoad:
        return queue_load(self.ref.queue, self._policy().title, self.line)

    def _next(self) -> PlaceInfo | None:
        if (line := self.line) is None:
            return None
        position = places.newcomer(line, places.everybody(line))
        waits, now_ms = self._waits, self._clock.now_ms()
        wait = waits.next(now_ms) if waits is not None else NOT_READ_YET
        return PlaceInfo(position, max(position, len(self._index)), wait)
