"""A clinician's verbs: one request each, arguments filled in from the newest snapshot."""

from __future__ import annotations

import secrets
from typing import cast

from .client import KolappClient
from .errors import Misuse
from .wire import Duty, Invited, SdpAnswer, Visit


class Clinician(KolappClient):
    async def ready(self, *queues: str) -> Duty:
        return cast(Duty, await self.request("ready", queues=list(queues)))

    async def pause(self) -> Duty:
        return cast(Duty, await self.request("pause"))

    async def pull(self, key: str = "") -> Duty:
        """Take the next patient. The same `key` asks for the same one; without it a new one."""
        return cast(Duty, await self.request("pull", key=key or secrets.token_urlsafe(12)))

    async def give_back(self) -> Duty:
        visit = self._visiting()
        reply = await self.request("give_back", visit=visit["id"], epoch=visit["epoch"])
        return cast(Duty, reply)

    async def offer(self, sdp: str, generation: int = 1) -> SdpAnswer:
        visit = self._visiting()
        reply = await self.request(
            "offer", visit=visit["id"], epoch=visit["epoch"], generation=generation, sdp=sdp
        )
        return cast(SdpAnswer, reply)

    async def hang_up(self) -> Duty:
        visit = self._visiting()
        reply = await self.request("hang_up", visit=visit["id"], epoch=visit["epoch"])
        return cast(Duty, reply)

    async def invite(self, kind: str, key: str = "") -> Invited:
        """A link's code for somebody. The same `key` asks for the same invitation under a new one;
        without it, for another."""
        visit = self._visiting()
        key = key or secrets.token_urlsafe(12)
        reply = await self.request(
            "invite", visit=visit["id"], epoch=visit["epoch"], kind=kind, key=key
        )
        return cast(Invited, reply)

    async def remove_guest(self, guest: str) -> Duty:
        visit = self._visiting()
        reply = await self.request(
            "remove_guest", visit=visit["id"], epoch=visit["epoch"], guest=guest
        )
        return cast(Duty, reply)

    async def until_live(self, timeout: float = 10.0) -> Visit:
        return await self.until(
            lambda clinician: (
                clinician.visit if clinician.visit and clinician.visit["state"] == "live" else None
            ),
            timeout,
            "live visit",
        )

    async def until_free(self, timeout: float = 10.0) -> Duty:
        """Wait until no visit is held any more."""
        return await self.until(
            lambda clinician: clinician.duty if clinician.visit is None else None,
            timeout,
            "free clinician",
        )

    @property
    def visit(self) -> Visit | None:
        return self.duty.get("visit") if self.duty is not None else None

    def _visiting(self) -> Visit:
        if self.visit is None:
            raise Misuse("no visit; `pull` first")
        return self.visit
