"""`QueueStore`: every queue verb as one typed method, each one Lua script (or two, where the
clinician's record is concerned): check, change, bump the version, publish a hint.

Every verb is safe to repeat (`link.py` says why), refuses with an error of `errors.py`, and
raises `StoreUnavailable` when the store does not answer in time: then nothing is known about the
step, and repeating it is the way to find out.
"""

from __future__ import annotations

from redis.asyncio import Redis

from .board_verbs import BoardVerbs
from .chat_verbs import ChatVerbs
from .clinician_verbs import ClinicianVerbs
from .erase_verbs import EraseVerbs
from .guest_verbs import GuestVerbs
from .intake_verbs import IntakeVerbs
from .link import Link
from .operator_verbs import OperatorVerbs
from .patient_verbs import PatientVerbs
from .presence import PresenceVerbs
from .restore_verbs import RestoreVerbs
from .settings import QueueSettings
from .sweep_verbs import SweepVerbs
from .upkeep import Upkeep
from .verbs import SettingsOf
from .visit_verbs import VisitVerbs


class QueueStore(
    PatientVerbs,
    ClinicianVerbs,
    VisitVerbs,
    BoardVerbs,
    SweepVerbs,
    PresenceVerbs,
    IntakeVerbs,
    ChatVerbs,
    GuestVerbs,
    RestoreVerbs,
    EraseVerbs,
    OperatorVerbs,
    Upkeep,
):
    @classmethod
    async def connect(
        cls, url: str, settings: QueueSettings, settings_of: SettingsOf | None = None
    ) -> QueueStore:
        """Open a store at `unix:///path`, `redis://…` or `redis+cluster://…` (any node of it).
        Raises StoreUnavailable if it does not answer within the command timeout; later losses are
        reconnected by themselves. `settings_of` tells a queue's own settings; without it all
        follow `settings`."""
        link = Link(url, settings.command_timeout_ms)
        try:
            await link.do(Redis.ping)
        except BaseException:
            await link.close()
            raise
        return cls(link, settings, settings_of)

    async def close(self) -> None:
        await self._link.close()
