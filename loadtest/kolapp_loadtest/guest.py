"""A guest's verbs, and the way from a link to a token."""

from __future__ import annotations

from typing import Any, cast

from aiohttp import ClientSession

from .client import KolappClient
from .errors import Misuse, RequestRefused
from .wire import GuestNow, SdpAnswer, Visit


async def redeem(session: ClientSession, url: str, code: str, key: str = "") -> str:
    """The token for the code of a link. A code works once; with a `key` that once may be asked
    again. Raises RequestRefused."""
    body = {"code": code, "key": key}
    async with session.post(url.rstrip("/") + "/api/v1/guest", json=body) as response:
        answer: dict[str, Any] = await response.json()
        if response.status != 200:
            raise RequestRefused(answer["code"], answer["message"])
        return str(answer["token"])


class Guest(KolappClient):
    async def offer(self, sdp: str, generation: int = 1) -> SdpAnswer:
        visit = self._visiting()
        reply = await self.request(
            "offer", visit=visit["id"], epoch=visit["epoch"], generation=generation, sdp=sdp
        )
        return cast(SdpAnswer, reply)

    async def leave(self) -> GuestNow:
        """The visit goes on."""
        visit = self._visiting()
        reply = await self.request("hang_up", visit=visit["id"], epoch=visit["epoch"])
        return cast(GuestNow, reply)

    async def until_in(self, timeout: float = 10.0) -> Visit:
        return await self.until(lambda guest: guest.visit, timeout, "the guest's visit")

    @property
    def state(self) -> str:
        """in, left, removed or over; "" before the first snapshot."""
        return self.guest["state"] if self.guest is not None else ""

    @property
    def visit(self) -> Visit | None:
        return self.guest.get("visit") if self.guest is not None else None

    def _visiting(self) -> Visit:
        if self.visit is None:
            raise Misuse("not in a visit (any more)")
        return self.visit
