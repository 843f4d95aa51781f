"""Credentials for TURN servers (RFC 8656), for networks that let no UDP through.

Short-lived and made without asking the server (draft-uberti-behave-turn-rest-00): the user name
says when they end and whose they are, the password is its HMAC-SHA1 under a secret that the TURN
server has too. They are bound to one leg of one visit, so the server's quota for a user holds for
that leg, and none are given out once the visit has ended. Pure.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from .relay_messages import RelayServer


@dataclass(frozen=True, slots=True)
class Relays:
    """No `urls`: there are no relays. `ttl_s` is for how long new connections may be made."""

    urls: tuple[str, ...] = ()
    secret: bytes = b""
    ttl_s: int = 600

    def of(self, visit: str, role: str, now_s: float) -> list[RelayServer]:
        """For the leg of this participant."""
        if not self.urls:
            return []
        username = f"{int(now_s) + self.ttl_s}:{visit}.{role}"
        digest = hmac.new(self.secret, username.encode(), hashlib.sha1).digest()
        return [RelayServer(list(self.urls), username, base64.b64encode(digest).decode())]
