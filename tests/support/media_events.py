"""What tests of the media node share: its secret, and an ear for its events."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from kolapp_media.model import LegChanged

SECRET = b"a secret of the tests, long enough"


@dataclass
class Events:
    """What the node told, in order."""

    seen: list[LegChanged] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, event: LegChanged) -> None:
        self.seen.append(event)
        self._changed.set()

    async def wait_for(self, state: str, participant: str = "patient", generation: int = 1) -> None:
        def told() -> bool:
            return any(
                (each.state, each.participant, each.generation) == (state, participant, generation)
                for each in self.seen
            )

        while not told():
            self._changed.clear()
            await self._changed.wait()
