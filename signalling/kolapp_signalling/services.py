"""What every participant of this node works with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from kolapp_queue.model import Visit
from kolapp_queue.sealing import KeyRing
from kolapp_queue.store import QueueStore

from .audience import Audience
from .identities import Identities
from .invitations import Invitations
from .media_link import MediaLink
from .metrics import Metrics
from .queues import Queues
from .relays import Relays
from .seal_keys import SealKeys
from .signals import Signals
from .warm import Warm


@dataclass(frozen=True, slots=True)
class Services:
    store: QueueStore
    audience: Audience
    queues: Queues
    media: MediaLink
    metrics: Metrics
    seal_keys: SealKeys
    # Thousands may come at once, after a node's death or at opening time. They wait here for each
    # other, so that calls, answers and clinicians always find a free connection to the store.
    crowd: asyncio.Semaphore
    identities: Identities
    relays: Relays
    warm: Warm
    signals: Signals
    invitations: Invitations

    @property
    def ring(self) -> KeyRing:
        """Seals what patients write, and the copies of their tickets. Not to be kept: the keys
        may be rotated."""
        return self.seal_keys.ring

    def visit_ended(self, visit: Visit) -> None:
        """One of ours ended it: the other side hears of it by the hint, the legs go now."""
        self.media.ended(visit.id, visit.media_node)
