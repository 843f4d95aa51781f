"""Which node computes a queue's waiting times, and what it leaves in the store: the curve and the
promises that all nodes read, and what its successor goes on from."""

from __future__ import annotations

from .eta.published import Published
from .keys import forecast
from .link import Link
from .model import QueueRef


class ForecastLease:
    """`holder` names one computing task of one process; the lease ends `lease_ms` after its last
    sign. Whatever comes from a holder who lost it changes nothing. All raise StoreUnavailable."""

    def __init__(self, link: Link, ref: QueueRef, holder: str, lease_ms: int) -> None:
        self._link = link
        self._ref = ref
        self._holder = holder
        self._lease_ms = lease_ms

    async def hold(self) -> bool:
        """Take or renew it; False while another one has it."""
        return await self._did("hold", self._lease_ms)

    async def publish(self, published: Published) -> bool:
        """To all nodes, with a hint; renews the lease. False: it was lost meanwhile."""
        return await self._did("publish", self._lease_ms, published.pack(), published.version)

    async def remember(self, memory: bytes) -> bool:
        return await self._did("remember", memory)

    async def release(self) -> None:
        """Another one may begin at once."""
        await self._did("release")

    async def left(self) -> tuple[Published | None, bytes | None]:
        """What the holder before published last, and its memory."""
        key = forecast(self._ref)
        published, memory = await self._link.do(
            lambda redis: redis.hmget(key, "published", "memory")
        )
        return published and Published.unpack(published), memory

    async def _did(self, verb: str, *args: str | int | bytes) -> bool:
        reply = await self._link.forecast(verb, self._ref, self._holder, *args)
        return bool(reply["held"])


async def read_forecast(link: Link, ref: QueueRef) -> Published | None:
    """None before anything was published. Raises StoreUnavailable."""
    packed = await link.do(lambda redis: redis.hget(forecast(ref), "published"))
    return packed and Published.unpack(packed)
