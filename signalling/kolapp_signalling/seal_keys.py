"""The ring of keys that seal what patients write and sign their tickets, as its file has it now."""

from __future__ import annotations

import asyncio
import logging

from kolapp_queue.sealing import BadKeys, KeyRing

from . import log
from .process import StartRefused
from .settings import Settings

LOOK_S = 1.0  # how often a changed file is looked for


def seal_ring(settings: Settings) -> KeyRing:
    """`settings` are prepared: the file is named. Raises StartRefused with a sentence for the
    operator."""
    path = settings.seal_keys
    assert path is not None
    try:
        return KeyRing.parse(path.read_text("ascii"))
    except OSError as error:
        raise StartRefused(f"The seal keys {path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise StartRefused(f"The seal keys {path} are no text.") from error
    except BadKeys as error:
        raise StartRefused(f"The seal keys {path} cannot be used: {error}.") from error


class SealKeys:
    """A key can be rotated while the node runs: take `ring` anew each time it is needed."""

    def __init__(self, settings: Settings) -> None:
        """Raises StartRefused."""
        self._settings = settings
        self.ring = seal_ring(settings)
        self._broken = ""  # what is wrong with the file as it was told last

    async def follow(self) -> None:
        """Take over what the file says, for as long as the node runs. One that cannot be used
        changes nothing, and is told once."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        try:
            ring = await asyncio.to_thread(seal_ring, self._settings)
        except StartRefused as error:
            if str(error) != self._broken:
                log.event(logging.ERROR, "The seal keys cannot be used; the old ones stay.")
            self._broken = str(error)
            return
        self._broken = ""
        if list(ring.keys.items()) != list(self.ring.keys.items()):
            self.ring = ring
            log.event(logging.INFO, "The seal keys were read anew.", count=len(ring.keys))
