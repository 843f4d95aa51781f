"""The one way to the store: scripts and a few plain commands, each answered within
`command_timeout_ms` or `StoreUnavailable`.

A lost connection is retried inside that time without asking the verb: every verb is safe to
repeat. Scripts that make something are given its id by the caller and answer with what is there
already; those that end something find it ended; counters move only behind such a check; a lease
or a connection written twice is the same lease or connection.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as SlowStore

from . import keys, records, scripts
from .batches import Batches, Call
from .cluster import ClusterClient, is_cluster
from .errors import StoreUnavailable
from .model import ClinicianKey, PatientKey, QueueRef
from .wire import WireClient

CONNECTIONS = 32  # to the store from one process; further callers wait for a free one
RETRY_FIRST_S = 0.01
RETRY_MAX_S = 0.25

# What the store says when it may not write now: somebody else's step to mend, not a bug of ours.
_REFUSES_WRITES = ("MISCONF", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "BUSY", "LOADING")

T = TypeVar("T")
Arg = str | int | bytes  # of a script


def client(url: str, **options: Any) -> Redis:
    """A client of one server or of a cluster (`cluster.py`) that never retries by itself:
    redis-py's retries know no total time."""
    if is_cluster(url):
        return ClusterClient(url, lambda node: client(node, **options))
    pool = BlockingConnectionPool.from_url(url, retry=Retry(NoBackoff(), 0), protocol=3, **options)
    return WireClient.from_pool(pool)


class Link:
    def __init__(self, url: str, timeout_ms: int) -> None:
        self._timeout_s = timeout_ms / 1000
        self._redis = client(
            url,
            max_connections=CONNECTIONS,
            timeout=self._timeout_s,
            socket_connect_timeout=self._timeout_s,
            # The whole call has one deadline, see `_answered`; a second timer costs per command.
            socket_timeout=None,
        )
        self._scripts = {
            verb: self._redis.register_script(source)
            for verb, source in scripts.sources(is_cluster(url)).items()
        }
        self.one_server = not is_cluster(url)
        self._batches = Batches(self._send, self._timeout_s)
        self.losses = 0  # connections lost so far: what was remembered of the store is void

    async def close(self) -> None:
        await self._batches.close()
        await self._redis.aclose()

    async def queue(self, verb: str, ref: QueueRef, *args: str | int) -> dict[str, Any]:
        """Run a queue's script; raises what it refuses."""
        return await self._run(f"queue/{verb}", keys.queue_keys(ref), (), args)

    async def both(self, verb: str, ref: QueueRef, record: str, *args: str | int) -> dict[str, Any]:
        """Run a script on a queue and on the record of a person; only if `one_server`."""
        return await self._run(f"both/{verb}", keys.queue_keys(ref), (record,), args)

    async def clinician(
        self, verb: str, provider: str, clinician: ClinicianKey, *args: str | int
    ) -> dict[str, Any]:
        return await self._run(
            f"clinician/{verb}", (), (keys.clinician(provider, clinician),), args
        )

    async def patient(
        self, verb: str, provider: str, patient: PatientKey, *args: str | int
    ) -> dict[str, Any]:
        return await self._run(f"patient/{verb}", (), (keys.patient(provider, patient),), args)

    async def nodes(self, verb: str, *args: str | int) -> dict[str, Any]:
        return await self._run(f"nodes/{verb}", (keys.LEASES,), (), args)

    async def audit(self, verb: str, *args: str | int, key: str = keys.AUDIT) -> dict[str, Any]:
        return await self._run(f"audit/{verb}", (key,), (), args)

    async def forecast(self, verb: str, ref: QueueRef, *args: str | int | bytes) -> dict[str, Any]:
        both = (keys.forecast(ref), keys.hints(ref))
        return await self._run(f"forecast/{verb}", both, (), args)

    async def do(self, what: Callable[[Redis], Awaitable[Any]]) -> Any:
        """A plain command. Its reply is as untyped as redis-py's: bytes, numbers, lists."""
        return await self._answered(lambda: what(self._redis))

    async def together(self, fill: Callable[[Pipeline], object]) -> list[Any]:
        """Several plain commands of one slot in one transaction: one moment of the store."""

        async def run() -> list[Any]:
            async with self._redis.pipeline(transaction=True) as pipeline:
                fill(pipeline)
                return await pipeline.execute()

        return await self._answered(run)

    async def _run(
        self, name: str, shared: Sequence[str], own: Sequence[str], args: Sequence[Arg]
    ) -> dict[str, Any]:
        # In a cluster two records lie in two slots, so only calls for the same go together.
        alone = not self.one_server
        packed = await self._batches.call(name, shared, own, args, alone=alone)
        reply = records.unpack(packed)
        if "refused" in reply:
            raise records.refusal(reply)
        return reply

    async def _send(self, name: str, shared: Sequence[str], calls: list[Call]) -> list[Any]:
        script = self._scripts[name]

        async def run() -> list[Any]:
            # Whoever gave up meanwhile is not asked for again.
            live = [call for call in calls if not call.answer.done()]
            if not live:
                return [None] * len(calls)
            names = [*shared, *(key for call in live for key in call.own)]
            args = [len(live), *(arg for call in live for arg in call.args)]
            replies = dict(zip(live, await script(keys=names, args=args), strict=True))
            return [_meant(replies.get(call)) for call in calls]

        return await self._answered(run)

    async def _answered(self, call: Callable[[], Awaitable[T]]) -> T:
        """Repeat over lost connections until the deadline. Cancelling redis-py in the middle of
        a command closes that connection, so a late reply cannot be taken for another's."""
        pause_s = RETRY_FIRST_S
        try:
            async with asyncio.timeout(self._timeout_s):
                while True:
                    try:
                        return await call()
                    except LostConnection:
                        self.losses += 1
                        await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
                        pause_s = min(2 * pause_s, RETRY_MAX_S)
        except (TimeoutError, SlowStore):
            raise StoreUnavailable("the store did not answer in time") from None
        except ResponseError as error:
            raise _meant(error) from error
        except RedisError as error:
            raise StoreUnavailable(f"the store failed: {error}") from error


def _meant(reply: Any) -> Any:
    """`reply`, unless it is an error that is the store's trouble, not a mistake of ours."""
    refuses = isinstance(reply, (OutOfMemoryError, ReadOnlyError)) or (
        isinstance(reply, ResponseError) and str(reply).startswith(_REFUSES_WRITES)
    )
    return StoreUnavailable(f"the store refuses writes: {reply}") if refuses else reply
