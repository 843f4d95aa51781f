"""Telling a queue's patients their places, and the desks the queue's length: coalesced, sliced.

One task a queue. A change is read after a short gathering time, never sooner than the front's
window after the last reading; the tail is told at its own, longer window. "Your turn" does not
come this way and does not wait for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from kolapp_queue.errors import StoreUnavailable
from kolapp_queue.model import TicketId

from . import log
from .audience import Audience, HeldTicket
from .lines import QueueLine

_GATHER_S = 0.02  # lets "your turn" and the rest of a burst pass first
_RETRY_S = 0.25  # after the store did not answer
_REFRESH_S = 10.0  # ranges move with the time, so they are told anew although nothing changed
_SLICE = 25  # snapshots sent before others get the loop: about half a millisecond of work
_BETWEEN_S = 0.0  # two slices


@dataclass(frozen=True, slots=True)
class Windows:
    """See the settings `place_...` of the same names."""

    front_count: int
    front_s: float
    tail_s: float


class Places:
    """`lost` is called with each local ticket that is not in the line although it should be."""

    def __init__(
        self,
        queue: QueueLine,
        audience: Audience,
        windows: Windows,
        lost: Callable[[HeldTicket], None],
    ) -> None:
        self._queue = queue
        self._audience = audience
        self._windows = windows
        self._lost = lost
        self._work = asyncio.Event()  # there is something to read
        self._changed = False  # the line
        self._waits_changed = False  # the waiting times alone
        self._everybody = False  # the next round is for the tail too
        self._newcomers: set[TicketId] = set()  # who have been told no range yet
        self._tail_told = -1  # version of the last round for the tail
        self._front_due = self._tail_due = 0.0  # the loop's time

    def touched(self, version: int) -> None:
        """The queue has that version now."""
        if version > self._queue.version:
            self._touch()

    def _touch(self) -> None:
        self._changed = True
        self._work.set()

    def came(self, held: HeldTicket) -> None:
        """Who has just come is told a range as soon as there is one, wherever in the line."""
        if held.is_unsure:
            self._newcomers.add(held.ticket.id)

    def forecast(self) -> None:
        """The waiting times were computed anew."""
        self._waits_changed = True
        self._tail_told = -1
        self._work.set()

    def resync(self) -> None:
        """Something may have been missed: read again and look at every ticket now."""
        self._everybody = True
        self._touch()

    async def tell_stale(self) -> None:
        """The line cannot be read: what was told is the last that is known. The next round that
        can be read tells everybody the truth, for a place that is not stale is another one."""
        for count, held in enumerate(list(self._audience.tickets(self._queue.ref).values()), 1):
            if held.waiting and held.place is not None and not held.place.stale:
                held.place = msgspec.structs.replace(held.place, stale=True)
                self._audience.tell(held)
            if count % _SLICE == 0:
                await asyncio.sleep(0)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._something_to_do()
            await asyncio.sleep(_GATHER_S)
            started = loop.time()
            try:
                await self._round()
            except StoreUnavailable:
                self._touch()
                log.event(logging.WARNING, "Places wait for the store.")
                await asyncio.sleep(_RETRY_S)
            await asyncio.sleep(max(0.0, started + self._windows.front_s - _GATHER_S - loop.time()))

    async def _something_to_do(self) -> None:
        """A change, or the time of the tail."""
        now = asyncio.get_running_loop().time()
        behind = self._tail_told != self._queue.version
        due = self._tail_due if behind else self._tail_due + _REFRESH_S
        try:
            async with asyncio.timeout(max(0.0, due - now)):
                await self._work.wait()
        except TimeoutError:
            self._everybody = True
            if not behind:
                self._touch()

    async def _round(self) -> None:
        loop = asyncio.get_running_loop()
        self._work.clear()
        await self._tell_what_is_new()
        if self._everybody or loop.time() >= self._tail_due:
            self._everybody = False
            self._tail_told = self._queue.version
            self._tail_due = loop.time() + self._windows.tail_s
            try:
                await self._tell_everybody()
            except StoreUnavailable:
                self._everybody = True
                raise

    async def _tell_what_is_new(self) -> None:
        """To the front, and to those who have been told nothing yet."""
        self._front_due = asyncio.get_running_loop().time() + self._windows.front_s
        if self._changed or self._queue.line is None:
            self._changed = self._waits_changed = False
            await self._queue.read()
            for desk in self._audience.desks(self._queue.ref.provider):
                self._audience.tell_desk(desk)
        elif self._waits_changed:
            self._waits_changed = False
            await self._queue.read_waits()
        self._tell_front()
        self._tell_newcomers()

    def _tell_front(self) -> None:
        line = self._queue.line
        for ticket in line.waiting[: self._windows.front_count] if line is not None else ():
            held = self._audience.ticket(ticket)
            if held is not None:
                self._tell(held)

    def _tell_newcomers(self) -> None:
        for ticket in tuple(self._newcomers):
            held = self._audience.ticket(ticket)
            if held is not None and held.is_unsure:
                self._tell(held)
            if held is None or not held.is_unsure:
                self._newcomers.discard(ticket)

    async def _tell_everybody(self) -> None:
        """Ten thousand take a third of a second: the front does not wait for the end of it."""
        loop = asyncio.get_running_loop()
        for count, held in enumerate(list(self._audience.tickets(self._queue.ref).values()), 1):
            self._tell(held)
            if count % _SLICE == 0:
                await asyncio.sleep(_BETWEEN_S)
                if self._work.is_set() and loop.time() >= self._front_due:
                    self._work.clear()
                    await self._tell_what_is_new()

    def _tell(self, held: HeldTicket) -> None:
        if not held.waiting:
            return
        place = self._queue.place(held.ticket.id, held.place, held.line_version)
        if place is None:
            # Called or ended without our hearing of it, unless the ticket is newer than the line.
            if held.ticket.version <= self._queue.version:
                self._lost(held)
        elif place != held.place or self._queue.notices() != held.notices:
            held.take_place(place, self._queue)
            self._audience.tell(held)
