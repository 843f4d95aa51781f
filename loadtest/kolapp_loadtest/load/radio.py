"""One person's way to the network, which can be off: in a tunnel, with a flat battery."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

from ..network import Beating, Network


class Radio(Network):
    """What all clients of a process share stays shared; only connecting can be refused."""

    def __init__(self, shared: Network) -> None:
        super().__init__()
        self._shared = shared
        self.on = True

    @property
    def session(self) -> ClientSession:
        return self._shared.session

    async def connect(self, url: str, subprotocol: str) -> ClientWebSocketResponse:
        if not self.on:
            raise OSError("no network")
        return await self._shared.connect(url, subprotocol)

    def watch(self, client: Beating) -> None:
        self._shared.watch(client)

    def forget(self, client: Beating) -> None:
        self._shared.forget(client)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._shared.spawn(work)
