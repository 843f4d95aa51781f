"""What a clinician does besides pulling: duty, give back, hang up; and placing media."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .eligibility import profile_text
from .model import ClinicianKey, Duty, PatientKey, Profile, QueueRef, Visit, VisitId
from .pull_verbs import PullVerbs
from .record_verbs import served, weights_of
from .states import Outcome

ANY_TICKET = Profile()
WEIGHT_MOST = 1_000


class ClinicianVerbs(PullVerbs):
    async def set_duty(
        self,
        provider: str,
        clinician: ClinicianKey,
        queues: Sequence[str],
        profile: Profile = ANY_TICKET,
        weights: Mapping[str, int] | None = None,
    ) -> Duty:
        """Ready for these queues; an empty sequence: off duty. Also renews the lease, and that on
        the visit going on: a clinician who is paused in a visit calls it too. A queue that a
        cut-off call did not reach follows with the next renewal, or as its lease ends.

        `weights`, 1 to 1,000 and 1 where none is given, say how often a wait counts in which queue;
        see `pull_verbs`."""
        refs = [QueueRef(provider, queue) for queue in dict.fromkeys(queues)]
        weigh = [(weights or {}).get(ref.queue, 1) for ref in refs]
        if not all(1 <= weight <= WEIGHT_MOST for weight in weigh):
            raise ValueError("a queue's weight must be 1 to 1,000")
        listed = f",{','.join(ref.queue for ref in refs)}," if refs else ""
        lease_ms, spelled = self._settings.duty_lease_ms, profile_text(profile)
        before = await self._link.clinician(
            *("set_duty", provider, clinician, listed, ",".join(map(str, weigh))),
            *(spelled, lease_ms, self._settings.retention_ms),
        )
        for ref in refs:
            await self._register(ref)
            await self._link.queue("on_duty", ref, clinician, spelled, lease_ms)
        for queue in served(before):
            if queue not in queues:
                await self._link.queue("off_duty", QueueRef(provider, queue), clinician)
        if before["held"]:
            ref = QueueRef(provider, before["queue"])
            await self._link.queue("hold_on", ref, before["visit"], clinician, lease_ms)
        return await self.duty(provider, clinician)

    async def set_shift_end(
        self, provider: str, clinician: ClinicianKey, queues: Sequence[str], leaves_ms: int
    ) -> None:
        """When they mean to stop (the store's clock), for the waiting times of queues in which they
        are on duty; 0: not known any more. Ends with the duty."""
        for queue in dict.fromkeys(queues):
            ref = QueueRef(provider, queue)
            await self._link.queue("shift_end", ref, clinician, leaves_ms)

    async def set_return(
        self,
        provider: str,
        clinician: ClinicianKey,
        queues: Sequence[str],
        back_ms: int,
        profile: Profile = ANY_TICKET,
    ) -> None:
        """When who is off duty means to come back to these queues (the store's clock), for their
        waiting times; 0: not known any more. Ends when duty begins, or by itself then."""
        for queue in dict.fromkeys(queues):
            ref = QueueRef(provider, queue)
            await self._link.queue("return_at", ref, clinician, back_ms, profile_text(profile))

    async def end_wrap_up(self, provider: str, clinician: ClinicianKey) -> Duty:
        """Ready before the wrap-up is over; without one it changes nothing."""
        await self._link.clinician("end_wrap_up", provider, clinician)
        return await self.duty(provider, clinician)

    async def duty(self, provider: str, clinician: ClinicianKey) -> Duty:
        """The present truth, repaired on the way if a step was cut off half-way."""
        record = await self._look(provider, clinician)
        visit = await self._held(provider, clinician, record)
        return Duty(
            clinician=clinician,
            provider=provider,
            on_duty=record["on_duty"],
            queues=served(record),
            visit=visit,
            epoch=record["epoch"],
            wrap_up_until_ms=record["wrap_until_ms"],
            weights=weights_of(record),
        )

    async def give_back(
        self, ref: QueueRef, visit: VisitId, clinician: ClinicianKey, epoch: int
    ) -> Visit:
        """The called patient goes back to the front: waiting with the original order key; away if
        no connection is left. Raises NoSuchVisit, WrongState once answered, StaleEpoch."""
        return await self._back(ref, visit, clinician, epoch, "given_back")

    async def undo_pull(
        self, ref: QueueRef, visit: VisitId, clinician: ClinicianKey, epoch: int
    ) -> Visit:
        """As `give_back`, for a pull that was a mistake, within `undo_ms`. Raises TooLate too."""
        return await self._back(ref, visit, clinician, epoch, "undone")

    async def _back(
        self, ref: QueueRef, visit: VisitId, clinician: ClinicianKey, epoch: int, reason: str
    ) -> Visit:
        settings = self.settings_of(ref)
        times = (settings.away_grace_ms, settings.retention_ms)
        return await self._visit("give_back", ref, visit, clinician, epoch, reason, *times)

    async def hang_up(
        self,
        ref: QueueRef,
        visit: VisitId,
        by: PatientKey | ClinicianKey,
        epoch: int,
        outcome: Outcome = Outcome.COMPLETED,
    ) -> Visit:
        """End a live visit by either side; releases the clinician. Hanging up an ended visit
        answers with it. Raises NoSuchVisit, StaleEpoch; WrongState while called."""
        retention_ms = self.settings_of(ref).retention_ms
        return await self._visit("hang_up", ref, visit, by, epoch, outcome.value, retention_ms)

    async def place_media(
        self, ref: QueueRef, visit: VisitId, epoch: int, node: str, media_epoch: int
    ) -> Visit:
        """Place the visit on a media node if its media_epoch still is `media_epoch`; else the
        present placement is returned unchanged. Raises NoSuchVisit, StaleEpoch, WrongState."""
        return await self._visit("place_media", ref, visit, epoch, node, media_epoch)
