"""What tests of the media node share: its secret, an ear for its events, a node and its client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from kolapp_media.client import MediaClient
from kolapp_media.model import LegChanged
from kolapp_media.node import MediaNode
from kolapp_media.rtc import compat
from kolapp_media.settings import MediaSettings

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


@asynccontextmanager
async def dialled(host: str = "") -> AsyncIterator[tuple[MediaNode, MediaClient]]:
    """A node of this machine's address and its client. Not loopback, if not told so: of a page that
    may not use camera or microphone Firefox gathers only the address of its default route."""
    host = host or next(each for each in compat.host_addresses() if ":" not in each)
    node = MediaNode(replace(MediaSettings(), hosts=(host,)), SECRET)
    await node.start()
    try:
        client = await MediaClient.connect(node.address, SECRET, Events())
        try:
            yield node, client
        finally:
            await client.close()
    finally:
        await node.close()
