"""What operators do: a word to those who wait, closing early, and the set of all policies. What
changes a queue is an event of it, with who did it."""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio.client import Pipeline

from . import bulletin, keys
from .bulletin import UNTIL_REOPENED_MS, Bulletin, checked_word
from .model import QueueRef
from .verbs import Verbs

PUBLISHED_KEPT = 100  # digests of the newest sets; older ones count as never published


@dataclass(frozen=True, slots=True)
class Published:
    """The newest set of policies in the store. `packed` is as `policy_book` packed it."""

    version: int
    packed: bytes


class OperatorVerbs(Verbs):
    async def bulletin(self, ref: QueueRef) -> Bulletin:
        """What operators have said of this queue, lapsed or not (`Bulletin.at`)."""
        key = keys.queue_key(ref, "meta")
        return bulletin.read(await self._link.do(lambda redis: redis.hmget(key, *bulletin.FIELDS)))

    async def set_notice(self, ref: QueueRef, text: str, operator: str, unit: str = "") -> Bulletin:
        """A word to everybody who waits in this queue; "" takes it back. `operator` is the key of
        who says it, `unit` their care unit: both are for the audit. Raises ValueError for a text
        that is too long or cannot be shown."""
        text = checked_word(text)
        await self._register(ref)
        await self._link.queue("set_notice", ref, text, operator, unit)
        return await self.bulletin(ref)

    async def close_early(
        self, ref: QueueRef, until_ms: int | None, text: str, operator: str, unit: str = ""
    ) -> Bulletin:
        """Draw no numbers until `until_ms` of the store's clock (None: until reopened), with a
        word to everybody who waits, or "". One in the past changes nothing. Raises ValueError as
        `set_notice` does."""
        text = checked_word(text)
        until = UNTIL_REOPENED_MS if until_ms is None else until_ms
        await self._register(ref)
        await self._link.queue("close_early", ref, until, text, operator, unit)
        return await self.bulletin(ref)

    async def reopen(self, ref: QueueRef, operator: str, unit: str = "") -> Bulletin:
        """Take an early closing back; the opening hours hold again."""
        await self._link.queue("reopen", ref, operator, unit)
        return await self.bulletin(ref)

    async def policies_version(self) -> int:
        """Of the newest set of policies; 0 if none was ever published. Cheap: ask it often."""
        found = await self._link.do(lambda redis: redis.hget(keys.POLICIES, "version"))
        return int(found or 0)

    async def policies(self) -> Published | None:
        version, packed = await self._link.do(
            lambda redis: redis.hmget(keys.POLICIES, "version", "set")
        )
        return Published(int(version), packed) if packed is not None else None

    async def publish_policies(self, packed: bytes, digest: str) -> int:
        """Make this set the newest one; returns its version. All nodes follow it."""

        def fill(pipeline: Pipeline) -> None:
            pipeline.hincrby(keys.POLICIES, "version", 1)
            pipeline.hset(keys.POLICIES, "set", packed)
            pipeline.lrem(keys.POLICIES_SEEN, 0, digest)
            pipeline.lpush(keys.POLICIES_SEEN, digest)
            pipeline.ltrim(keys.POLICIES_SEEN, 0, PUBLISHED_KEPT - 1)

        # Repeated after a lost reply it is the same set with one version more: no harm.
        return int((await self._link.together(fill))[0])

    async def was_published(self, digest: str) -> bool:
        """Was this very set ever the newest one, among the last `PUBLISHED_KEPT`?"""
        found = await self._link.do(lambda redis: redis.lpos(keys.POLICIES_SEEN, digest))
        return found is not None
