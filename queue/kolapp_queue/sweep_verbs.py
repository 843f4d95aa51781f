"""Steps that the clock asks for; every node may do them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from . import keys
from .model import QueueRef
from .visit_verbs import TransferVerbs

# Deadlines done in one script call: bounds how long the store is busy with one of them.
SWEEP_MOST = 100
# A step that a dead node had sent may reach the store so late: it is looked after until then.
LATE_MS = 60_000

ASIDE_LINE = "Tickets of %s/%s were set aside, %d so far: the queue's events say which and why."
_logger = logging.getLogger("kolapp.queue")


@dataclass(frozen=True, slots=True)
class _Swept:
    next_ms: int
    nodes: frozenset[str]  # dead ones that somebody's connection was at


class SweepVerbs(TransferVerbs):
    async def sweep_all(self, refs: Iterable[QueueRef], chance_ms: int) -> int:
        """`sweep` these queues, which should be all there are, and mark the patients of dead nodes
        away, at most `SWEEP_MOST` of each queue and node. A node is dead when its lease has ended
        and was looked for in vain for `chance_ms`. Returns the next deadline of all, as `sweep`."""
        gone = frozenset((await self._link.nodes("gone", chance_ms))["gone"])
        found = [await self._sweep(ref, gone) for ref in refs]
        for node in gone.difference(*(one.nodes for one in found)):
            await self._link.nodes("forget", node, LATE_MS)
        return min((one.next_ms for one in found if one.next_ms), default=0)

    async def sweep(self, ref: QueueRef) -> int:
        """Do the steps whose deadline passed (missed calls, no-shows, expired absences, lapsed
        duty, visits without their clinician, transfers half done, who still waits when the day is
        over, what is to be forgotten), at most `SWEEP_MOST` of each kind. Returns the next
        deadline in ms of the store's clock, 0 if none; one in the past means: there is more.
        """
        return (await self._sweep(ref, frozenset())).next_ms

    async def _sweep(self, ref: QueueRef, gone: frozenset[str]) -> _Swept:
        due = await self._due(ref)
        self._look_at_asides(ref, due["asides"])
        nodes = gone.intersection(due["nodes"])
        for node in nodes:
            await self._link.queue("node_gone", ref, node, SWEEP_MOST, *self._kept(ref))
        done = await self._close(ref, due)
        for kind, (verb, args) in self._steps(ref).items():
            if kind in due and due[kind] <= due["now"]:
                await self._do(ref, await self._link.queue(verb, ref, *args))
                done = True
        if done or nodes:
            due = await self._due(ref)
            self._look_at_asides(ref, due["asides"])
        # Events go after days: no deadline to wake up for.
        deadlines = [due[kind] for kind in self._steps(ref) if kind in due and kind != "events"]
        if gone.intersection(due["nodes"]):
            deadlines.append(due["now"])
        if due["waiting"] and (ends_ms := self._ends_ms(ref, due)) is not None:
            deadlines.append(ends_ms)
        return _Swept(min(deadlines, default=0), nodes)

    async def _close(self, ref: QueueRef, due: dict[str, Any]) -> bool:
        """Nobody waits any more when the queue's day is over, in whose policy nothing has changed:
        a newer one is followed first."""
        ends_ms = self._ends_ms(ref, due) if due["waiting"] else None
        if self.timetable is None or ends_ms is None or ends_ms > due["now"]:
            return False
        newest = await self._link.do(lambda redis: redis.hget(keys.POLICIES, "version"))
        if int(newest or 0) != self.timetable.version:
            return False
        retention_ms = self.settings_of(ref).retention_ms
        await self._link.queue("close", ref, SWEEP_MOST, ends_ms, due["closed_until"], retention_ms)
        return True

    async def _due(self, ref: QueueRef) -> dict[str, Any]:
        return await self._link.queue("due", ref, self._settings.events_ms)

    def _steps(self, ref: QueueRef) -> dict[str, tuple[str, tuple[int, ...]]]:
        """For each kind of deadline the script and its arguments."""
        settings, kept = self.settings_of(ref), self._kept(ref)
        held = (settings.visit_grace_ms, int(settings.take_over))
        return {
            "rings": ("miss", (SWEEP_MOST, settings.missed_calls, *kept)),
            "grace": ("expire", (SWEEP_MOST, settings.retention_ms)),
            "duty": ("lapse", (SWEEP_MOST,)),
            "holders": ("abandon", (SWEEP_MOST, *held, *kept, settings.vanished_calls)),
            "moving": ("moving", (SWEEP_MOST,)),
            "ended": ("forget", (SWEEP_MOST, settings.retention_ms)),
            "events": ("trim", (self._settings.events_ms,)),
        }

    def _look_at_asides(self, ref: QueueRef, count: int) -> None:
        """What was set aside before this process began was told by another one."""
        if count > self.asides.get(ref, count):
            _logger.error(ASIDE_LINE, ref.provider, ref.queue, count)
        self.asides[ref] = count

    def _kept(self, ref: QueueRef) -> tuple[int, int]:
        settings = self.settings_of(ref)
        return settings.away_grace_ms, settings.retention_ms

    async def _do(self, ref: QueueRef, reply: dict[str, Any]) -> None:
        """What lies in other slots: people to release, transfers to complete."""
        for visit in reply.get("released", ()):
            await self._release_visit(ref, visit)
        for ticket in reply.get("tickets", ()):
            await self._arrive(ref, ticket)
        for patient, gone in reply.get("forgotten", ()):
            await self._link.patient("exit", ref.provider, patient, ref.queue, gone)
