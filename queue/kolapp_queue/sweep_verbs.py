"""Steps that the clock asks for; every node may do them."""

from __future__ import annotations

from typing import Any

from .model import QueueRef
from .visit_verbs import TransferVerbs

# Deadlines done in one script call: bounds how long the store is busy with one of them.
SWEEP_MOST = 100


class SweepVerbs(TransferVerbs):
    async def sweep(self, ref: QueueRef) -> int:
        """Do the steps whose deadline passed (missed calls, no-shows, expired absences, lapsed
        duty, visits without their clinician, transfers half done, what is to be forgotten), at
        most `SWEEP_MOST` of each kind. Returns the next deadline in ms of the store's clock, 0 if
        none; one in the past means: there is more.
        """
        due = await self._due(ref)
        done = False
        for kind, (verb, args) in self._steps(ref).items():
            if kind in due and due[kind] <= due["now"]:
                await self._do(ref, await self._link.queue(verb, ref, *args))
                done = True
        if done:
            due = await self._due(ref)
        # Events go after days: no deadline to wake up for.
        deadlines = (due[kind] for kind in self._steps(ref) if kind in due and kind != "events")
        return min(deadlines, default=0)

    async def _due(self, ref: QueueRef) -> dict[str, Any]:
        return await self._link.queue("due", ref, self._settings.events_ms)

    def _steps(self, ref: QueueRef) -> dict[str, tuple[str, tuple[int, ...]]]:
        """For each kind of deadline the script and its arguments."""
        settings = self.settings_of(ref)
        kept = (settings.away_grace_ms, settings.retention_ms)
        held = (settings.visit_grace_ms, int(settings.take_over))
        return {
            "rings": ("miss", (SWEEP_MOST, settings.missed_calls, *kept)),
            "grace": ("expire", (SWEEP_MOST, settings.retention_ms)),
            "duty": ("lapse", (SWEEP_MOST,)),
            "holders": ("abandon", (SWEEP_MOST, *held, *kept)),
            "moving": ("moving", (SWEEP_MOST,)),
            "ended": ("forget", (SWEEP_MOST,)),
            "events": ("trim", (self._settings.events_ms,)),
        }

    async def _do(self, ref: QueueRef, reply: dict[str, Any]) -> None:
        """What lies in other slots: people to release, transfers to complete."""
        for visit in reply.get("released", ()):
            await self._release_visit(ref, visit)
        for ticket in reply.get("tickets", ()):
            await self._arrive(ref, ticket)
        for patient, gone in reply.get("forgotten", ()):
            await self._link.patient("exit", ref.provider, patient, ref.queue, gone)
