"""Which signalling nodes are there, and whose patients are away because theirs is gone.

A connection bears the number of its node in its name, and the store keeps for each queue which
tickets have one where. So a node needs one lease, not a sign of life for each of its people: when
the lease has ended, `sweep_all` marks away whoever has no newer connection elsewhere. Clinicians
have a lease of their own.
"""

from __future__ import annotations

import secrets

from .verbs import Verbs


class PresenceVerbs(Verbs):
    async def hold_node(self, node: int, lease_ms: int, *, again: bool) -> bool:
        """Begin a node's lease, or renew it (`again`). False: the node was given up meanwhile,
        its patients are being marked away, and it must go on under another number."""
        reply = await self._link.nodes("hold", node, lease_ms, int(again))
        return bool(reply["held"])

    async def leave_node(self, node: int, chance_ms: int) -> None:
        """The node stops; who does not connect to another one within that time is away."""
        await self._link.nodes("leave", node, chance_ms)


class NodeLease:
    """The lease of this process. Connections that `connection` names count as there for as long
    as it is renewed."""

    def __init__(self, store: PresenceVerbs, lease_ms: int, chance_ms: int) -> None:
        self._store = store
        self._lease_ms = lease_ms
        self._chance_ms = chance_ms
        self._begin()

    def _begin(self) -> None:
        # At random: a number that two nodes had, one after the other, would mix up their people.
        self._number = secrets.randbits(52) + 1
        self._held = False

    def connection(self) -> str:
        """A name for a new connection at this node."""
        return f"{self._number}.{secrets.token_urlsafe(12)}"

    async def renew(self) -> bool:
        """To be called several times within the lease, and once before the first connection.
        False: this node was given up (it slept, or had lost the store); every connection so far
        must be closed, and new ones count again. Raises StoreUnavailable."""
        held = await self._store.hold_node(self._number, self._lease_ms, again=self._held)
        if not held:
            self._begin()
            await self._store.hold_node(self._number, self._lease_ms, again=False)
        self._held = True
        return held

    async def check(self) -> None:
        """Raises StoreUnavailable while the store does not answer or does not write. Asks for the
        lease that is held: one that was given up stays so, and the next `renew` says it."""
        await self._store.hold_node(self._number, self._lease_ms, again=self._held)

    async def leave(self) -> None:
        """No connection is left, or will be. Raises StoreUnavailable."""
        await self._store.leave_node(self._number, self._chance_ms)
