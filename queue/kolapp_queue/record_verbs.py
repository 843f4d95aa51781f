"""A clinician's record: read, locked for a pull, unlocked; and what is remembered of it here."""

from __future__ import annotations

from typing import Any

from .link import Link
from .model import ClinicianKey
from .settings import QueueSettings
from .verbs import SettingsOf, Verbs

KNOWN_MOST = 4_096  # clinicians whose record is remembered; whoever was seen least lately is not


class RecordVerbs(Verbs):
    def __init__(
        self, link: Link, settings: QueueSettings, settings_of: SettingsOf | None = None
    ) -> None:
        super().__init__(link, settings, settings_of)
        # The queue and the epoch in a clinician's record, as last seen. A guess, which the store
        # checks: it saves asking.
        self._known: dict[tuple[str, ClinicianKey], tuple[str, int]] = {}

    async def _look(self, provider: str, clinician: ClinicianKey) -> dict[str, Any]:
        record = await self._link.clinician("look", provider, clinician)
        self._remember(provider, clinician, record)
        return record

    def _remember(self, provider: str, clinician: ClinicianKey, record: dict[str, Any]) -> None:
        self._known.pop((provider, clinician), None)
        queues = served(record)
        if len(queues) == 1:
            self._known[provider, clinician] = queues[0], record["epoch"]
            if len(self._known) > KNOWN_MOST:
                del self._known[next(iter(self._known))]

    async def _lock_record(
        self, provider: str, clinician: ClinicianKey, key: str, queue: str, visit: str
    ) -> dict[str, Any]:
        lock = (key, queue, visit, self._settings.retention_ms, "")
        record = await self._link.clinician("lock", provider, clinician, *lock)
        self._remember(provider, clinician, record)
        return record

    async def _unlock(self, provider: str, clinician: ClinicianKey, record: dict[str, Any]) -> None:
        await self._link.clinician(
            "unlock", provider, clinician, record["visit"], self._settings.retention_ms
        )


def served(record: dict[str, Any]) -> tuple[str, ...]:
    """The queues in a clinician's record."""
    return tuple(queue for queue in record["queues"].split(",") if queue)


def weights_of(record: dict[str, Any]) -> dict[str, int]:
    """How often a wait counts, by queue served."""
    weights = map(int, filter(None, record["weights"].split(",")))
    return dict(zip(served(record), weights, strict=True))
