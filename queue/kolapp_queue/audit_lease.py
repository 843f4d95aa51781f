"""Exactly one reader of all event streams among all nodes, and how far it is: the audit's writer,
and who tells the providers' backend, each with a record of its own."""

from __future__ import annotations

from . import keys
from .audit_stream import Cursor
from .link import Link
from .model import QueueRef

_AT = "at:"


class AuditLease:
    """`holder` names one writer of one process; the lease ends `lease_ms` after its last sign."""

    def __init__(self, link: Link, holder: str, lease_ms: int, key: str = keys.AUDIT) -> None:
        self._link = link
        self._holder = holder
        self._lease_ms = lease_ms
        self._key = key

    async def hold(self) -> bool:
        """Take or renew it; False while another one has it."""
        reply = await self._link.audit("hold", self._holder, self._lease_ms, key=self._key)
        return bool(reply["held"])

    async def advance(self, ref: QueueRef, cursor: Cursor) -> bool:
        """Everything up to `cursor` is done with. False: the lease was lost meanwhile."""
        at = (keys.registry_member(ref), cursor.id, cursor.added)
        reply = await self._link.audit("advance", self._holder, *at, key=self._key)
        return bool(reply["held"])

    async def release(self) -> None:
        await self._link.audit("release", self._holder, key=self._key)


async def audit_cursors(link: Link, key: str = keys.AUDIT) -> dict[QueueRef, Cursor]:
    """How far the audit is with every queue it ever read, whoever writes it."""
    fields = await link.do(lambda redis: redis.hgetall(key))
    found = {}
    for field, value in fields.items():
        name = field.decode()
        if name.startswith(_AT):
            entry, added = value.decode().split()
            found[QueueRef(*name.removeprefix(_AT).split("/"))] = Cursor(entry, int(added))
    return found
