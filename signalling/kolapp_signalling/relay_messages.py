"""What a client asks before it makes a leg, where there are TURN servers."""

from __future__ import annotations

import msgspec

from .parts import ClientMessage, Epoch, Opaque, ServerMessage


class AskRelays(ClientMessage, frozen=True, tag="relays"):
    """Anybody in a visit that has not ended: TURN servers for one's leg. The welcome's
    `relays` says whether there are any. `visit` is `room`, and `epoch` 0, for the leg of who may
    `prepare`."""

    visit: Opaque
    epoch: Epoch


class RelayServer(msgspec.Struct, frozen=True):
    """As in a browser's `RTCConfiguration.iceServers`."""

    urls: list[str]
    username: str
    credential: str


class RelaysNow(ServerMessage, frozen=True, tag="relays", kw_only=True):
    """`servers` for new connections within `ttl_ms`; those that are made go on after it."""

    visit: str
    servers: list[RelayServer]
    ttl_ms: int
