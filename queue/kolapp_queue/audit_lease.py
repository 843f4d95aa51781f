"""Exactly one writer of the audit files among all nodes, and how far it is."""

from __future__ import annotations

from . import keys
from .audit_stream import Cursor
from .link import Link
from .model import QueueRef

_AT = "at:"


class AuditLease:
    """`holder` names one writer of one process; the lease ends `lease_ms` after its last sign."""

    def __init__(self, link: Link, holder: str, lease_ms: int) -> None:
        self._link = link
        self._holder = holder
        self._lease_ms = lease_ms

    async def hold(self) -> bool:
        """Take or renew it; False while another one has it."""
        reply = await self._link.audit("hold", self._holder, self._lease_ms)
        return bool(reply["held"])

    async def advance(self, ref: QueueRef, cursor: Cursor) -> bool:
        """Everything up to `cursor` is on the disk. False: the lease was lost meanwhile."""
        member = keys.registry_member(ref)
        reply = await self._link.audit("advance", self._holder, member, cursor.id, cursor.added)
        return bool(reply["held"])

    async def release(self) -> None:
        await self._link.audit("release", self._holder)


async def audit_cursors(link: Link) -> dict[QueueRef, Cursor]:
    """How far the audit is with every queue it ever read, whoever writes it."""
    fields = await link.do(lambda redis: redis.hgetall(keys.AUDIT))
    found = {}
    for field, value in fields.items():
        name = field.decode()
        if name.startswith(_AT):
            entry, added = value.decode().split()
            found[QueueRef(*name.removeprefix(_AT).split("/"))] = Cursor(entry, int(added))
    return found
